//! CodeableConcepts and Codings: those that were read before are not read again, and of what was
//! found of one nothing is looked for twice.

use super::walker::{Asked, Walk, DEPTH};
use crate::accept::concepts::{Concept, Concepts, DEEPEST, LONGEST};
use crate::accept::table::{Property, ValueCheck};
use crate::accept::tape::Key;

/// What is noted of checks that held; and of such that left codes undecided, to which the place of
/// the answer is added.
const HOLDS: u32 = 0;
const UNDECIDED: u32 = 1;

impl<'a> Walk<'a, '_> {
    pub(super) fn coded(
        &mut self,
        property: &'a Property,
        key: Key,
        node: u32,
        depth: u32,
    ) -> Asked {
        let (start, index) = (self.lexer.at, self.room.tape.len());
        let is_remembered = !self.by_site && !self.by_entry && depth + DEEPEST < DEPTH;
        if is_remembered {
            let place = self.place_of_concept(property);
            let bytes = &self.lexer.bytes[start..];
            if let Some((concept, length)) = self.learned.concepts.expected(node, place, bytes) {
                self.concept_before = concept;
                self.learned
                    .concepts
                    .write(concept, key, start, &mut self.room.tape);
                self.lexer.at += length;
                self.room.coded.push((index, concept));
                return self.checks_in_place(place, concept, &property.checks, index);
            }
        }
        let singular = self.singular;
        if let Err(reason) = self.object(key, node, depth + 1) {
            return self.misread_object(property, key, start, reason);
        }
        let text = &self.lexer.bytes[start..self.lexer.at];
        if is_remembered && !self.pending && singular == self.singular && text.len() <= LONGEST {
            let hash = self.memo.hash(node, text);
            self.learned
                .concepts
                .keep(node, hash, text, start, &self.room.tape, index);
        }
        if self.by_site && self.is_at_fault(index) {
            return Ok(());
        }
        self.each(&property.checks, index)
    }

    /// Where is noted which concept comes next as a value of a property.
    #[inline]
    pub(super) fn place_of_concept(&self, property: &Property) -> usize {
        Concepts::place_after(self.concept_before, std::ptr::from_ref(property) as usize)
    }

    /// Checks of a value on the tape.
    #[inline]
    pub(super) fn checks(&mut self, checks: &'a [ValueCheck], value: usize) -> Asked {
        if checks.is_empty() {
            return Ok(());
        }
        match self.concept_at(value) {
            Some(concept) => self.checks_of(concept, checks, value),
            None => self.each(checks, value),
        }
    }

    /// The concept at a place of the tape, if it was read before.
    #[inline]
    pub(super) fn concept_at(&self, value: usize) -> Option<Concept> {
        let coded = &self.room.coded;
        let found = coded.binary_search_by_key(&value, |&(at, _)| at).ok()?;
        Some(coded[found].1)
    }

    /// Checks of a concept that was expected in a place.
    #[inline(always)]
    pub(super) fn checks_in_place(
        &mut self,
        place: usize,
        concept: Concept,
        checks: &'a [ValueCheck],
        value: usize,
    ) -> Asked {
        let number = checks.as_ptr() as usize;
        if self.learned.concepts.is_in_order(place, number) {
            return Ok(());
        }
        self.checks_of(concept, checks, value)?;
        let concepts = &mut self.learned.concepts;
        if concepts.found(concept, number) == Some(HOLDS) {
            concepts.put_in_order(place, number);
        }
        Ok(())
    }

    /// Checks of a concept that was read before: of what they found there is noted that all held,
    /// or where the memory of answers has the one that left codes undecided.
    pub(super) fn checks_of(
        &mut self,
        concept: Concept,
        checks: &'a [ValueCheck],
        value: usize,
    ) -> Asked {
        let place = checks.as_ptr() as usize;
        match self.learned.concepts.found(concept, place) {
            Some(HOLDS) => return Ok(()),
            Some(answer) => {
                self.singular += 1;
                self.room.undecided.push(answer - UNDECIDED);
                return Ok(());
            }
            None => {}
        }
        let (singular, before) = (self.singular, self.room.undecided.len());
        self.each(checks, value)?;
        let is_more = self.learned.concepts.is_opening(concept)
            && !checks.iter().all(ValueCheck::is_of_reference);
        if self.pending || is_more {
            return Ok(());
        }
        let undecided = self.room.undecided.get(before..).unwrap_or_default();
        let found = match (self.singular - singular, undecided) {
            (0, []) => HOLDS,
            (1, &[answer]) => answer + UNDECIDED,
            _ => return Ok(()),
        };
        self.learned.concepts.note(concept, place, found);
        Ok(())
    }

    #[inline]
    pub(super) fn each(&mut self, checks: &'a [ValueCheck], value: usize) -> Asked {
        checks.iter().try_for_each(|check| self.check(check, value))
    }
}
