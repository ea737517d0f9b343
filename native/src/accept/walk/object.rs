//! Objects: their names, and what holds for one as a whole where it ends.

use super::walker::{Asked, Later, Walk, DEPTH, NODE_CHECK};
use crate::accept::memo::NO_CHECK;
use crate::accept::op::Op;
use crate::accept::reason::Reason;
use crate::accept::shapes::{ShapeNumber, NO_SHAPE};
use crate::accept::table::{Bits, Node, NodeFlag, Property};
use crate::accept::tape::{Form, Key, NO_KEY};

/// What an object turned out to hold.
pub(super) struct Content {
    pub members: u32,
    pub has_id: bool,
    /// Where it has one.
    pub shape: Option<ShapeNumber>,
}

/// Which property a name is of, and whether it is that of what stands beside its value.
pub(super) enum Name {
    Value(usize),
    Companion(usize),
}

impl<'a> Walk<'a, '_> {
    /// An object, its brace yet to be taken.
    pub(super) fn object(&mut self, key: Key, number: u32, depth: u32) -> Asked<Content> {
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
            return Ok(Content {
                members: 2,
                has_id: false,
                shape: None,
            });
        };
        if depth > DEPTH {
            return Err(Reason::Depth);
        }
        self.lexer.at += 1;
        self.members(node, number, index, depth)
    }

    /// The members of an object whose brace was taken, and what holds for it as a whole.
    pub(super) fn members(
        &mut self,
        node: &'a Node,
        number: u32,
        index: usize,
        depth: u32,
    ) -> Asked<Content> {
        let root = (!self.by_site && !self.by_entry && self.lexer.peek() != b'}')
            .then(|| self.learned.shapes.root(number))
            .flatten();
        let Some(mut shape) = root else {
            return self.other_members(node, None, index, depth);
        };
        loop {
            let (number, next) = self.learned.shapes.next(shape);
            let bytes = &self.lexer.bytes[self.lexer.at..];
            let property = match node.opens(number, &self.table.names, bytes) {
                Some((property, length)) => {
                    self.lexer.at += length;
                    shape = next;
                    property
                }
                None => match self.other_way(node, shape) {
                    Some((property, next)) => {
                        shape = next;
                        property
                    }
                    None => return self.other_members(node, Some(shape), index, depth),
                },
            };
            self.property(property, depth, shape)?;
            match self.lexer.byte() {
                b',' => self.lexer.at += 1,
                b'}' => {
                    self.lexer.at += 1;
                    break;
                }
                _ if self.lexer.more(b'}')? => {}
                _ => break,
            }
        }
        self.room.tape.close(index, self.lexer.at);
        self.end_of_shape(node, shape, index)
    }

    /// The property that comes next in place of that which came the last time, its name and colon
    /// taken, and the shape with it. Nothing, and nothing taken, where that makes no shape.
    #[inline(never)]
    fn other_way(
        &mut self,
        node: &'a Node,
        shape: ShapeNumber,
    ) -> Option<(&'a Property, ShapeNumber)> {
        let before = self.lexer.at;
        self.lexer.space();
        let start = self.lexer.at;
        if start > before {
            let (number, next) = self.learned.shapes.next(shape);
            let opened = node.opens(number, &self.table.names, &self.lexer.bytes[start..]);
            if let Some((property, length)) = opened {
                self.lexer.at += length;
                return Some((property, next));
            }
        }
        let found = self.lexer.text().ok().and_then(|text| {
            self.lexer.eat(b':').ok()?;
            let number = node.find(&self.table.names, self.bytes(text))?;
            let id = self.table.known.walk.id;
            let next = self.learned.shapes.with(shape, node, number, id)?;
            Some((&node.properties[number], next))
        });
        if found.is_none() {
            self.lexer.at = start;
        }
        found
    }

    /// What holds for an object as a whole, where it has a shape and no companions.
    fn end_of_shape(
        &mut self,
        node: &'a Node,
        number: ShapeNumber,
        index: usize,
    ) -> Asked<Content> {
        let shape = self.learned.shapes.at(number);
        let content = Content {
            members: shape.members,
            has_id: shape.has_id,
            shape: Some(number),
        };
        let Some(left) = &shape.left else {
            let (seen, none) = (shape.seen, Bits::default());
            self.end_of_object(node, index, &content, &seen, &none, &none)?;
            self.learned.shapes.prove(number, node);
            return Ok(content);
        };
        let left = left.len();
        self.twins_of_object(node, index)?;
        for place in 0..left {
            let left = self.learned.shapes.at(number).left.as_deref();
            let Some(left) = left.and_then(|left| left.get(place)) else {
                break;
            };
            let (op, later) = &node.conditions[usize::from(left.condition)];
            self.condition_of_object(op.at(&left.way), *later, index)?;
        }
        Ok(content)
    }

    /// The same, name by name. shape: that of the names that were read.
    fn other_members(
        &mut self,
        node: &'a Node,
        shape: Option<ShapeNumber>,
        index: usize,
        depth: u32,
    ) -> Asked<Content> {
        let (mut seen, mut beside, mut only_id) =
            (Bits::default(), Bits::default(), Bits::default());
        let mut content = Content {
            members: 0,
            has_id: false,
            shape: None,
        };
        let mut last = 0;
        if let Some(shape) = shape.map(|number| self.learned.shapes.at(number)) {
            (seen, last) = (shape.seen, shape.last);
            (content.members, content.has_id) = (shape.members, shape.has_id);
        }
        if shape.is_none() && self.lexer.peek() == b'}' {
            self.lexer.at += 1;
        } else {
            loop {
                content.members += 1;
                let name = match self.name(node, &mut last) {
                    Err(Reason::UnknownName) => {
                        self.name_in_doubt(index)?;
                        if self.lexer.more(b'}')? {
                            continue;
                        }
                        break;
                    }
                    name => name?,
                };
                match name {
                    Name::Value(number) => {
                        let property = &node.properties[number];
                        if seen.has(number) {
                            return Err(Reason::Duplicate);
                        }
                        seen.set(number);
                        if property
                            .siblings
                            .as_ref()
                            .is_some_and(|siblings| seen.union(&beside).meets(siblings))
                        {
                            return Err(Reason::Choice);
                        }
                        content.has_id |= property.key == self.table.known.walk.id;
                        self.property(property, depth, NO_SHAPE)?;
                    }
                    Name::Companion(number) => {
                        let property = &node.properties[number];
                        if beside.has(number) {
                            return Err(Reason::Duplicate);
                        }
                        beside.set(number);
                        if property
                            .siblings
                            .as_ref()
                            .is_some_and(|siblings| seen.union(&beside).meets(siblings))
                        {
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

    /// The next name of an object and its colon. last: where the name before it is noted, 0 at the
    /// start.
    #[inline(always)]
    pub(super) fn name(&mut self, node: &'a Node, last: &mut usize) -> Asked<Name> {
        self.lexer.space();
        if let Some((number, length)) =
            node.expected(&self.table.names, *last, &self.lexer.bytes[self.lexer.at..])
        {
            self.lexer.at += length;
            *last = number + 1;
            return Ok(Name::Value(number));
        }
        self.unexpected_name(node, last)
    }

    #[inline(never)]
    fn unexpected_name(&mut self, node: &'a Node, last: &mut usize) -> Asked<Name> {
        let text = self.lexer.text().map_err(|_| Reason::Json)?;
        self.lexer.eat(b':')?;
        let name = self.bytes(text);
        if let Some(number) = node.find(&self.table.names, name) {
            node.expect(*last, number);
            *last = number + 1;
            return Ok(Name::Value(number));
        }
        let beside = name
            .strip_prefix(b"_")
            .and_then(|name| node.find(&self.table.names, name));
        match beside {
            Some(number) if node.properties[number].takes_companion() => {
                Ok(Name::Companion(number))
            }
            _ => {
                self.room.sites.unknown = (text.start - 1, text.end + 1);
                Err(Reason::UnknownName)
            }
        }
    }

    fn end_of_object(
        &mut self,
        node: &'a Node,
        index: usize,
        content: &Content,
        seen: &Bits,
        beside: &Bits,
        only_id: &Bits,
    ) -> Asked {
        if node.flags & (NodeFlag::RESOURCE | NodeFlag::MAY_BE_EMPTY) == 0
            && content.members < 2
            && (content.members == 0 || content.has_id)
        {
            self.rule_in_doubt(index, Reason::Empty)?;
        }
        let mut there = *seen;
        if !beside.is_empty() {
            there = seen.union(beside);
            for number in beside.each() {
                let property = &node.properties[number];
                if property.is_list() {
                    self.companions_have_values(property, index)?;
                }
                if seen.has(number) {
                    continue;
                }
                if only_id.has(number) {
                    return Err(Reason::Empty);
                }
                if property.empty_asks() {
                    return Err(Reason::Companion);
                }
            }
        }
        if !node.required.iter().all(|names| names.meets(&there)) {
            self.missing(node, index, &there)?;
        }
        if self.by_site {
            self.rules_read_a_fault(node, index)?;
        }
        self.twins_of_object(node, index)?;
        if node.flags & NodeFlag::PLAIN_REFERENCE != 0 && !beside.is_empty() {
            self.reference_with_companions(index)?;
        }
        node.conditions
            .iter()
            .try_for_each(|(op, later)| self.condition_of_object(op, *later, index))
    }

    /// What twins say of an object, where its type has any.
    #[inline(always)]
    fn twins_of_object(&mut self, node: &Node, index: usize) -> Asked {
        let twins = NodeFlag::IDENTIFIER | NodeFlag::ATTACHMENT | NodeFlag::SECURITY_LABELS;
        if node.flags & twins == 0 {
            return Ok(());
        }
        self.twins(node, index)
    }

    #[inline(never)]
    fn twins(&mut self, node: &Node, index: usize) -> Asked {
        if node.flags & NodeFlag::IDENTIFIER != 0 {
            self.identifier(index)
                .or_else(|reason| self.rule_in_doubt(index, reason))?;
        }
        if node.flags & NodeFlag::ATTACHMENT != 0 {
            self.attachment(index)
                .or_else(|reason| self.rule_in_doubt(index, reason))?;
        }
        if node.flags & NodeFlag::SECURITY_LABELS != 0 {
            self.security_labels(index)
                .or_else(|reason| self.rule_in_doubt(index, reason))?;
        }
        Ok(())
    }

    #[inline]
    fn condition_of_object(&mut self, op: &'a Op, later: bool, index: usize) -> Asked {
        if later {
            self.singular += 1;
            let said = self.saying();
            self.room.later.push(Later {
                object: index,
                resource: self.resource,
                op,
                broken: NO_CHECK,
                is_of_property: false,
                place: self.place,
                said,
            });
            return Ok(());
        }
        self.condition(op, index)
            .or_else(|reason| self.rule_in_doubt(index, reason))
    }

    /// The value of ``_name``: an object with an id or extensions, or a list of such objects and
    /// nulls. True where it has an id only.
    fn companion(&mut self, property: &'a Property, depth: u32) -> Asked<bool> {
        if property.is_list() {
            return self.companions(property, depth).map(|()| false);
        }
        let content = self.object(property.companion, property.beside, depth + 1)?;
        match content.members {
            0 => Err(Reason::Empty),
            members => Ok(members == 1 && content.has_id),
        }
    }

    fn companions(&mut self, property: &'a Property, depth: u32) -> Asked {
        if self.lexer.peek() != b'[' {
            return Err(Reason::Form);
        }
        let at = self.lexer.at;
        let index = self
            .room
            .tape
            .push(property.companion, Form::Array, false, at, at);
        self.lexer.at += 1;
        if self.lexer.peek() == b']' {
            return Err(Reason::Empty);
        }
        loop {
            if self.lexer.peek() == b'n' {
                let at = self.lexer.null()?;
                self.room.tape.push(NO_KEY, Form::Null, false, at, at + 4);
            } else {
                let content = self.object(NO_KEY, property.beside, depth + 1)?;
                if content.members == 0 {
                    return Err(Reason::Empty);
                }
            }
            if !self.lexer.more(b']')? {
                break;
            }
        }
        self.room.tape.close(index, self.lexer.at);
        Ok(())
    }

    /// Each companion of a list stands beside a value; one that stands for a value of its own is
    /// left to the explainer.
    fn companions_have_values(&self, property: &Property, object: usize) -> Asked {
        let tape = &self.room.tape;
        let count = |key| {
            tape.member(object, key)
                .map_or(0, |list| tape.inside(list).count())
        };
        if count(property.companion) > count(property.key) {
            return Err(Reason::Companion);
        }
        Ok(())
    }
}
