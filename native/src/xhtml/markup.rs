//! Mark-up that was read before: whatever a narrative says, whoever wrote it puts the same tags
//! around the words, in much the same order. Bounded, and exact.
//!
//! What may follow in a text hangs on the elements that are open, and on nothing else: they are a
//! nest. A piece is mark-up between words that was read from one nest and led to another; read by
//! its bytes where it comes again. Kept when it comes for the second time, if it has no link, id or
//! name.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::vocabulary::{ElementRule, Set, NOTHING};

/// Elements in elements at the most.
const DEPTH: u16 = 128;
/// Nests, pieces and bytes of them; a narrative that finds half of one taken starts anew.
const MOST_NESTS: usize = 1 << 13;
const MOST_PIECES: usize = 1 << 12;
const MOST_BYTES: usize = 1 << 18;
/// Bytes of a piece that is kept.
const LONGEST: usize = 1 << 9;
/// Pieces that are known to follow on a nest, besides those that were expected.
const WAYS: usize = 8;
/// Places of what was seen once.
const PLACES: usize = 1 << 10;

/// The elements that are open, by their number.
pub(super) type Nest = u16;
/// None: before the root, and behind it.
pub(super) const OUTSIDE: Nest = 0;
/// A piece, by its number; the first one is none at all.
pub(super) type Piece = u16;
pub(super) const NO_PIECE: Piece = 0;

#[derive(Debug)]
struct Open {
    /// The innermost element.
    element: &'static ElementRule,
    /// The elements with text only that its content stands in.
    around: Set,
    depth: u16,
    outer: Nest,
    /// The first of the nests with one element more, and the next one beside this; 0 for none.
    inner: Nest,
    beside: Nest,
    ways: [Piece; WAYS],
    turn: u8,
}

#[derive(Debug)]
struct Kept {
    /// The first 16 bytes, and which of them count.
    head: u128,
    mask: u128,
    start: u32,
    length: u16,
    from: Nest,
    to: Nest,
    /// Whether one more tag stood behind it, which it has to where the piece comes again: pieces
    /// that others begin with are told from them.
    leads_on: bool,
    /// What came next the last time.
    next: Piece,
}

impl Kept {
    /// Whether the bytes open with the piece. all: the bytes of all pieces.
    #[inline(always)]
    fn opens(&self, bytes: &[u8], all: &[u8]) -> bool {
        let length = usize::from(self.length);
        let whole = || bytes.starts_with(&all[self.start as usize..][..length]);
        let opens = match bytes.first_chunk() {
            Some(first) => {
                (u128::from_le_bytes(*first) ^ self.head) & self.mask == 0
                    && (length <= 16 || whole())
            }
            None => whole(),
        };
        opens && (bytes.get(length) == Some(&b'<')) == self.leads_on
    }
}

#[derive(Default, Debug)]
pub struct Markup {
    nests: Vec<Open>,
    pieces: Vec<Kept>,
    bytes: Vec<u8>,
    seen_once: Vec<u64>,
    hashing: RandomState,
    /// The value of an attribute with references, which are resolved: room that is used again.
    pub(super) value: Vec<u8>,
}

impl Markup {
    /// Make room for one more narrative.
    pub(super) fn begin(&mut self) {
        let is_full = self.nests.len() > MOST_NESTS / 2
            || self.pieces.len() > MOST_PIECES / 2
            || self.bytes.len() > MOST_BYTES / 2;
        if is_full || self.nests.is_empty() {
            self.nests.clear();
            self.pieces.clear();
            self.bytes.clear();
            self.nests.push(Open {
                element: &NOTHING,
                around: 0,
                depth: 0,
                outer: OUTSIDE,
                inner: OUTSIDE,
                beside: OUTSIDE,
                ways: [NO_PIECE; WAYS],
                turn: 0,
            });
            self.push(OUTSIDE, OUTSIDE, &[0xff; 16], false); // no text has these bytes
            self.seen_once.resize(PLACES, 0);
        }
    }

    fn push(&mut self, from: Nest, to: Nest, text: &[u8], leads_on: bool) {
        let mut head = [0; 16];
        let length = text.len().min(16);
        head[..length].copy_from_slice(&text[..length]);
        self.pieces.push(Kept {
            head: u128::from_le_bytes(head),
            mask: u128::MAX >> (128 - 8 * length),
            start: self.bytes.len() as u32,
            length: text.len() as u16,
            from,
            to,
            leads_on,
            next: NO_PIECE,
        });
        self.bytes.extend_from_slice(text);
    }

