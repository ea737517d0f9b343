//! What the narratives of one line link to, and what may be linked to.

use std::collections::{HashMap, HashSet};

/// Links of one line at the most.
pub const MOST_LINKS: usize = 1 << 16;

/// Where a narrative stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// The number of the resource that its links lead to something in.
    pub scope: usize,
    /// The place of its text on the tape.
    pub div: usize,
}

/// A link that leads nowhere, without its `#`.
#[derive(Clone, Copy, Debug)]
pub struct Astray<'l> {
    pub at: Standing,
    pub target: &'l [u8],
}

/// A piece of text of a narrative.
#[derive(Clone, Copy, Debug)]
struct Piece {
    at: Standing,
    start: usize,
    end: usize,
}

/// Links without their `#`; ids of elements, and names of anchors. Used again line by line.
#[derive(Default, Debug)]
pub struct Anchors {
    text: Vec<u8>,
    links: Vec<Piece>,
    names: Vec<Piece>,
    /// Whether a narrative of the line was left in doubt, of which nothing is here.
    pub has_unread: bool,
}

/// How much the anchors held, to go back to.
#[derive(Clone, Copy, PartialEq)]
pub struct Mark {
    text: usize,
    links: usize,
    names: usize,
}

impl Anchors {
    pub fn clear(&mut self) {
        self.has_unread = false;
        self.rewind(Mark {
            text: 0,
            links: 0,
            names: 0,
        });
    }

    pub fn mark(&self) -> Mark {
        Mark {
            text: self.text.len(),
            links: self.links.len(),
            names: self.names.len(),
        }
    }

    /// Forget what was added since.
    pub fn rewind(&mut self, mark: Mark) {
        self.text.truncate(mark.text);
        self.links.truncate(mark.links);
        self.names.truncate(mark.names);
    }

    fn piece(&mut self, at: Standing, text: &[u8]) -> Piece {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        Piece {
            at,
            start,
            end: self.text.len(),
        }
    }

    pub fn add_link(&mut self, at: Standing, target: &[u8]) {
        let piece = self.piece(at, target);
        self.links.push(piece);
    }

    pub fn add_name(&mut self, at: Standing, name: &[u8]) {
        let piece = self.piece(at, name);
        self.names.push(piece);
    }

    fn of(&self, piece: &Piece) -> &[u8] {
        &self.text[piece.start..piece.end]
    }

    pub fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    pub fn has_too_many_links(&self) -> bool {
        self.links.len() > MOST_LINKS
    }

    /// Whether every link leads to a name, or to an id of its scope. ids: those of a scope.
    pub fn lead_somewhere<'i, I>(&self, ids: impl Fn(usize) -> I) -> bool
    where
        I: Iterator<Item = &'i [u8]>,
    {
        !self.has_too_many_links() && self.astray(ids).next().is_none()
    }

    /// The names of anchors, and ids, in all narratives.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(|piece| self.of(piece))
    }

    /// The links that lead nowhere.
    pub fn astray<'i, I, F>(&self, ids: F) -> impl Iterator<Item = Astray<'_>> + use<'_, 'i, I, F>
    where
        I: Iterator<Item = &'i [u8]>,
        F: Fn(usize) -> I,
    {
        let names: HashSet<(usize, &[u8])> = self
            .names
            .iter()
            .map(|piece| (piece.at.scope, self.of(piece)))
            .collect();
        let mut known: HashMap<usize, HashSet<&[u8]>> = HashMap::new();
        self.links.iter().filter_map(move |link| {
            let (at, target) = (link.at, self.of(link));
            let leads = names.contains(&(at.scope, target))
                || known
                    .entry(at.scope)
                    .or_insert_with(|| ids(at.scope).collect())
                    .contains(target);
            (!leads).then_some(Astray { at, target })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_what_is_in_their_own_scope() {
        let mut anchors = Anchors::default();
        let in_scope = |scope| Standing { scope, div: 0 };
        anchors.add_name(in_scope(0), b"one");
        anchors.add_link(in_scope(0), b"one");
        let ids = |scope| [&b"two"[..]].into_iter().filter(move |_| scope == 7);
        assert!(anchors.lead_somewhere(ids));
        let mark = anchors.mark();
        anchors.add_link(in_scope(7), b"one");
        assert!(!anchors.lead_somewhere(ids));
        anchors.rewind(mark);
        anchors.add_link(in_scope(7), b"two");
        assert!(anchors.lead_somewhere(ids));
        anchors.add_link(in_scope(0), b"two");
        assert!(!anchors.lead_somewhere(ids));
    }
}
