//! CodeableConcepts and Codings that were read before, by their JSON text: data say the same ones
//! over and over, whoever they are about. Bounded, and exact.
//!
//! One is kept when it comes for the second time, if all that was found in it holds wherever it
//! stands. Texts are told apart by a tree of what they have in common, which forks by eight bytes,
//! so that looking for one costs little more than comparing its bytes.

use std::collections::HashMap;
use std::ops::Range;

use crate::accept::seeds::Seeds;
use crate::accept::tape::{Entry, Key, Tape};

/// Bytes of a text that is kept, and its values at the most.
pub const LONGEST: usize = 1 << 10;
const MOST_ENTRIES: usize = 48;
/// Objects in objects of one, for which there are as many values.
pub const DEEPEST: u32 = MOST_ENTRIES as u32;
/// Texts kept, and bytes of them; a line that finds one reached starts anew.
const MOST_KEPT: usize = 1 << 13;
const MOST_BYTES: usize = 2 << 20;
/// Places of what was seen once, and of what was found of kept ones.
const PLACES: usize = 1 << 12;

/// Where no checks stand.
const NO_CHECKS: usize = 0;

/// A text that is kept, by its number.
pub type Concept = u32;

/// Bytes that texts have in common, and what follows.
#[derive(Clone, Copy)]
struct Step {
    start: usize,
    end: usize,
    rest: Rest,
}

#[derive(Clone, Copy)]
enum Rest {
    Whole(Concept),
    /// By the next eight bytes, which are the first ones of the step that follows.
    Fork,
}

/// A concept: its node, where its text stands among all of them, and its entries among theirs.
struct Kept {
    node: u32,
    text: Range<u32>,
    entries: Range<u32>,
}

/// What checks found of a concept, besides that they held: see `note`.
#[derive(Clone, Copy, Default)]
struct Finding {
    checks: usize,
    concept: Concept,
    found: u32,
}

/// A concept, and checks that it holds of which nothing more is to be said, by where these stand.
#[derive(Clone, Copy, Default)]
struct Follower {
    concept: Concept,
    checks: usize,
}

#[derive(Default)]
pub struct Concepts {
    /// The first step of each node's texts, one more than its number; 0 for none.
    roots: Vec<u32>,
    steps: Vec<Step>,
    /// The step that follows on a fork, by its number and the next eight bytes.
    ways: HashMap<(u32, u64), u32, Seeds>,
    bytes: Vec<u8>,
    kept: Vec<Kept>,
    /// The entries of all concepts, which stand as in a line of the text of each alone.
    entries: Vec<Entry>,
    /// What came where another one had come before: see `place_after`.
    followers: Vec<Follower>,
    seen_once: Vec<u64>,
    findings: Vec<Finding>,
}

impl Concepts {
    /// The text of a node's that the bytes open with, and its length. Data say what they say in
    /// much the same order, so that the one is looked at first that came in this place the last
    /// time.
    ///
    /// place: see `place_after`
    #[inline]
    pub fn expected(&mut self, node: u32, place: usize, bytes: &[u8]) -> Option<(Concept, usize)> {
        if let Some(&Follower { concept, .. }) = self.followers.get(place) {
            let kept = self.kept.get(concept as usize)?;
            let text = &self.bytes[kept.text.start as usize..kept.text.end as usize];
            if kept.node == node && bytes.starts_with(text) {
                return Some((concept, text.len()));
            }
        }
        self.unexpected(node, place, bytes)
    }

    #[inline(never)]
    fn unexpected(&mut self, node: u32, place: usize, bytes: &[u8]) -> Option<(Concept, usize)> {
        let found = self.find(node, bytes)?;
        self.followers.resize(PLACES, Follower::default());
        self.followers[place] = Follower {
            concept: found.0,
            checks: NO_CHECKS,
        };
        Some(found)
    }

    /// Whether the concept that `expected` found last in a place holds these checks, and nothing
    /// more is to be said of it.
    #[inline]
    pub fn is_in_order(&self, place: usize, checks: usize) -> bool {
        (self.followers.get(place)).is_some_and(|follower| follower.checks == checks)
    }

    /// The concept that `expected` found last in a place holds these checks, and nothing more is to
    /// be said of it.
    pub fn put_in_order(&mut self, place: usize, checks: usize) {
        if let Some(follower) = self.followers.get_mut(place) {
            follower.checks = checks;
        }
    }

    /// Where is noted what comes as a value of a property after a concept: one of `PLACES`.
    #[inline]
    pub fn place_after(concept: Concept, property: usize) -> usize {
        Self::place(concept, property)
    }

    /// The text of a node's that the bytes open with, and its length.
    fn find(&self, node: u32, bytes: &[u8]) -> Option<(Concept, usize)> {
        let mut number = self.roots.get(node as usize)?.checked_sub(1)?;
        let mut rest = bytes;
        loop {
            let step = &self.steps[number as usize];
            rest = rest.strip_prefix(&self.bytes[step.start..step.end])?;
            match step.rest {
                Rest::Whole(concept) => return Some((concept, bytes.len() - rest.len())),
                Rest::Fork => number = *self.ways.get(&(number, word(rest)?))?,
            }
        }
    }