    #[inline]
    pub(super) fn element(&self, nest: Nest) -> &'static ElementRule {
        self.nests[usize::from(nest)].element
    }

    #[inline]
    pub(super) fn outer(&self, nest: Nest) -> Nest {
        self.nests[usize::from(nest)].outer
    }

    /// The nest with one element more; nothing where that may not stand there, or where there are
    /// too many.
    pub(super) fn enter(&mut self, nest: Nest, element: &'static ElementRule) -> Option<Nest> {
        let outer = &self.nests[usize::from(nest)];
        let mut inner = outer.inner;
        while inner != OUTSIDE {
            let one = &self.nests[usize::from(inner)];
            if one.element.own == element.own {
                return Some(inner);
            }
            inner = one.beside;
        }
        let is_room = outer.depth < DEPTH && self.nests.len() < MOST_NESTS;
        if !is_room || !element.fits(outer.element, outer.around) {
            return None;
        }
        let (number, one) = (
            self.nests.len() as Nest,
            Open {
                element,
                around: element.around(outer.around),
                depth: outer.depth + 1,
                outer: nest,
                inner: OUTSIDE,
                beside: outer.inner,
                ways: [NO_PIECE; WAYS],
                turn: 0,
            },
        );
        self.nests.push(one);
        self.nests[usize::from(nest)].inner = number;
        Some(number)
    }

    /// The piece that the bytes open with from a nest on, where it leads, and its length. before:
    /// the piece before.
    #[inline]
    pub(super) fn find(
        &mut self,
        from: Nest,
        before: Piece,
        bytes: &[u8],
    ) -> Option<(Piece, Nest, usize)> {
        let expected = self.pieces[usize::from(before)].next;
        let piece = &self.pieces[usize::from(expected)];
        if piece.from == from && piece.opens(bytes, &self.bytes) {
            return Some((expected, piece.to, usize::from(piece.length)));
        }
        self.find_unexpected(from, before, bytes)
    }

    #[inline(never)]
    fn find_unexpected(
        &mut self,
        from: Nest,
        before: Piece,
        bytes: &[u8],
    ) -> Option<(Piece, Nest, usize)> {
        let ways = self.nests[usize::from(from)].ways;
        let opens = |&way: &Piece| self.pieces[usize::from(way)].opens(bytes, &self.bytes);
        let found = ways.into_iter().find(opens)?;
        self.pieces[usize::from(before)].next = found;
        let piece = &self.pieces[usize::from(found)];
        Some((found, piece.to, usize::from(piece.length)))
    }

    /// Keep a piece if it was seen before: its number. leads_on: whether one more tag stands behind
    /// it.
    pub(super) fn keep(&mut self, from: Nest, to: Nest, text: &[u8], leads_on: bool) -> Piece {
        let has_room = self.pieces.len() < MOST_PIECES && self.bytes.len() < MOST_BYTES;
        if text.is_empty() || text.len() > LONGEST || !has_room {
            return NO_PIECE;
        }
        let hash = self.hashing.hash_one((from, text, leads_on));
        let seen = &mut self.seen_once[hash as usize % PLACES];
        if std::mem::replace(seen, hash) != hash {
            return NO_PIECE;
        }
        let number = self.pieces.len() as Piece;
        self.push(from, to, text, leads_on);
        let nest = &mut self.nests[usize::from(from)];
        nest.ways[usize::from(nest.turn) % WAYS] = number;
        nest.turn = nest.turn.wrapping_add(1);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::super::vocabulary::element;
    use super::*;

    fn enter(markup: &mut Markup, nest: Nest, name: &str) -> Option<Nest> {
        markup.enter(nest, element(name.as_bytes()).expect("an element"))
    }

    #[test]
    fn a_nest_is_known_by_the_elements_in_it() {
        let mut markup = Markup::default();
        markup.begin();
        assert_eq!(enter(&mut markup, OUTSIDE, "p"), None);
        let root = enter(&mut markup, OUTSIDE, "div").expect("a nest");
        let (list, bold) = (
            enter(&mut markup, root, "ul"),
            enter(&mut markup, root, "b"),
        );
        assert_eq!(enter(&mut markup, root, "ul"), list);
        let (list, bold) = (list.expect("a nest"), bold.expect("a nest"));
        assert_eq!((markup.outer(list), markup.outer(root)), (root, OUTSIDE));
        assert!(enter(&mut markup, list, "p").is_none() && enter(&mut markup, bold, "b").is_none());
    }

    #[test]
    fn a_piece_is_found_from_its_nest_by_all_its_bytes() {
        let mut markup = Markup::default();
        markup.begin();
        assert_eq!(enter(&mut markup, OUTSIDE, "div"), Some(1));
        assert_eq!(enter(&mut markup, 1, "p"), Some(2));
        for length in [4, 15, 16, 17, 40] {
            let text = format!("<{}>", "a".repeat(length - 2));
            let other = format!("<{}b>", "a".repeat(length - 3));
            assert_eq!(markup.keep(1, 2, text.as_bytes(), false), NO_PIECE);
            let kept = markup.keep(1, 2, text.as_bytes(), false);
            let line = format!("{text}{}", " ".repeat(16));
            for before in [NO_PIECE, NO_PIECE, kept] {
                let found = markup.find(1, before, line.as_bytes());
                assert_eq!(found, Some((kept, 2, length)));
                assert_eq!(markup.find(2, before, line.as_bytes()), None);
                for other in [line.replace(&text, &other), format!("{text}<")] {
                    assert_eq!(markup.find(1, before, other.as_bytes()), None);
                }
            }
        }
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let mut markup = Markup::default();
        for number in 0..3 * MOST_PIECES {
            markup.begin();
            let text = format!("<p title=\\\"{number}\\\">");
            markup.keep(OUTSIDE, OUTSIDE, text.as_bytes(), true);
            markup.keep(OUTSIDE, OUTSIDE, text.as_bytes(), true);
            assert!(markup.pieces.len() <= MOST_PIECES / 2 + 1);
        }
        assert_eq!(
            markup.keep(OUTSIDE, OUTSIDE, &[b'a'; LONGEST + 1], true),
            NO_PIECE
        );
    }
}
