//! Links inside narratives: each leads to something in the resource that holds the narrative.
//!
//! Twin of validators/rules/narrative_links.py
//! (digest 5a2ab280c4df).
//!
//! The XHTML is read by `xhtml`; a narrative of pictures alone, for which its language counts, is in
//! doubt there. Where links of Bundles' entries may lead besides is left to the explainer.

use std::collections::HashSet;

use crate::accept::lexer::Text;
use crate::accept::reason::Reason;
use crate::accept::spelling::unescape;
use crate::accept::walk::{Asked, Walk};
use crate::xhtml::{certain_narrative, is_certainly_narrative, Astray, Standing};

impl<'a, 'r> Walk<'a, 'r> {
    /// The string that the lexer stands before, taken, if it is certainly a narrative but for where its
    /// links lead, and no other escapes are in it than narratives mostly have.
    pub(crate) fn plain_narrative(&mut self) -> Option<Text> {
        let rest = self.lexer.behind_quote()?;
        let at = self.standing();
        let length = certain_narrative(rest, at, &mut self.room.anchors, &mut self.learned.markup)?;
        self.singular += 1;
        Some(self.lexer.take_text(length))
    }

    /// Whether a narrative, which is the next on the tape, is certainly one, but for where its links
    /// lead. inside: the bytes between its quotes.
    pub(crate) fn narrative(&mut self, inside: &[u8], is_escaped: bool) -> bool {
        self.singular += 1;
        let (at, room) = (self.standing(), &mut *self.room);
        let markup = &mut self.learned.markup;
        let is_certain = if is_escaped {
            room.scratch.clear();
            unescape(inside, &mut room.scratch);
            is_certainly_narrative(&room.scratch, at, &mut room.anchors, markup)
        } else {
            is_certainly_narrative(inside, at, &mut room.anchors, markup)
        };
        room.anchors.has_unread |= !is_certain;
        is_certain
    }

    fn standing(&self) -> Standing {
        Standing {
            scope: self.place.container,
            div: self.room.tape.len(),
        }
    }

    /// Follow the links of all narratives, now that all of the line is read.
    pub(crate) fn narrative_links(&self) -> Asked {
        let anchors = &self.room.anchors;
        if !anchors.has_links() || anchors.lead_somewhere(|scope| self.ids_in(scope)) {
            return Ok(());
        }
        Err(Reason::Narrative)
    }

    /// The links of narratives that lead to nothing in their resource; too many links are in doubt as
    /// a whole.
    pub(crate) fn astray(&self) -> Asked<impl Iterator<Item = Astray<'_>> + use<'_, 'a, 'r>> {
        let anchors = &self.room.anchors;
        if anchors.has_too_many_links() {
            return Err(Reason::Narrative);
        }
        Ok(anchors.astray(|scope| self.ids_in(scope)))
    }

    /// The same where the Bundle around has nothing that they lead to either: where each stands, and
    /// its target. Nothing where that is not certain.
    pub(crate) fn astray_for_certain(&self) -> Option<Vec<(usize, Box<[u8]>)>> {
        let (tape, anchors) = (&self.room.tape, &self.room.anchors);
        let is_escaped = |at: usize| {
            let entry = tape.at(at);
            entry.key == self.table.known.walk.id && entry.escaped
        };
        if anchors.has_unread || (0..tape.len()).any(is_escaped) {
            return None;
        }
        let mut around: HashSet<&[u8]> = HashSet::new();
        if self.in_bundle() {
            around = anchors.names().chain(self.ids_in(0)).collect();
        }
        let astray = self.astray().ok()?;
        let left = astray.filter(|link| !around.contains(link.target));
        Some(left.map(|link| (link.at.div, link.target.into())).collect())
    }

    /// The ids in a resource and in everything inside it.
    fn ids_in<'s>(&'s self, resource: usize) -> impl Iterator<Item = &'s [u8]> + use<'s, 'a, 'r> {
        let tape = &self.room.tape;
        (resource + 1..tape.at(resource).next as usize)
            .filter(|&index| {
                let entry = tape.at(index);
                entry.key == self.table.known.walk.id && !entry.escaped
            })
            .map(|index| self.content(index))
    }
}
