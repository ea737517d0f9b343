//! Values: primitives by their form, and what the table says of each value of a property.

use super::mention::Place;
use super::walker::{Asked, Later, Walk};
use crate::accept::evaluation::Evaluation;
use crate::accept::lexer::{quote, Text};
use crate::accept::memo::{Check, NO_CHECK};
use crate::accept::op::Op;
use crate::accept::primitives::{
    is_certainly, is_plain, is_usual_moment, is_whole, word, LONGEST_ID,
};
use crate::accept::reason::Reason;
use crate::accept::shapes::{ShapeNumber, NO_SHAPE};
use crate::accept::table::{Kind, Primitive, Property, ValueCheck};
use crate::accept::tape::{Form, Key, NO_KEY};

/// How many bytes stand before the quote that ends a string, where they are certainly a value of
/// the type. bytes: those behind the quote that opens it, up to the line's next escape; last: see
/// `word`.
#[inline(always)]
fn length_of(primitive: Primitive, bytes: &[u8], last: &mut usize) -> Option<usize> {
    let ends_at = |&length: &usize| bytes.get(length) == Some(&b'"');
    let usual = match primitive {
        Primitive::Id => word(bytes, last).filter(|length| (1..=LONGEST_ID).contains(length)),
        Primitive::DateTime | Primitive::Instant => {
            let moment = bytes.first_chunk().filter(|moment| is_usual_moment(moment));
            moment.map(|moment| moment.len())
        }
        _ => None,
    };
    usual.filter(ends_at).or_else(|| {
        let text = &bytes[..quote(bytes)?];
        let is_free = matches!(primitive, Primitive::Text | Primitive::QuietText);
        let is_it = is_certainly(primitive, text, false) && (!is_free || is_plain(text));
        is_it.then_some(text.len())
    })
}

