//! One line, walked once over its bytes: form, names, primitives as they come, what concerns a whole object where it ends.

use crate::lexer::{Lexer, Text};
use crate::memo::{Answer, Check, Memo, Questions, LONGEST_QUESTION, NO_CHECK};
use crate::op::{Evaluation, Key, Op};
use crate::primitives::{every, is_certainly, is_whole, Primitive};
use crate::reason::Reason;
use crate::table::{Bits, Group, Item, Kind, Member, Node, Property, Table, ValueCheck, IS_ATTACHMENT, IS_IDENTIFIER, IS_META, IS_PLAIN_REFERENCE, IS_RESOURCE, MAY_BE_EMPTY};
use crate::tape::{Form, Tape, NO_KEY};

/// Checks that are answered by additions to the table.
pub const TYPE_CHECK: Check = 0;
pub const NODE_CHECK: Check = 1;
pub const OVERLAY_CHECK: Check = 2;

/// Objects in objects at the most; the explainer goes deeper.
const DEPTH: u32 = 64;
/// Ids of elements in one resource that are compared one with all.
const FEW_IDS: usize = 64;
const MOST_SLICES: usize = 64;
/// Contained resources, and references to them, that are compared each with each.
const MOST_CONTAINED: usize = 256;
const MOST_LOCALS: usize = 4096;
/// Longer lines go to the explainer, so that a walk takes little memory.
const LONGEST: usize = 16 << 20;

type Asked<T = ()> = Result<T, Reason>;

/// What came of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Certainly valid. The number of its type; where its id stands.
    Accepted { type_number: u16, id: (u32, u32) },
    /// Questions were raised: walk it again when they are answered.
    Pending,
    Asked(Reason),
}

struct Local<'a> {
    reference: &'a [u8],
    targets: &'a [Box<[u8]>],
    is_contained: bool,
}

/// What walks over many lines of a block use again.
#[derive(Default)]
pub struct Room<'a> {
    tape: Tape,
    ids: Vec<&'a [u8]>,
    locals: Vec<Local<'a>>,
    later: Vec<(usize, usize, &'a Op)>,
    scratch: Vec<u8>,
    /// Value sets of codes that were accepted undecided, for the line.
    pub undecided: Vec<u32>,
}

pub struct Walk<'a, 'r> {
    table: &'a Table,
    memo: &'a Memo,
    lexer: Lexer<'a>,
    room: &'r mut Room<'a>,
    questions: &'r mut Questions,
    pending: bool,
    is_contained: bool,
    resource: usize,
    /// Overlays inside overlays that are being looked at.
    overlays: u32,
}

/// What an object turned out to hold.
struct Content {
    members: usize,
    has_id: bool,
}

/// Which property a name is of, and whether it is that of what stands beside its value.
enum Name {
    Value(usize),
    Companion(usize),
}

impl<'a, 'r> Walk<'a, 'r> {
    pub fn line(table: &'a Table, memo: &'a Memo, room: &'r mut Room<'a>, questions: &'r mut Questions, line: &'a [u8]) -> Outcome {
        room.tape.clear();
        room.ids.clear();
        room.locals.clear();
        room.later.clear();
        room.undecided.clear();
        if line.len() > LONGEST {
            return Outcome::Asked(Reason::Limit);
        }
        let mut walk = Walk { table, memo, lexer: Lexer::new(line), room, questions, pending: false, is_contained: false, resource: 0, overlays: 0 };
        match walk.whole() {
            _ if walk.pending => Outcome::Pending,
            Ok((type_number, id)) => Outcome::Accepted { type_number, id },
            Err(reason) => Outcome::Asked(reason),
        }
    }

    fn whole(&mut self) -> Asked<(u16, (u32, u32))> {
        let type_number = self.resource(NO_KEY, 0)?;
        if self.lexer.peek() != 0 || self.lexer.at != self.lexer.bytes.len() {
            return Err(Reason::Json);
        }
        if self.pending {
            return Ok((0, (0, 0)));
        }
        for (object, resource, op) in std::mem::take(&mut self.room.later) {
            self.resource = resource;
            self.condition(op, object)?;
        }
        self.contained()?;
        match self.room.tape.member(0, self.table.known.id).map(|id| self.room.tape.at(id)) {
            None => Ok((type_number, (0, 0))),
            Some(id) if id.escaped => Err(Reason::Value), // its bytes are not the id
            Some(id) => Ok((type_number, (id.start, id.end))),
        }
    }

