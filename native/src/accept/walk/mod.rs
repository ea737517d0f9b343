//! One line, walked once over its bytes: form, names, primitives as they come, what concerns a
//! whole object where it ends.
//!
//! ```text
//! resource -> object -> value -> checks        as the bytes are read
//!          -> overlay                          profiles of a resource, where it ends
//! line     -> bundle, reference                what refers to one another, where all is read
//! ```

pub(crate) mod mention;
mod object;
mod profiles;
mod value;

use std::collections::HashSet;

use crate::accept::lexer::{Lexer, Text};
use crate::accept::memo::{Answer, Check, Memo, Questions, LONGEST_QUESTION, NO_CHECK};
use crate::accept::op::Op;
use crate::accept::reason::Reason;
use crate::accept::table::{NodeFlag, Table};
use crate::accept::tape::{Form, Key, Tape, NO_KEY};
use mention::{Mention, Place};

/// Checks that are answered by additions to the table.
const TYPE_CHECK: Check = 0;
const NODE_CHECK: Check = 1;
const OVERLAY_CHECK: Check = 2;

/// Objects in objects at the most; the explainer goes deeper.
const DEPTH: u32 = 64;
/// Longer lines go to the explainer, so that a walk takes little memory.
const LONGEST: usize = 16 << 20;

pub(crate) type Asked<T = ()> = Result<T, Reason>;

/// What came of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Certainly valid. The number of its type; where its id stands.
    Accepted {
        type_number: u16,
        id: (u32, u32),
    },
    /// Questions were raised: walk it again when they are answered.
    Pending,
    Asked(Reason),
}

/// What walks over many lines of a block use again.
#[derive(Default)]
pub struct Room<'a> {
    pub(crate) tape: Tape,
    pub(crate) ids: Vec<&'a [u8]>,
    pub(crate) mentions: Vec<Mention<'a>>,
    /// Which overlay was laid over which resource because something refers to it.
    pub(crate) followed: HashSet<(u32, usize)>,
    pub(crate) later: Vec<(usize, usize, &'a Op)>,
    pub(crate) scratch: Vec<u8>,
    /// Value sets of codes that were accepted undecided, for the line.
    pub undecided: Vec<u32>,
}

pub struct Walk<'a, 'r> {
    pub(crate) table: &'a Table,
    pub(crate) memo: &'a Memo,
    pub(crate) lexer: Lexer<'a>,
    pub(crate) room: &'r mut Room<'a>,
    pub(crate) questions: &'r mut Questions,
    pub(crate) pending: bool,
    /// The innermost resource, and where it stands.
    pub(crate) resource: usize,
    pub(crate) place: Place,
    /// Overlays inside overlays that are being looked at.
    pub(crate) overlays: u32,
}

impl<'a, 'r> Walk<'a, 'r> {
    pub fn line(
        table: &'a Table,
        memo: &'a Memo,
        room: &'r mut Room<'a>,
        questions: &'r mut Questions,
        line: &'a [u8],
    ) -> Outcome {
        room.tape.clear();
        room.ids.clear();
        room.mentions.clear();
        room.followed.clear();
        room.later.clear();
        room.undecided.clear();
        if line.len() > LONGEST {
            return Outcome::Asked(Reason::Limit);
        }
        let mut walk = Walk {
            table,
            memo,
            lexer: Lexer::new(line),
            room,
            questions,
            pending: false,
            resource: 0,
            place: Place::default(),
            overlays: 0,
        };
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
        self.settle(type_number)?;
        for (object, resource, op) in std::mem::take(&mut self.room.later) {
            self.resource = resource;
            self.condition(op, object)?;
        }
        match self
            .room
            .tape
            .member(0, self.table.known.walk.id)
            .map(|id| self.room.tape.at(id))
        {
            None => Ok((type_number, (0, 0))),
            Some(id) if id.escaped => Err(Reason::Value), // its bytes are not the id
            Some(id) => Ok((type_number, (id.start, id.end))),
        }
    }

    // Questions