    /// Put the values of a concept on the tape, where its text starts at `start`.
    #[inline]
    pub fn write(&self, concept: Concept, key: Key, start: usize, tape: &mut Tape) {
        tape.append(self.entries_of(concept), key, start);
    }

    /// Keep the text of a node, if it was seen before, with its values on the tape: those from an
    /// index on.
    pub fn keep(
        &mut self,
        node: u32,
        hash: u64,
        text: &[u8],
        start: usize,
        tape: &Tape,
        from: usize,
    ) {
        if text.len() > LONGEST || tape.len() - from > MOST_ENTRIES {
            return;
        }
        if self.comes_again(hash) && self.grow(node, text).is_some() {
            tape.copy_from(from, start, &mut self.entries);
            self.kept(node, text);
        }
    }

    /// Keep an opening of references of a node, if it was seen before: it puts nothing on the tape.
    pub fn keep_opening(&mut self, node: u32, hash: u64, text: &[u8]) {
        if text.len() <= LONGEST && self.comes_again(hash) && self.grow(node, text).is_some() {
            self.kept(node, text);
        }
    }

    /// The text that was added last is that of a node's, with the entries that were.
    fn kept(&mut self, node: u32, text: &[u8]) {
        let (bytes, entries) = (self.bytes.len() as u32, self.entries.len() as u32);
        self.kept.push(Kept {
            node,
            text: bytes - text.len() as u32..bytes,
            entries: self.kept.last().map_or(0, |kept| kept.entries.end)..entries,
        });
    }

    pub fn is_opening(&self, concept: Concept) -> bool {
        self.entries_of(concept).is_empty()
    }

    fn entries_of(&self, concept: Concept) -> &[Entry] {
        let entries = &self.kept[concept as usize].entries;
        &self.entries[entries.start as usize..entries.end as usize]
    }

    /// Whether a text comes for the second time, and there is room for it.
    fn comes_again(&mut self, hash: u64) -> bool {
        self.seen_once.resize(PLACES, 0);
        let seen = &mut self.seen_once[hash as usize % PLACES];
        std::mem::replace(seen, hash) == hash && !self.is_full()
    }

    pub fn is_full(&self) -> bool {
        self.kept.len() >= MOST_KEPT || self.bytes.len() > MOST_BYTES
    }

    /// Add a text to its node's tree; nothing where it is there, or is not told apart from another
    /// one before its last eight bytes.
    fn grow(&mut self, node: u32, text: &[u8]) -> Option<()> {
        let node = node as usize;
        if self.roots.len() <= node {
            self.roots.resize(node + 1, 0);
        }
        let Some(mut number) = self.roots[node].checked_sub(1) else {
            self.roots[node] = self.leaf(text, 0) + 1;
            return Some(());
        };
        let (mut at, mut way) = (0, None);
        loop {
            let Step {
                start,
                end,
                rest: tail,
            } = self.steps[number as usize];
            let (known, rest) = (&self.bytes[start..end], &text[at..]);
            let alike = known.iter().zip(rest).take_while(|(a, b)| a == b).count();
            if alike < known.len() {
                let alike = alike.min(known.len().checked_sub(8)?);
                let (theirs, ours) = (word(&known[alike..])?, word(&rest[alike..])?);
                let leaf = self.leaf(text, at + alike);
                let head = self.step(start, start + alike, Rest::Fork);
                self.steps[number as usize].start = start + alike;
                match way {
                    None => self.roots[node] = head + 1,
                    Some(way) => self.ways.extend([(way, head)]),
                }
                self.ways
                    .extend([((head, theirs), number), ((head, ours), leaf)]);
                return Some(());
            }
            let Rest::Fork = tail else { return None };
            at += alike;
            let next = word(&text[at..])?;
            way = Some((number, next));
            match self.ways.get(&(number, next)) {
                Some(&follower) => number = follower,
                None => {
                    let leaf = self.leaf(text, at);
                    self.ways.insert((number, next), leaf);
                    return Some(());
                }
            }
        }
    }

    /// The last step of a text, from a place in it on.
    fn leaf(&mut self, text: &[u8], from: usize) -> u32 {
        let start = self.bytes.len() + from;
        self.bytes.extend_from_slice(text);
        let concept = self.kept.len() as Concept;
        self.step(start, self.bytes.len(), Rest::Whole(concept))
    }

    fn step(&mut self, start: usize, end: usize, rest: Rest) -> u32 {
        self.steps.push(Step { start, end, rest });
        self.steps.len() as u32 - 1
    }