impl<'a> Walk<'a, '_> {
    /// The value of a property whose name was taken. shape: that of the object up to there.
    #[inline(always)]
    pub(super) fn property(
        &mut self,
        property: &'a Property,
        depth: u32,
        shape: ShapeNumber,
    ) -> Asked {
        if !property.is_list() {
            return self.value(property, property.key, depth, shape);
        }
        if self.lexer.peek() != b'[' {
            return self.form_in_doubt(property, property.key);
        }
        let index = self.room.tape.push(
            property.key,
            Form::Array,
            false,
            self.lexer.at,
            self.lexer.at,
        );
        self.lexer.at += 1;
        match self.lexer.peek() {
            b']' if self.by_site => {
                self.lexer.at = self.room.tape.at(index).start as usize;
                self.room.tape.truncate(index);
                return self.form_in_doubt(property, property.key);
            }
            b']' => return Err(Reason::Empty),
            b'n' => return Err(Reason::Null),
            _ => {}
        }
        loop {
            self.value(property, NO_KEY, depth, shape)?;
            if !self.lexer.more(b']')? {
                break;
            }
        }
        self.room.tape.close(index, self.lexer.at);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn value(
        &mut self,
        property: &'a Property,
        key: Key,
        depth: u32,
        shape: ShapeNumber,
    ) -> Asked {
        if property.recurs() {
            return self.recurring(property, key, shape);
        }
        let index = self.room.tape.len();
        match property.kind {
            Kind::Primitive(primitive) => {
                if let Err(reason) = self.primitive(property, primitive, key) {
                    return self.misread(property, key, reason);
                }
            }
            Kind::Object(number) if property.is_coded() => {
                return self.coded(property, key, number, depth);
            }
            Kind::Object(number) if property.is_reference() => {
                return self.referring(property, key, number, depth);
            }
            Kind::Object(number) => {
                let start = self.lexer.at;
                if let Err(reason) = self.object(key, number, depth + 1) {
                    return self.misread_object(property, key, start, reason);
                }
            }
            Kind::Contained => self.inside(key, depth, |place| place.is_contained = true)?,
            Kind::Inline => self.inside(key, depth, |place| place.is_entry = true)?,
            Kind::ResourceType => self.named_type(key)?,
            Kind::Ask => return Err(Reason::Inline),
        }
        self.told_by_checks(property, index)
    }

    #[inline(always)]
    fn told_by_checks(&mut self, property: &'a Property, value: usize) -> Asked {
        if self.by_site && self.is_at_fault(value) {
            return Ok(());
        }
        property
            .checks
            .iter()
            .try_for_each(|check| self.check(check, value))
    }

    fn named_type(&mut self, key: Key) -> Asked {
        let text = self.lexer.text()?;
        self.room
            .tape
            .push(key, Form::Text, text.escaped, text.start, text.end);
        Ok(())
    }

    /// A value of a property whose texts recur: where it is the one that objects of the shape had
    /// the last time, it is in order as that was.
    #[inline(never)]
    fn recurring(&mut self, property: &'a Property, key: Key, shape: ShapeNumber) -> Asked {
        let start = self.lexer.at;
        let rest = self.lexer.bytes.get(start..).unwrap_or_default();
        if let Some(length) = self.learned.shapes.same_text(shape, rest) {
            let end = start + length;
            self.room
                .tape
                .push(key, Form::Text, false, start + 1, end - 1);
            self.lexer.at = end;
            return Ok(());
        }
        self.other_recurring(property, key, shape)
    }

    #[inline(never)]
    fn other_recurring(&mut self, property: &'a Property, key: Key, shape: ShapeNumber) -> Asked {
        let (index, singular) = (self.room.tape.len(), self.singular);
        match property.kind {
            Kind::Primitive(primitive) => {
                if let Err(reason) = self.text(property, primitive, key) {
                    return self.misread(property, key, reason);
                }
            }
            _ => self.named_type(key)?,
        }
        self.told_by_checks(property, index)?;
        if shape != NO_SHAPE && !self.pending && self.singular == singular {
            let entry = self.room.tape.at(index);
            if entry.form == Form::Text && !entry.escaped {
                self.learned.shapes.keep_text(shape, self.json(index));
            }
        }
        Ok(())
    }

    /// A resource inside the line's own.
    fn inside(&mut self, key: Key, depth: u32, enter: impl Fn(&mut Place)) -> Asked {
        self.singular += 1;
        let place = self.place;
        if place.is_contained {
            return Err(Reason::Inline);
        }
        enter(&mut self.place);
        self.contains |= self.place.is_contained;
        // what others in the line wait for is nothing to this one: all of them ask at once
        let others_wait = std::mem::take(&mut self.pending);
        let read = self.resource(key, depth + 1);
        self.pending |= others_wait;
        self.place = place;
        read.map(|_| ())
    }

    #[inline(always)]
    fn primitive(&mut self, property: &'a Property, primitive: Primitive, key: Key) -> Asked {
        match primitive {
            Primitive::Boolean
            | Primitive::Integer
            | Primitive::Positive
            | Primitive::Unsigned
            | Primitive::Decimal => self.plain_primitive(property, primitive, key),
            Primitive::Xhtml => self.xhtml(property, key),
            _ => self.text(property, primitive, key),
        }
    }

    #[inline(never)]
    fn xhtml(&mut self, property: &'a Property, key: Key) -> Asked {
        let Some(text) = self.plain_narrative() else {
            return self.text(property, Primitive::Xhtml, key);
        };
        self.room
            .tape
            .push(key, Form::Text, text.escaped, text.start, text.end);
        Ok(())
    }

    /// A string.
    #[inline(never)]
    fn text(&mut self, property: &'a Property, primitive: Primitive, key: Key) -> Asked {
        let last = &mut self.learned.id;
        let behind_quote = self.lexer.plain_rest().and_then(|b| b.strip_prefix(b"\""));
        let Some(length) = behind_quote.and_then(|bytes| length_of(primitive, bytes, last)) else {
            return self.text_of_any_line(property, primitive, key);
        };
        let start = self.lexer.at + 1;
        let text = Text {
            start,
            end: start + length,
            escaped: false,
        };
        self.lexer.at = text.end + 1;
        self.take_text(property, key, text)
    }

    #[inline(never)]
    fn text_of_any_line(
        &mut self,
        property: &'a Property,
        primitive: Primitive,
        key: Key,
    ) -> Asked {
        let text = self.lexer.text()?;
        if !is_certainly(primitive, self.bytes(text), text.escaped) {
            self.other_text(property, primitive, text)?;
        }
        self.take_text(property, key, text)
    }

    #[inline(always)]
    fn take_text(&mut self, property: &'a Property, key: Key, text: Text) -> Asked {
        if property.is_unique() {
            if text.escaped {
                return Err(Reason::Value);
            }
            self.singular += 1;
            self.room.ids.push(self.bytes(text));
        }
        self.room
            .tape
            .push(key, Form::Text, text.escaped, text.start, text.end);
        Ok(())
    }

    /// A string that is not told by its bytes alone.
    #[inline(never)]
    fn other_text(&mut self, property: &Property, primitive: Primitive, text: Text) -> Asked {
        let bytes = self.bytes(text);
        let judged_by_check = primitive == Primitive::Other && property.format == NO_CHECK;
        if judged_by_check || primitive == Primitive::Xhtml && self.narrative(bytes, text.escaped) {
            return Ok(());
        }
        let json = &self.lexer.bytes[text.start - 1..text.end + 1];
        self.uncertain(property, primitive, bytes, json)
    }

    /// A boolean or a number.
    #[inline(never)]
    fn plain_primitive(&mut self, property: &'a Property, primitive: Primitive, key: Key) -> Asked {
        match primitive {
            Primitive::Boolean => {
                let value = self.lexer.boolean()?;
                let at = self.lexer.at;
                self.room.tape.push(
                    key,
                    if value { Form::True } else { Form::False },
                    false,
                    at - if value { 4 } else { 5 },
                    at,
                );
            }
            _ => {
                let digits = self.lexer.number()?;
                let text = &self.lexer.bytes[digits.start..digits.end];
                if !digits.plain
                    || (primitive != Primitive::Decimal
                        && !(digits.whole && is_whole(primitive, text)))
                {
                    self.uncertain(property, primitive, text, text)?;
                }
                self.room
                    .tape
                    .push(key, Form::Number, false, digits.start, digits.end);
            }
        }
        Ok(())
    }

    /// A primitive that is not certainly of its format. text: what is asked about; json: as it
    /// stands.
    #[inline(never)]
    fn uncertain(
        &mut self,
        property: &Property,
        primitive: Primitive,
        text: &[u8],
        json: &[u8],
    ) -> Asked {
        let format = property.format;
        if primitive == Primitive::Xhtml {
            return self.told(format, text, Reason::Narrative, self.room.tape.len());
        }
        if self.by_site {
            return self.format_in_doubt(property, format, text, json, Reason::Format);
        }
        self.answer(format, text, Reason::Format).map(|_| ())
    }

    // Rules

    pub(super) fn condition(&mut self, op: &'a Op, object: usize) -> Asked {
        match self.holds(op, object) {
            Some(true) => Ok(()),
            _ => Err(Reason::Invariant),
        }
    }

    /// Whether a condition holds; nothing where that is in doubt.
    pub(super) fn holds(&mut self, op: &'a Op, object: usize) -> Option<bool> {
        if self.pending {
            return Some(true); // what was not read is not on the tape
        }
        self.evaluation().holds(op, object)
    }

    /// What conditions on values of the innermost resource are evaluated on.
    pub(super) fn evaluation(&mut self) -> Evaluation<'a, '_> {
        Evaluation {
            names: &self.table.names,
            known: &self.table.known,
            bytes: self.lexer.bytes,
            tape: &self.room.tape,
            resource: self.resource,
            bundle: self.bundle_around(self.resource),
            by_entry: self.by_entry,
            by_site: self.by_site,
            memo: self.memo,
            bench: &mut self.room.bench,
            paths: &self.table.paths,
            questions: self.questions,
            pending: &mut self.pending,
        }
    }

    pub(super) fn check(&mut self, check: &'a ValueCheck, value: usize) -> Asked {
        match check {
            ValueCheck::Ask => Err(Reason::Value),
            ValueCheck::Text(check) if self.by_site && self.overlays == 0 => {
                self.text_in_doubt(*check, value)
            }
            ValueCheck::Text(check) if self.by_site => {
                self.told(*check, self.content(value), Reason::Code, value)
            }
            ValueCheck::Text(check) => self
                .answer(*check, self.content(value), Reason::Code)
                .map(|_| ()),
            ValueCheck::Coding(check) => self.coding(*check, value),
            ValueCheck::Concept(check) => self.concept(*check, value),
            ValueCheck::Reference { check, targets } => self.reference(*check, targets, value),
            ValueCheck::Extension {
                by_url,
                by_value,
                on_line,
                by_place,
            } => {
                let by_value = if self.place.is_line() {
                    on_line
                } else {
                    by_value
                };
                self.extension(*by_url, *by_value, *by_place, value)
            }
            ValueCheck::Condition(..) | ValueCheck::LaterCondition(..) | ValueCheck::Overlay(_)
                if self.holds_a_fault(value) =>
            {
                Err(Reason::Value)
            }
            ValueCheck::Condition(op, broken) => match self.holds(op, value) {
                Some(true) => Ok(()),
                Some(false) => self.broken(*broken, value),
                None => Err(Reason::Invariant),
            },
            ValueCheck::LaterCondition(op, broken) => {
                self.singular += 1;
                let said = self.saying();
                self.room.later.push(Later {
                    object: value,
                    resource: self.resource,
                    op,
                    broken: *broken,
                    is_of_property: true,
                    place: self.place,
                    said,
                });
                Ok(())
            }
            ValueCheck::Overlay(number) if self.is_laid_clean(*number, value) => Ok(()),
            ValueCheck::Overlay(number) => self.overlay(*number, value),
            ValueCheck::Inline(targets) => self.inline(targets, value),
            ValueCheck::Value(check) => self.told(*check, self.json(value), Reason::Value, value),
        }
    }

    /// A system and a code, parted by bytes that no JSON string holds.
    fn put_coding(&mut self, coding: usize) {
        for key in [self.table.known.codes.system, self.table.known.codes.code] {
            match self.text_of(coding, key) {
                Some(text) => self.room.scratch.extend_from_slice(text),
                None => self.room.scratch.push(0x1e),
            }
            self.room.scratch.push(0x1f);
        }
    }

    fn coding(&mut self, check: Check, coding: usize) -> Asked {
        if self.by_site && self.holds_no_text(coding) {
            return Err(Reason::Code);
        }
        self.room.scratch.clear();
        self.put_coding(coding);
        self.told_from_scratch(check, coding)
    }

    fn concept(&mut self, check: Check, concept: usize) -> Asked {
        if self.by_site && self.holds_no_text(concept) {
            return Err(Reason::Code);
        }
        self.room.scratch.clear();
        if let Some(codings) = self
            .room
            .tape
            .member(concept, self.table.known.codes.coding)
        {
            let mut at = codings + 1;
            let end = self.room.tape.at(codings).next as usize;
            while at < end {
                self.put_coding(at);
                at = self.room.tape.at(at).next as usize;
            }
        }
        self.told_from_scratch(check, concept)
    }
}
