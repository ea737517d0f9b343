//! Links inside narratives: each leads to something in the resource that holds the narrative.
//!
//! Twin of validators/rules/narrative_links.py
//! (digest 69f13682d1da).
//!
//! The XHTML is read by `xhtml`; a narrative of pictures alone, for which its language counts, is in
//! doubt there. Where links of Bundles' entries may lead besides is left to the explainer.

use crate::accept::lexer::Text;
use crate::accept::reason::Reason;
use crate::accept::spelling::unescape;
use crate::accept::walk::{Asked, Walk};
use crate::xhtml::{certain_narrative, is_certainly_narrative};

impl<'a, 'r> Walk<'a, 'r> {
    /// The string that the lexer stands before, taken, if it is certainly a narrative but for where its
    /// links lead, and no other escapes are in it than narratives mostly have.
    pub(crate) fn plain_narrative(&mut self) -> Option<Text> {
        let rest = self.lexer.behind_quote()?;
        let scope = self.place.container;
        let length = certain_narrative(rest, scope, &mut self.room.anchors)?;
        self.singular += 1;
        Some(self.lexer.take_text(length))
    }

    /// Whether a narrative is certainly one, but for where its links lead. inside: the bytes between
    /// its quotes.
    pub(crate) fn narrative(&mut self, inside: &[u8], is_escaped: bool) -> bool {
        self.singular += 1;
        let (scope, room) = (self.place.container, &mut *self.room);
        if !is_escaped {
            return is_certainly_narrative(inside, scope, &mut room.anchors);
        }
        room.scratch.clear();
        unescape(inside, &mut room.scratch);
        is_certainly_narrative(&room.scratch, scope, &mut room.anchors)
    }

    /// Follow the links of all narratives, now that all of the line is read.
    pub(crate) fn narrative_links(&self) -> Asked {
        let anchors = &self.room.anchors;
        if !anchors.has_links() || anchors.lead_somewhere(|scope| self.ids_in(scope)) {
            return Ok(());
        }
        Err(Reason::Narrative)
    }

    /// The resources with a narrative that links to nothing in them; too many links are in doubt as
    /// a whole.
    pub(crate) fn astray(&self) -> Asked<Vec<usize>> {
        let anchors = &self.room.anchors;
        if anchors.has_too_many_links() {
            return Err(Reason::Narrative);
        }
        Ok(anchors.astray(|scope| self.ids_in(scope)).collect())
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