    // Questions

    /// The answer to a question about the bytes; `None`, and the line pending, where it is yet to be given.
    fn answer(&mut self, check: Check, text: &[u8], reason: Reason) -> Asked<Option<Answer>> {
        if check == NO_CHECK {
            return Err(reason);
        }
        match self.memo.get(check, text) {
            Some(Answer { value: 0, .. }) => Err(reason),
            Some(answer) => {
                if answer.undecided != 0 {
                    self.room.undecided.extend_from_slice(self.memo.undecided(answer.undecided));
                }
                Ok(Some(answer))
            }
            None if text.len() > LONGEST_QUESTION => Err(reason),
            None => {
                self.questions.add(check, text);
                self.pending = true;
                Ok(None)
            }
        }
    }

    fn answer_to_scratch(&mut self, check: Check, reason: Reason) -> Asked<Option<Answer>> {
        let scratch = std::mem::take(&mut self.room.scratch);
        let answer = self.answer(check, &scratch, reason);
        self.room.scratch = scratch;
        answer
    }

    // JSON values

    fn bytes(&self, text: Text) -> &'a [u8] {
        &self.lexer.bytes[text.start..text.end]
    }

    fn content(&self, entry: usize) -> &'a [u8] {
        let entry = self.room.tape.at(entry);
        &self.lexer.bytes[entry.start as usize..entry.end as usize]
    }

    /// The JSON of a value, a string with its quotes.
    fn json(&self, entry: usize) -> &'a [u8] {
        let entry = self.room.tape.at(entry);
        let quote = usize::from(entry.form == Form::Text);
        &self.lexer.bytes[entry.start as usize - quote..entry.end as usize + quote]
    }

    /// The bytes of a member that is a string.
    fn text_of(&self, object: usize, key: Key) -> Option<&'a [u8]> {
        self.room.tape.member(object, key).filter(|&found| self.room.tape.at(found).form == Form::Text).map(|found| self.content(found))
    }

    fn resource(&mut self, key: Key, depth: u32) -> Asked<u16> {
        if self.lexer.peek() != b'{' {
            return Err(Reason::Form);
        }
        let start = self.lexer.at;
        let name = self.resource_type()?;
        let known = self.table.types.get(name).and_then(|&(number, type_number)| Some((self.table.node_at(number)?, type_number)));
        let Some((node, type_number)) = known else {
            self.answer(TYPE_CHECK, name, Reason::ResourceType)?;
            self.pending = true;
            self.lexer.at = start;
            self.lexer.skip()?;
            self.room.tape.push(key, Form::Object, false, start, self.lexer.at);
            return Ok(0);
        };
        let (outer, first_id) = (self.resource, self.room.ids.len());
        let index = self.room.tape.push(key, Form::Object, false, start, start);
        self.resource = index;
        self.lexer.at = start + 1;
        self.members(node, index, depth)?;
        self.room.tape.close(index, self.lexer.at);
        self.distinct_ids(first_id)?;
        if !self.pending {
            self.meta(node, index)?;
        }
        self.resource = outer;
        Ok(type_number)
    }

    /// The type that a resource names, looked up ahead; the lexer stands before its brace, and is moved.
    fn resource_type(&mut self) -> Asked<&'a [u8]> {
        self.lexer.at += 1;
        loop {
            let name = self.lexer.text().map_err(|_| Reason::ResourceType)?;
            self.lexer.eat(b':')?;
            if self.bytes(name) == b"resourceType" {
                let found = self.lexer.text().map_err(|_| Reason::ResourceType)?;
                return if found.escaped { Err(Reason::ResourceType) } else { Ok(self.bytes(found)) };
            }
            self.lexer.skip()?;
            if !self.lexer.more(b'}')? {
                return Err(Reason::ResourceType);
            }
        }
    }

    /// An object, its brace yet to be taken.
    fn object(&mut self, key: Key, number: u32, depth: u32) -> Asked<(usize, Content)> {
        if self.lexer.peek() != b'{' {
            return Err(Reason::Form);
        }
        let start = self.lexer.at;
        let index = self.room.tape.push(key, Form::Object, false, start, start);
        let Some(node) = self.table.node_at(number) else {
            self.answer(NODE_CHECK, &number.to_le_bytes(), Reason::Table)?;
            self.pending = true;
            self.lexer.skip()?;
            self.room.tape.close(index, self.lexer.at);
            return Ok((index, Content { members: 2, has_id: false }));
        };
        if depth > DEPTH {
            return Err(Reason::Depth);
        }
        self.lexer.at += 1;
        let content = self.members(node, index, depth)?;
        Ok((index, content))
    }

    /// The members of an object whose brace was taken, and what holds for it as a whole.
    fn members(&mut self, node: &'a Node, index: usize, depth: u32) -> Asked<Content> {
        let (mut seen, mut beside, mut only_id) = (Bits::default(), Bits::default(), Bits::default());
        let mut content = Content { members: 0, has_id: false };
        if self.lexer.peek() == b'}' {
            self.lexer.at += 1;
        } else {
            let mut last = 0;
            loop {
                content.members += 1;
                match self.name(node, &mut last)? {
                    Name::Value(number) => {
                        let property = &node.properties[number];
                        if seen.has(number) {
                            return Err(Reason::Duplicate);
                        }
                        seen.set(number);
                        if property.siblings.as_ref().is_some_and(|siblings| seen.union(&beside).meets(siblings)) {
                            return Err(Reason::Choice);
                        }
                        content.has_id |= property.key == self.table.known.id;
                        self.property(property, depth)?;
                    }
                    Name::Companion(number) => {
                        let property = &node.properties[number];
                        if beside.has(number) {
                            return Err(Reason::Duplicate);
                        }
                        beside.set(number);
                        if property.siblings.as_ref().is_some_and(|siblings| seen.union(&beside).meets(siblings)) {
                            return Err(Reason::Choice);
                        }
                        if self.companion(property, depth)? {
                            only_id.set(number);
                        }
                    }
                }
                if !self.lexer.more(b'}')? {
                    break;
                }
            }
        }
        self.room.tape.close(index, self.lexer.at);
        self.end_of_object(node, index, &content, &seen, &beside, &only_id)?;
        Ok(content)
    }

    /// The next name of an object and its colon. last: where the name before it is noted, 0 at the start.
    #[inline]
    fn name(&mut self, node: &'a Node, last: &mut usize) -> Asked<Name> {
        self.lexer.space();
        if let Some((number, length)) = node.expected(self.table, *last, &self.lexer.bytes[self.lexer.at..]) {
            self.lexer.at += length;
            *last = number + 1;
            return Ok(Name::Value(number));
        }
        let name = self.lexer.text().map_err(|_| Reason::Json)?;
        self.lexer.eat(b':')?;
        let name = self.bytes(name);
        if let Some(number) = node.find(self.table, name) {
            node.expect(*last, number);
            *last = number + 1;
            return Ok(Name::Value(number));
        }
        let number = name.strip_prefix(b"_").and_then(|name| node.find(self.table, name)).ok_or(Reason::UnknownName)?;
        if node.properties[number].takes_companion() {
            Ok(Name::Companion(number))
        } else {
            Err(Reason::UnknownName)
        }
    }

    fn end_of_object(&mut self, node: &'a Node, index: usize, content: &Content, seen: &Bits, beside: &Bits, only_id: &Bits) -> Asked {
        if node.flags & (IS_RESOURCE | MAY_BE_EMPTY) == 0 && content.members < 2 && (content.members == 0 || content.has_id) {
            return Err(Reason::Empty);
        }
        let mut there = *seen;
        if !beside.is_empty() {
            there = seen.union(beside);
            for number in beside.each().filter(|&number| !seen.has(number)) {
                if only_id.has(number) {
                    return Err(Reason::Empty);
                }
                if node.properties[number].empty_asks() {
                    return Err(Reason::Companion);
                }
            }
        }
        if !node.required.iter().all(|names| names.meets(&there)) {
            return Err(Reason::Cardinality);
        }
        if node.flags & IS_IDENTIFIER != 0 {
            self.identifier(index)?;
        }
        if node.flags & IS_ATTACHMENT != 0 {
            self.attachment(index)?;
        }
        if node.flags & IS_META != 0 && self.room.tape.member(index, self.table.known.security).is_some_and(|labels| self.room.tape.inside(labels).count() > 1) {
            return Err(Reason::Value);
        }
        if node.flags & IS_PLAIN_REFERENCE != 0 && !beside.is_empty() {
            return Err(Reason::Reference);
        }
        for (op, later) in &node.conditions {
            if *later {
                self.room.later.push((index, self.resource, op));
            } else {
                self.condition(op, index)?;
            }
        }
        Ok(())
    }

    /// The value of ``_name``: an object with an id or extensions. True where it has an id only.
    fn companion(&mut self, property: &'a Property, depth: u32) -> Asked<bool> {
        if property.is_list() {
            return Err(Reason::Companion);
        }
        let (_, content) = self.object(property.companion, property.beside, depth + 1)?;
        match content.members {
            0 => Err(Reason::Empty),
            members => Ok(members == 1 && content.has_id),
        }
    }

    fn property(&mut self, property: &'a Property, depth: u32) -> Asked {
        if !property.is_list() {
            return self.value(property, property.key, depth);
        }
        if self.lexer.peek() != b'[' {
            return Err(Reason::Form);
        }
        let index = self.room.tape.push(property.key, Form::Array, false, self.lexer.at, self.lexer.at);
        self.lexer.at += 1;
        match self.lexer.peek() {
            b']' => return Err(Reason::Empty),
            b'n' => return Err(Reason::Null),
            _ => {}
        }
        loop {
            self.value(property, NO_KEY, depth)?;
            if !self.lexer.more(b']')? {
                break;
            }
        }
        self.room.tape.close(index, self.lexer.at);
        Ok(())
    }

    fn value(&mut self, property: &'a Property, key: Key, depth: u32) -> Asked {
        let index = match property.kind {
            Kind::Primitive(primitive) => self.primitive(property, primitive, key)?,
            Kind::Object(number) => self.object(key, number, depth + 1)?.0,
            Kind::Contained => {
                if self.is_contained || depth > 0 {
                    return Err(Reason::Inline);
                }
                let index = self.room.tape.len();
                self.is_contained = true;
                self.resource(key, depth + 1)?;
                self.is_contained = false;
                index
            }
            Kind::ResourceType => {
                let text = self.lexer.text()?;
                self.room.tape.push(key, Form::Text, text.escaped, text.start, text.end)
            }
            Kind::Ask => return Err(Reason::Inline),
        };
        property.checks.iter().try_for_each(|check| self.check(check, index))
    }

    #[inline]
    fn primitive(&mut self, property: &'a Property, primitive: Primitive, key: Key) -> Asked<usize> {
        match primitive {
            Primitive::Boolean => {
                let value = self.lexer.boolean()?;
                let at = self.lexer.at;
                Ok(self.room.tape.push(key, if value { Form::True } else { Form::False }, false, at - if value { 4 } else { 5 }, at))
            }
            Primitive::Integer | Primitive::Positive | Primitive::Unsigned | Primitive::Decimal => {
                let digits = self.lexer.number()?;
                let text = &self.lexer.bytes[digits.start..digits.end];
                if !digits.plain || (primitive != Primitive::Decimal && !(digits.whole && is_whole(primitive, text))) {
                    self.answer(property.format, text, Reason::Format)?;
                }
                Ok(self.room.tape.push(key, Form::Number, false, digits.start, digits.end))
            }
            _ => {
                let text = self.lexer.text()?;
                let bytes = self.bytes(text);
                let judged_by_check = primitive == Primitive::Other && property.format == NO_CHECK;
                if !judged_by_check && !is_certainly(primitive, bytes, text.escaped) {
                    self.answer(property.format, bytes, if primitive == Primitive::Xhtml { Reason::Narrative } else { Reason::Format })?;
                }
                if property.is_unique() {
                    if text.escaped {
                        return Err(Reason::Value);
                    }
                    self.room.ids.push(bytes);
                }
                Ok(self.room.tape.push(key, Form::Text, text.escaped, text.start, text.end))
            }
        }
    }

    // Rules

    fn condition(&mut self, op: &'a Op, object: usize) -> Asked {
        if self.pending {
            return Ok(()); // what was not read is not on the tape
        }
        let mut evaluation =
            Evaluation { bytes: self.lexer.bytes, tape: &self.room.tape, resource: self.resource, memo: self.memo, questions: self.questions, pending: &mut self.pending };
        match evaluation.holds(op, object) {
            Some(true) => Ok(()),
            _ => Err(Reason::Invariant),
        }
    }

    fn check(&mut self, check: &'a ValueCheck, value: usize) -> Asked {
        match check {
            ValueCheck::Ask => Err(Reason::Value),
            ValueCheck::Text(check) => self.answer(*check, self.content(value), Reason::Code).map(|_| ()),
            ValueCheck::Coding(check) => self.coding(*check, value),
            ValueCheck::Concept(check) => self.concept(*check, value),
            ValueCheck::Reference { check, types_only, targets } => self.reference(*check, *types_only, targets, value),
            ValueCheck::Extension { by_url, by_value } => self.extension(*by_url, *by_value, value),
            ValueCheck::Condition(op) => {
                if op.reads_resource() {
                    self.room.later.push((value, self.resource, op));
                    Ok(())
                } else {
                    self.condition(op, value)
                }
            }
            ValueCheck::Overlay(number) => self.overlay(*number, value),
            ValueCheck::Value(check) => self.answer(*check, self.json(value), Reason::Value).map(|_| ()),
        }
    }

    /// A system and a code, parted by bytes that no JSON string holds.
    fn put_coding(&mut self, coding: usize) {
        for key in [self.table.known.system, self.table.known.code] {
            match self.text_of(coding, key) {
                Some(text) => self.room.scratch.extend_from_slice(text),
                None => self.room.scratch.push(0x1e),
            }
            self.room.scratch.push(0x1f);
        }
    }

    fn coding(&mut self, check: Check, coding: usize) -> Asked {
        self.room.scratch.clear();
        self.put_coding(coding);
        self.answer_to_scratch(check, Reason::Code).map(|_| ())
    }

    fn concept(&mut self, check: Check, concept: usize) -> Asked {
        self.room.scratch.clear();
        if let Some(codings) = self.room.tape.member(concept, self.table.known.coding) {
            let mut at = codings + 1;
            let end = self.room.tape.at(codings).next as usize;
            while at < end {
                self.put_coding(at);
                at = self.room.tape.at(at).next as usize;
            }
        }
        self.answer_to_scratch(check, Reason::Code).map(|_| ())
    }

    fn reference(&mut self, check: Check, types_only: bool, targets: &'a [Box<[u8]>], value: usize) -> Asked {
        let known = self.table.known;
        let Some(found) = self.room.tape.member(value, known.reference) else { return Ok(()) };
        let (entry, text) = (self.room.tape.at(found), self.content(found));
        let typed = self.room.tape.member(value, known.type_).is_some();
        if text.starts_with(b"#") || entry.escaped {
            if typed || entry.escaped || !types_only {
                return Err(Reason::Reference);
            }
            self.room.locals.push(Local { reference: &text[1..], targets, is_contained: self.is_contained });
            return Ok(());
        }
        if typed {
            return self.answer(check, self.json(value), Reason::Reference).map(|_| ());
        }
        if leads_to_target(text, targets) {
            return Ok(());
        }
        self.answer(check, self.json(found), Reason::Reference).map(|_| ())
    }

    fn extension(&mut self, by_url: Check, by_value: Check, value: usize) -> Asked {
        let Some(url) = self.text_of(value, self.table.known.url) else { return Err(Reason::Extension) };
        match self.answer(by_url, url, Reason::Extension)?.map(|answer| answer.value) {
            None | Some(1) => Ok(()),
            Some(2) => self.answer(by_value, self.json(value), Reason::Extension).map(|_| ()),
            Some(number) => self.overlay(number - 3, value),
        }
    }

    fn identifier(&mut self, index: usize) -> Asked {
        let Some(system) = self.text_of(index, self.table.known.system) else { return Ok(()) };
        if ![&b"http:"[..], b"https:", b"urn:", b"ldap:"].iter().any(|scheme| system.starts_with(scheme)) {
            return Err(Reason::Format);
        }
        if system == b"https://tools.ietf.org/html/rfc4122" {
            return Err(Reason::Format); // the value may have to be a UUID: for the explainer to say
        }
        if system == b"urn:ietf:rfc:3986" {
            let value = self.text_of(index, self.table.known.value).unwrap_or(b"urn:");
            let absolute = [&b"http:"[..], b"https:", b"urn:"].iter().any(|scheme| value.starts_with(scheme) && value.len() > scheme.len());
            if !absolute || value.contains(&b' ') || value.contains(&b'\\') {
                return if self.room.tape.member(index, self.table.known.value).is_some() { Err(Reason::Format) } else { Ok(()) };
            }
        }
        Ok(())
    }

    /// Data without a hash, in strict base64, and of the size that is stated.
    fn attachment(&mut self, index: usize) -> Asked {
        let known = self.table.known;
        if self.room.tape.member(index, known.hash).is_some() {
            return Err(Reason::Attachment);
        }
        let Some(data) = self.text_of(index, known.data) else { return Ok(()) };
        let padding = data.iter().rev().take_while(|&&b| b == b'=').count();
        let body = &data[..data.len() - padding];
        if data.len() % 4 != 0 || padding > 2 || !every(body, |b| b.is_ascii_alphanumeric() | (b == b'+') | (b == b'/')) {
            return Err(Reason::Attachment);
        }
        let length = data.len() / 4 * 3 - padding;
        match self.room.tape.member(index, known.size) {
            Some(size) if self.content(size) != length.to_string().as_bytes() => Err(Reason::Attachment),
            _ => Ok(()),
        }
    }

    /// Ids of elements occur once in their resource.
    fn distinct_ids(&mut self, first: usize) -> Asked {
        let ids = &self.room.ids[first..];
        if ids.len() > FEW_IDS || ids.iter().enumerate().any(|(number, id)| ids[..number].contains(id)) {
            return Err(Reason::Duplicate);
        }
        self.room.ids.truncate(first);
        Ok(())
    }

    fn meta(&mut self, node: &'a Node, resource: usize) -> Asked {
        let known = self.table.known;
        let Some(meta) = self.room.tape.member(resource, known.meta) else { return Ok(()) };
        if node.profile == NO_CHECK {
            return Ok(());
        }
        let Some(profiles) = self.room.tape.member(meta, known.profile) else { return Ok(()) };
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
            match self.answer(node.profile, url, Reason::Profile)?.map(|answer| answer.value) {
                None | Some(1) => {}
                Some(number) => self.overlay(number - 2, resource)?,
            }
            at = next;
        }
        Ok(())
    }

    /// Contained resources, and the references to them.
    fn contained(&mut self) -> Asked {
        let (tape, known) = (&self.room.tape, self.table.known);
        let Some(list) = tape.member(0, known.contained) else {
            return if self.room.locals.is_empty() { Ok(()) } else { Err(Reason::Reference) };
        };
        if tape.inside(list).count() > MOST_CONTAINED || self.room.locals.len() > MOST_LOCALS {
            return Err(Reason::Limit);
        }
        let mut held: Vec<(&[u8], &[u8])> = Vec::new();
        for resource in tape.inside(list) {
            let (id, name) = (self.text_of(resource, known.id).ok_or(Reason::Contained)?, self.text_of(resource, known.resource_type).ok_or(Reason::Contained)?);
            let meta = tape.member(resource, known.meta);
            let labelled = meta.is_some_and(|meta| [known.version_id, known.last_updated, known.security].iter().any(|&key| tape.member(meta, key).is_some()));
            if labelled || tape.member(resource, known.contained).is_some() || held.iter().any(|(other, _)| *other == id) {
                return Err(Reason::Contained);
            }
            if !self.room.locals.iter().any(|local| !local.is_contained && local.reference == id) {
                return Err(Reason::Contained);
            }
            held.push((id, name));
        }
        for local in &self.room.locals {
            let (_, name) = held.iter().find(|(id, _)| *id == local.reference).ok_or(Reason::Reference)?;
            if !local.targets.is_empty() && !local.targets.iter().any(|target| &**target == *name) {
                return Err(Reason::Reference);
            }
        }
        Ok(())
    }

    // Profiles

    fn overlay(&mut self, number: u32, object: usize) -> Asked {
        let Some(overlay) = self.table.overlay_at(number) else {
            self.answer(OVERLAY_CHECK, &number.to_le_bytes(), Reason::Table)?;
            self.pending = true;
            return Ok(());
        };
        if self.overlays > DEPTH {
            return Err(Reason::Depth);
        }
        self.overlays += 1;
        overlay.checks.iter().try_for_each(|check| self.check(check, object))?;
        overlay.groups.iter().try_for_each(|group| self.group(group, object))?;
        self.overlays -= 1;
        Ok(())
    }

    fn group(&mut self, group: &'a Group, object: usize) -> Asked {
        let mut count = 0;
        let mut counts = [0u32; MOST_SLICES];
        let mut last = 0;
        for member in &group.members {
            let Some(found) = self.room.tape.member(object, member.key) else {
                if member.is_primitive && self.room.tape.member(object, member.companion).is_some() {
                    if member.item.empty_asks || group.slices.is_some() {
                        return Err(Reason::Profile);
                    }
                    count += 1;
                }
                continue;
            };
            let is_list = self.room.tape.at(found).form == Form::Array;
            let (mut at, end) = if is_list { (found + 1, self.room.tape.at(found).next as usize) } else { (found, found + 1) };
            while at < end {
                count += 1;
                self.item(&member.item, at)?;
                if let Some(slices) = &group.slices {
                    match self.slice(member, at)? {
                        Some(0) if slices.closed => return Err(Reason::Profile),
                        Some(0) => last = 0,
                        Some(number) => {
                            if slices.ordered && number < last {
                                return Err(Reason::Profile);
                            }
                            last = number;
                            *counts.get_mut(number - 1).ok_or(Reason::Profile)? += 1;
                            self.item(member.slices.get(number - 1).ok_or(Reason::Profile)?, at)?;
                        }
                        None => {}
                    }
                }
                at = self.room.tape.at(at).next as usize;
            }
        }
        if self.pending {
            return Ok(());
        }
        let bounds: &[(u32, u32)] = group.slices.as_ref().map_or(&[], |slices| &slices.bounds);
        if count < group.least || count > group.most || bounds.iter().zip(counts).any(|(&(least, most), count)| count < least || count > most) {
            return Err(Reason::Profile);
        }
        Ok(())
    }

    fn item(&mut self, item: &'a Item, value: usize) -> Asked {
        item.checks.iter().try_for_each(|check| self.check(check, value))
    }

    /// The number of the slice that a value is in, from 1; 0 for none.
    fn slice(&mut self, member: &'a Member, value: usize) -> Asked<Option<usize>> {
        let answer = if member.decided_by.is_empty() {
            self.answer(member.slice_check, self.json(value), Reason::Profile)?
        } else {
            self.room.scratch.clear();
            self.room.scratch.push(b'{');
            for &key in &member.decided_by {
                if let Some(found) = self.room.tape.member(value, key) {
                    if self.room.scratch.len() > 1 {
                        self.room.scratch.push(b',');
                    }
                    self.room.scratch.push(b'"');
                    self.room.scratch.extend_from_slice(&self.table.names[key as usize]);
                    self.room.scratch.extend_from_slice(b"\":");
                    let json = self.json(found);
                    self.room.scratch.extend_from_slice(json);
                }
            }
            self.room.scratch.push(b'}');
            self.answer_to_scratch(member.slice_check, Reason::Profile)?
        };
        Ok(answer.map(|answer| answer.value as usize - 1))
    }
}

