//! Contained resources: an id of their own, no nesting, nothing that they must not have, and referred
//! to.
//!
//! Twin of validators/rules/contained.py
//! (digest 30e8d12982d0).

use crate::accept::reason::Reason;
use crate::accept::walk::{Asked, Walk};

/// Contained resources, and references to them, that are compared each with each.
const MOST_CONTAINED: usize = 256;
const MOST_LOCALS: usize = 4096;

impl Walk<'_, '_> {
    /// Contained resources of a container: with an id of their own and nothing that they must not
    /// have, and referred to.
    pub(crate) fn contained(&mut self, container: usize, first_mention: usize) -> Asked {
        let (tape, known) = (&self.room.tape, self.table.known.contained);
        let Some(list) = tape.member(container, known.contained) else {
            return Ok(());
        };
        let mentions = &self.room.mentions[first_mention..];
        if tape.inside(list).count() > MOST_CONTAINED || mentions.len() > MOST_LOCALS {
            return Err(Reason::Limit);
        }
        let mut ids: Vec<&[u8]> = Vec::new();
        for resource in tape.inside(list) {
            let id = self.text_of(resource, known.id).ok_or(Reason::Contained)?;
            let meta = tape.member(resource, known.meta);
            let labelled = meta.is_some_and(|meta| {
                [known.version_id, known.last_updated, known.security]
                    .iter()
                    .any(|&key| tape.member(meta, key).is_some())
            });
            if labelled || tape.member(resource, known.contained).is_some() || ids.contains(&id) {
                return Err(Reason::Contained);
            }
            if !mentions.iter().any(|mention| {
                !mention.place.is_contained && mention.reference.strip_prefix(b"#") == Some(id)
            }) {
                return Err(Reason::Contained);
            }
            ids.push(id);
        }
        Ok(())
    }
}