    fn place(concept: Concept, checks: usize) -> usize {
        let mixed = (checks as u64 >> 3 ^ u64::from(concept) << 32 ^ u64::from(concept))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 52) as usize % PLACES
    }

    /// Forget what was noted.
    pub fn forget(&mut self) {
        self.findings.clear();
        (self.followers.iter_mut()).for_each(|follower| follower.checks = NO_CHECKS);
    }

    /// What `note` was told, if it is still known. checks: where these stand in the table, which
    /// does not grow in the life of this memory.
    #[inline]
    pub fn found(&self, concept: Concept, checks: usize) -> Option<u32> {
        let finding = self.findings.get(Self::place(concept, checks))?;
        (finding.checks == checks && finding.concept == concept).then_some(finding.found)
    }

    /// Remember what came of checks of a concept, where that hangs on nothing but its text.
    pub fn note(&mut self, concept: Concept, checks: usize, found: u32) {
        self.findings.resize(PLACES, Finding::default());
        self.findings[Self::place(concept, checks)] = Finding {
            checks,
            concept,
            found,
        };
    }
}

#[inline]
fn word(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|&chunk| u64::from_le_bytes(chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accept::memo::fold;
    use crate::accept::tape::Form;

    /// Let the memory see a text as often as it takes.
    fn keep(concepts: &mut Concepts, node: u32, text: &str) {
        let mut tape = Tape::default();
        tape.push(7, Form::Null, false, 0, 1);
        let object = tape.push(8, Form::Object, false, 9, 9);
        tape.push(3, Form::Text, false, 11, 12);
        tape.close(object, 9 + text.len());
        let hash = text.bytes().fold(7, |hash, byte| {
            fold(hash ^ u64::from(byte), 0x9e37_79b9_7f4a_7c15)
        });
        for _ in 0..2 {
            concepts.keep(node, hash, text.as_bytes(), 9, &tape, 1);
        }
    }

    fn length(concepts: &Concepts, node: u32, text: &str) -> Option<usize> {
        concepts
            .find(node, text.as_bytes())
            .map(|(_, length)| length)
    }

    #[test]
    fn texts_are_told_apart_wherever_they_differ() {
        let mut texts = Vec::new();
        for system in ["", "a", "http://loinc.org", "http://snomed.info/sct"] {
            for code in ["1", "2", "12", "123456789", "123456780", "223456789"] {
                for tail in ["", " ", ",\"display\":\"x\"", ",\"display\":\"y\""] {
                    texts.push(format!(
                        "{{\"system\":\"{system}\",\"code\":\"{code}\"{tail}}}"
                    ));
                }
            }
        }
        let mut concepts = Concepts::default();
        for (number, text) in texts.iter().enumerate() {
            assert_eq!(length(&concepts, 4, text), None, "{text}");
            keep(&mut concepts, 4, text);
            for (other, text) in texts.iter().enumerate() {
                let line = format!("{text},\"next\":\"member\"}}");
                if let Some(found) = length(&concepts, 4, &line) {
                    assert!(found == text.len() && other <= number, "{line}");
                }
                assert_eq!(length(&concepts, 3, &line), None);
                assert_eq!(length(&concepts, 4, &text[..text.len() - 1]), None);
            }
        }
        let kept = texts
            .iter()
            .filter(|text| length(&concepts, 4, text).is_some());
        assert!(kept.count() > texts.len() * 3 / 4); // but for those that differ at their very end
    }

    #[test]
    fn the_values_of_a_concept_are_those_that_were_read() {
        let mut concepts = Concepts::default();
        keep(&mut concepts, 0, "{\"a\":\"b\",\"c\":\"0\"}");
        keep(&mut concepts, 0, "{\"a\":\"bcdefghijkl\"}");
        let mut tape = Tape::default();
        tape.push(1, Form::Null, false, 0, 1);
        let (concept, length) = concepts.find(0, b"{\"a\":\"bcdefghijkl\"}").expect("kept");
        concepts.write(concept, 5, 100, &mut tape);
        let (object, text) = (tape.at(1), tape.at(2));
        assert_eq!(
            (object.key, object.start, object.end, object.next),
            (5, 100, 100 + length as u32, 3)
        );
        assert_eq!(
            (text.key, text.start, text.end, text.next),
            (3, 102, 103, 3)
        );
        assert_eq!(tape.len(), 3);
    }

    #[test]
    fn findings_are_those_of_one_concept_by_some_checks() {
        let mut concepts = Concepts::default();
        assert_eq!(concepts.found(0, 64), None);
        concepts.note(0, 64, 3);
        concepts.note(1, 64, 4);
        assert_eq!(concepts.found(0, 64), Some(3));
        assert_eq!(concepts.found(1, 64), Some(4));
        assert_eq!(concepts.found(1, 128), None);
        concepts.forget();
        assert_eq!(concepts.found(0, 64), None);
    }

    #[test]
    fn the_memory_has_a_bound() {
        let mut concepts = Concepts::default();
        for number in 0..3 * MOST_KEPT {
            keep(
                &mut concepts,
                0,
                &format!("{{\"code\":\"{number:08}\",\"text\":\"x\"}}"),
            );
        }
        assert!(concepts.is_full() && concepts.kept.len() <= MOST_KEPT);
        assert!(
            concepts.steps.len() <= 2 * MOST_KEPT && concepts.bytes.len() <= MOST_BYTES + LONGEST
        );
    }
}