/// Whether a reference certainly leads to one of the types by its form: `Patient/1`, `http://server/Patient/1`, `urn:uuid:…`.
fn leads_to_target(reference: &[u8], targets: &[Box<[u8]>]) -> bool {
    if !every(reference, |b| (0x21..0x7f).contains(&b) & (b != b'?')) || reference.ends_with(b"/") {
        return false;
    }
    let mut parts = reference.rsplit(|&b| b == b'/');
    let (_, name) = (parts.next(), parts.next());
    let Some(name) = name else { return true };
    if name.is_empty() || name == b"_history" || parts.any(|part| part == b"_history") {
        return false;
    }
    targets.is_empty() || targets.iter().any(|target| &**target == name)
}

#[cfg(test)]
mod tests {
    use super::leads_to_target;

    #[test]
    fn references_lead_to_types_by_their_form() {
        let targets: Vec<Box<[u8]>> = vec![b"Patient".to_vec().into()];
        for reference in ["Patient/1", "http://server/fhir/Patient/1", "urn:uuid:1"] {
            assert!(leads_to_target(reference.as_bytes(), &targets), "{reference}");
        }
        for reference in ["Group/1", "Patient?identifier=1", "Patient/1/_history/2", "Patient/ 1", "Patient/1/"] {
            assert!(!leads_to_target(reference.as_bytes(), &targets), "{reference}");
        }
        assert!(leads_to_target(b"Group/1", &[]));
    }
}
