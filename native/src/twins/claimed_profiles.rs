//! Profiles that a resource names: each is laid over it once.
//!
//! Twin of validators/rules/claimed_profiles.py
//! (digest c2b70c1fbf35).

use crate::accept::memo::NO_CHECK;
use crate::accept::reason::Reason;
use crate::accept::shapes::ShapeNumber;
use crate::accept::table::Node;
use crate::accept::walk::{Asked, Walk};

impl<'a> Walk<'a, '_> {
    /// The profiles that a resource names.
    ///
    /// shape: that of the resource, where it has one
    pub(crate) fn claimed_profiles(
        &mut self,
        node: &'a Node,
        resource: usize,
        shape: Option<ShapeNumber>,
    ) -> Asked {
        let known = self.table.known.claimed_profiles;
        let Some(meta) = self.room.tape.member(resource, known.meta) else {
            return Ok(());
        };
        if node.profile == NO_CHECK {
            return Ok(());
        }
        let Some(profiles) = self.room.tape.member(meta, known.profile) else {
            return Ok(());
        };
        let mut at = profiles + 1;
        let mut seen: [&[u8]; 8] = [b""; 8];
        let mut count = 0;
        while at < self.room.tape.at(profiles).next as usize {
            let url = self.content(at);
            let next = self.room.tape.at(at).next as usize;
            if seen[..count].contains(&url) {
                at = next;
                continue;
            }
            *seen.get_mut(count).ok_or(Reason::Profile)? = url;
            count += 1;
            match self
                .answer(node.profile, url, Reason::Profile)?
                .map(|answer| answer.value)
            {
                None | Some(1) => {}
                Some(number) => {
                    let undecided = self.room.undecided.len();
                    let (told, later) = (self.room.sites.mark(), self.room.later.len());
                    self.overlay_on_shape(number - 2, resource, shape)?;
                    let is_open = self.room.undecided.len() > undecided
                        || self.by_site
                            && (self.room.later.len() > later || !self.room.sites.is_quiet(told));
                    self.note_followed(number - 2, resource, is_open);
                }
            }
            at = next;
        }
        Ok(())
    }
}