    /// The answer to a question about the bytes; `None`, and the line pending, where it is yet to
    /// be given.
    pub(crate) fn answer(
        &mut self,
        check: Check,
        text: &[u8],
        reason: Reason,
    ) -> Asked<Option<Answer>> {
        if check == NO_CHECK {
            return Err(reason);
        }
        match self.memo.get(check, text) {
            Some(Answer { value: 0, .. }) => Err(reason),
            Some(answer) => {
                if answer.undecided != 0 {
                    self.room
                        .undecided
                        .extend_from_slice(self.memo.undecided(answer.undecided));
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

    fn bytes(&self, text: Text) -> &'a [u8] {
        &self.lexer.bytes[text.start..text.end]
    }

    pub(crate) fn content(&self, entry: usize) -> &'a [u8] {
        let entry = self.room.tape.at(entry);
        &self.lexer.bytes[entry.start as usize..entry.end as usize]
    }

    /// The JSON of a value, a string with its quotes.
    pub(crate) fn json(&self, entry: usize) -> &'a [u8] {
        let entry = self.room.tape.at(entry);
        let quote = usize::from(entry.form == Form::Text);
        &self.lexer.bytes[entry.start as usize - quote..entry.end as usize + quote]
    }

    /// The bytes of a member that is a string.
    pub(crate) fn text_of(&self, object: usize, key: Key) -> Option<&'a [u8]> {
        self.room
            .tape
            .member(object, key)
            .filter(|&found| self.room.tape.at(found).form == Form::Text)
            .map(|found| self.content(found))
    }

    /// A resource: the line's own, a contained one, or an entry's.
    fn resource(&mut self, key: Key, depth: u32) -> Asked<u16> {
        if self.lexer.peek() != b'{' {
            return Err(Reason::Form);
        }
        let start = self.lexer.at;
        let name = self.resource_type()?;
        let known = self
            .table
            .types
            .get(name)
            .and_then(|&(number, type_number)| Some((self.table.node_at(number)?, type_number)));
        let Some((node, type_number)) = known else {
            self.answer(TYPE_CHECK, name, Reason::ResourceType)?;
            self.pending = true;
            self.lexer.at = start;
            self.lexer.skip()?;
            self.room
                .tape
                .push(key, Form::Object, false, start, self.lexer.at);
            return Ok(0);
        };
        if node.flags & NodeFlag::BUNDLE != 0 && !self.place.is_line() {
            return Err(Reason::Bundle); // entries are looked at where the Bundle is the line
        }
        let index = self.room.tape.push(key, Form::Object, false, start, start);
        let (outer, place, first_id, first_mention) = (
            self.resource,
            self.place,
            self.room.ids.len(),
            self.room.mentions.len(),
        );
        self.resource = index;
        if !place.is_contained {
            self.place.container = index;
        }
        self.lexer.at = start + 1;
        let content = self.members(node, index, depth)?;
        if index > 0 && content.members < 2 {
            return Err(Reason::Empty); // whether it exists is not to be seen from its name
        }
        self.room.tape.close(index, self.lexer.at);
        self.distinct_ids(first_id)?;
        if !self.pending {
            self.claimed_profiles(node, index)?;
            if !place.is_contained {
                self.contained(index, first_mention)?;
            }
        }
        (self.resource, self.place) = (outer, place);
        Ok(type_number)
    }

    /// The type that a resource names, looked up ahead; the lexer stands before its brace, and is
    /// moved.
    fn resource_type(&mut self) -> Asked<&'a [u8]> {
        self.lexer.at += 1;
        loop {
            let name = self.lexer.text().map_err(|_| Reason::ResourceType)?;
            self.lexer.eat(b':')?;
            if self.bytes(name) == b"resourceType" {
                let found = self.lexer.text().map_err(|_| Reason::ResourceType)?;
                return if found.escaped {
                    Err(Reason::ResourceType)
                } else {
                    Ok(self.bytes(found))
                };
            }
            self.lexer.skip()?;
            if !self.lexer.more(b'}')? {
                return Err(Reason::ResourceType);
            }
        }
    }
}
