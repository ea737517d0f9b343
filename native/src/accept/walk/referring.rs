//! References: of those that open as one before did (`{"reference":"Patient/`) the rest is a word,
//! of which nothing is asked.
//!
//! What a reference may lead to is told by all that stands before the last of its letters, digits,
//! `-` and `.`: its opening. It is kept as concepts are, and what checks found of it with it.

use super::walker::{Asked, Walk, DEPTH};
use crate::accept::concepts::{Concept, LONGEST};
use crate::accept::lexer::quote;
use crate::accept::primitives::{is_certainly, is_plain, is_visible, word};
use crate::accept::references::References;
use crate::accept::table::Property;
use crate::accept::tape::{Form, Key};

const BEFORE_TEXT: &[u8] = b"{\"reference\":\"";

/// Where a reference's text ends, its display if it has one, and where the object ends.
struct Rest {
    reference: usize,
    display: Option<(Key, usize, usize)>,
    end: usize,
}

impl<'a> Walk<'a, '_> {
    pub(super) fn referring(
        &mut self,
        property: &'a Property,
        key: Key,
        node: u32,
        depth: u32,
    ) -> Asked {
        let (start, index) = (self.lexer.at, self.room.tape.len());
        let is_remembered =
            !self.by_site && !self.by_entry && !self.place.is_entry && depth < DEPTH;
        if is_remembered {
            let place = self.place_of_concept(property);
            if let Some(opening) = self.reference_by_opening(key, node, place) {
                self.concept_before = opening;
                self.room.coded.push((index, opening));
                return self.checks_in_place(place, opening, &property.checks, index);
            }
        }
        if let Err(reason) = self.object(key, node, depth + 1) {
            return self.misread_object(property, key, start, reason);
        }
        if is_remembered && !self.pending {
            self.keep_opening(node, start, index);
        }
        if self.by_site && self.is_at_fault(index) {
            return Ok(());
        }
        self.each(&property.checks, index)
    }

    /// Read a reference that opens as one before; nothing, and nothing read, where it does not, or
    /// where it holds more than a word behind that and a display.
    #[inline]
    fn reference_by_opening(&mut self, key: Key, node: u32, place: usize) -> Option<Concept> {
        let (start, bytes) = (self.lexer.at, self.lexer.plain_rest()?);
        let (opening, length) = self.learned.concepts.expected(node, place, bytes)?;
        let word = word(&bytes[length..], &mut self.learned.reference)?;
        let rest = self.rest_of_reference(&bytes[length..], word)?;
        let (from, end) = (start + length, start + length + rest.end);
        let tape = &mut self.room.tape;
        let object = tape.push(key, Form::Object, false, start, start);
        let reference = self.table.known.reference.reference;
        let text = start + BEFORE_TEXT.len();
        tape.push(reference, Form::Text, false, text, from + rest.reference);
        if let Some((key, start, end)) = rest.display {
            tape.push(key, Form::Text, false, from + start, from + end);
        }
        tape.close(object, end);
        self.lexer.at = end;
        Some(opening)
    }

    /// What follows on an opening, its places counted from there. word: the length of its word
    #[inline]
    fn rest_of_reference(&self, bytes: &[u8], word: usize) -> Option<Rest> {
        let reference = Some(word).filter(|&length| length > 0 && length < LONGEST)?;
        let rest = &bytes[reference..];
        if rest.starts_with(b"\"}") {
            return Some(Rest {
                reference,
                display: None,
                end: reference + 2,
            });
        }
        let (key, primitive) = self.learned.references.as_ref()?.display?;
        let opening = b"\",\"display\":\"";
        let text = rest.strip_prefix(opening)?;
        let length = quote(text)?;
        let start = reference + opening.len();
        let is_whole = is_plain(&text[..length])
            && is_certainly(primitive, &text[..length], false)
            && text.get(length + 1) == Some(&b'}');
        is_whole.then_some(Rest {
            reference,
            display: Some((key, start, start + length)),
            end: start + length + 2,
        })
    }

    /// Keep the opening of a reference on the tape.
    #[inline(never)]
    fn keep_opening(&mut self, node: u32, start: usize, object: usize) {
        let known = self.table.known.reference;
        let Some(place) = self.room.tape.member(object, known.reference) else {
            return;
        };
        let entry = self.room.tape.at(place);
        let is_first = self.lexer.bytes[start..].starts_with(BEFORE_TEXT);
        if entry.form != Form::Text || !is_first || entry.escaped {
            return;
        }
        let text = self.content(place);
        let is_word = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let tail = text.iter().rev().take_while(is_word).count();
        let open = &text[..text.len() - tail];
        if tail == 0 || open.is_empty() || open[0] == b'#' || !is_visible(open) {
            return;
        }
        if self.learned.references.is_none() {
            self.learned.references = References::of(self.table, node);
        }
        let is_of_them = |references: &References| references.node == node;
        if !self.learned.references.as_ref().is_some_and(is_of_them) {
            return;
        }
        let opening = &self.lexer.bytes[start..entry.start as usize + open.len()];
        let hash = self.memo.hash(node, opening);
        self.learned.concepts.keep_opening(node, hash, opening);
    }
}
