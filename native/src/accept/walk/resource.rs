//! A line from its first byte to its verdict, and each resource in it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::frames::NO_FRAME;
use super::mention::Place;
use super::walker::{is_too_large, Asked, Learned, Outcome, Room, Search, Walk, TYPE_CHECK};
use crate::accept::concepts::Concepts;
use crate::accept::lexer::{Lexer, Text};
use crate::accept::memo::{Memo, Questions};
use crate::accept::reason::Reason;
use crate::accept::table::{Node, NodeFlag, Table};
use crate::accept::tape::{Form, Key, NO_KEY};

/// A resource's type, as nearly all writers have it.
const TYPE: &[u8] = b"\"resourceType\":\"";
static TYPES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(TYPE));

/// How a line is walked: with guesses of the types that resources do not begin with, or without.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Guessing,
    Plain,
    BySiteGuessing,
    BySite,
    ByEntry,
}

/// Why a line is to be walked another way.
enum Again {
    /// A guess of a type may be why it is not accepted.
    Guessed,
    /// It is a Bundle of which not each value in doubt can be told.
    Bundle,
}

impl<'a, 'r> Walk<'a, 'r> {
    pub fn line(
        table: &'a Table,
        memo: &'a Memo,
        room: &'r mut Room<'a>,
        learned: &'r mut Learned,
        questions: &'r mut Questions,
        line: &'a [u8],
        search: Search,
    ) -> Outcome {
        let mut once = |way| Walk::once(table, memo, room, learned, questions, line, search, way);
        let mut told = match search {
            Search::Valid => once(Way::Guessing),
            Search::Doubts => once(Way::BySiteGuessing),
            Search::Entries => once(Way::ByEntry),
        };
        if let Err(Again::Guessed) = told {
            told = once(match search {
                Search::Doubts => Way::BySite,
                _ => Way::Plain,
            });
        }
        if let Err(Again::Bundle) = told {
            told = once(Way::ByEntry);
        }
        told.unwrap_or(Outcome::Asked(Reason::ResourceType))
    }

    #[allow(clippy::too_many_arguments)] // they are a walk's
    fn once<'w>(
        table: &'a Table,
        memo: &'a Memo,
        room: &'w mut Room<'a>,
        learned: &'w mut Learned,
        questions: &'w mut Questions,
        line: &'a [u8],
        search: Search,
        way: Way,
    ) -> Result<Outcome, Again> {
        room.clear();
        if learned.concepts.is_full() {
            learned.concepts = Concepts::default();
        }
        if is_too_large(line) {
            return Ok(Outcome::Asked(Reason::Limit));
        }
        let mut walk = Walk {
            table,
            memo,
            lexer: Lexer::new(line),
            room,
            learned,
            questions,
            pending: false,
            singular: 0,
            concept_before: 0,
            resource: 0,
            type_number: 0,
            place: Place::default(),
            contains: false,
            overlays: 0,
            frame: NO_FRAME,
            search,
            by_entry: way == Way::ByEntry,
            by_site: matches!(way, Way::BySiteGuessing | Way::BySite),
            guesses: matches!(way, Way::Guessing | Way::BySiteGuessing),
            guessed: 0,
            last_guess: 0,
        };
        if walk.lexer.is_misspelled {
            return Ok(Outcome::Misspelled);
        }
        let walked = match way {
            Way::Guessing | Way::Plain => walk
                .whole()
                .map(|(type_number, id)| Outcome::Accepted { type_number, id }),
            Way::BySiteGuessing | Way::BySite => walk
                .whole()
                .map(|(type_number, id)| Outcome::Sited { type_number, id }),
            Way::ByEntry => walk.parted().map(|()| Outcome::Parted),
        };
        let is_sure = walked.is_ok() || walk.pending || walk.has_guessed_right();
        Ok(match walked {
            Err(_) if walk.lexer.is_misspelled => Outcome::Misspelled,
            _ if walk.pending => Outcome::Pending,
            Err(_) if !is_sure => return Err(Again::Guessed),
            Err(_) if walk.by_site && walk.in_bundle() => return Err(Again::Bundle),
            Ok(outcome) => {
                if walk.by_site {
                    walk.room.sites.settle(table, &walk.room.tape, line);
                }
                outcome
            }
            Err(reason) => Outcome::Asked(reason),
        })
    }

    fn whole(&mut self) -> Asked<(u16, (u32, u32))> {
        let type_number = self.resource(NO_KEY, 0)?;
        if self.lexer.peek() != 0 || self.lexer.at != self.lexer.bytes.len() {
            return Err(Reason::Json);
        }
        if self.pending {
            return Ok((0, (0, 0)));
        }
        self.settle()?;
        if !self.by_site {
            self.narrative_links()?;
        }
        if self.by_site && self.links_to_a_fault() {
            return Err(Reason::Narrative);
        }
        let later = std::mem::take(&mut self.room.later);
        for one in &later {
            if self.is_dropped(one.said.frame) {
                continue;
            }
            (self.resource, self.place) = (one.resource, one.place);
            let held = if self.by_site && self.reads_a_fault(one.op) {
                None
            } else {
                self.holds(one.op, one.object)
            };
            match held {
                Some(true) => {}
                held if self.by_site => self.later_in_doubt(one, held == Some(false))?,
                _ => return Err(Reason::Invariant),
            }
        }
        if self.by_site {
            self.spread_by_site()?;
            if self.narrative_links().is_err() {
                self.links_in_doubt()?;
            }
        }
        self.room.later = later; // its room is used again
        match self
            .room
            .tape
            .member(0, self.table.known.walk.id)
            .map(|id| self.room.tape.at(id))
        {
            None => Ok((type_number, (0, 0))),
            Some(id) if id.form != Form::Text => Ok((type_number, (0, 0))),
            Some(id) if id.escaped => Err(Reason::Value), // its bytes are not the id
            Some(id) => Ok((type_number, (id.start, id.end))),
        }
    }
}

impl<'a> Walk<'a, '_> {
    /// A resource: the line's own, a contained one, or an entry's.
    pub(super) fn resource(&mut self, key: Key, depth: u32) -> Asked<u16> {
        if self.lexer.peek() != b'{' {
            return Err(Reason::Form);
        }
        let start = self.lexer.at;
        let last = self.last_type_again();
        let (mut name, mut guess) = (&b""[..], None);
        if last.is_none() {
            (name, guess) = match self.guessed_type() {
                Some(name) => (self.bytes(name), Some(name.start)),
                None => (self.type_ahead()?, None),
            };
        }
        let Some((node, number, type_number)) = last.or_else(|| self.type_of_name(name)) else {
            self.answer(TYPE_CHECK, name, Reason::ResourceType)?;
            self.pending = true;
            self.lexer.at = start;
            self.lexer.skip()?;
            self.room
                .tape
                .push(key, Form::Object, false, start, self.lexer.at);
            return Ok(0);
        };
        let is_bundle = node.flags & NodeFlag::BUNDLE != 0;
        if is_bundle && self.place.is_contained {
            return Err(Reason::Bundle);
        }
        if self.by_site && node.flags & NodeFlag::PARAMETERS != 0 {
            return Err(Reason::Inline); // references lead to what is in parameters
        }
        if self.by_site && is_bundle && !self.place.is_line() {
            // By site, only entries of the line's own Bundle are told apart.
            return Err(Reason::Bundle);
        }
        let index = self.room.tape.push(key, Form::Object, false, start, start);
        if is_bundle || node.flags & NodeFlag::PARAMETERS != 0 {
            self.enter_holder(index, is_bundle);
        }
        let outer_type = std::mem::replace(&mut self.type_number, type_number);
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
        if self.by_site && place.is_entry && !place.is_contained {
            self.room.sites.inline.push(index);
        }
        self.lexer.at = start + 1;
        let content = self.members(node, number, index, depth)?;
        if index > 0 && content.members < 2 {
            return Err(Reason::Empty); // whether it exists is not to be seen from its name
        }
        self.room.tape.close(index, self.lexer.at);
        if guess.is_some() && guess != self.type_place(index) {
            return Err(Reason::ResourceType);
        }
        self.distinct_ids(first_id)?;
        if !self.pending {
            if self.by_site {
                self.claims_in_doubt(node, index)?;
            } else {
                self.claimed_profiles(node, index, content.shape)?;
            }
            if self.contains && !place.is_contained {
                self.contained(index, first_mention)?;
            }
        }
        (self.resource, self.place, self.type_number) = (outer, place, outer_type);
        Ok(type_number)
    }

    /// What `type_of_name` says of the last resource's type, where the resource that the lexer
    /// stands before begins with it, as most do.
    #[inline]
    fn last_type_again(&self) -> Option<(&'a Node, u32, u16)> {
        let (number, type_number) = self.learned.last_type?;
        let name = self.table.type_names.get(usize::from(type_number))?;
        let resource = self.lexer.bytes.get(self.lexer.at + 1..)?;
        let rest = resource.strip_prefix(TYPE)?.strip_prefix(&**name)?;
        let node = self
            .table
            .node_at(number)
            .filter(|_| rest.starts_with(b"\""));
        node.map(|node| (node, number, type_number))
    }

    /// The node of a type, its number and that of the type. Most resources are of the type that the
    /// one before was.
    #[inline]
    fn type_of_name(&mut self, name: &[u8]) -> Option<(&'a Node, u32, u16)> {
        let names = &self.table.type_names;
        let is_it = |&(_, last): &(u32, u16)| *names[usize::from(last)] == *name;
        let (number, type_number) = match self.learned.last_type.filter(is_it) {
            Some(last) => last,
            None => *self.learned.last_type.insert(*self.table.types.get(name)?),
        };
        Some((self.table.node_at(number)?, number, type_number))
    }

    /// The type of a resource that does not begin with it, told without a look at what stands
    /// before: braces in strings may mislead. Where it is right, the resource holds it there. The
    /// lexer stands before the resource's brace, and stays.
    fn guessed_type(&mut self) -> Option<Text> {
        let resource = &self.lexer.bytes[self.lexer.at..];
        if !self.guesses || resource[1..].starts_with(TYPE) {
            return None;
        }
        let (mut at, mut depth) = (0, 0usize);
        for place in TYPES.find_iter(resource) {
            let count = |brace| memchr::memchr_iter(brace, &resource[at..place]).count();
            depth = (depth + count(b'{')).checked_sub(count(b'}'))?;
            at = place;
            if depth == 1 {
                let start = place + TYPE.len();
                let length = memchr::memchr2(b'"', b'\\', &resource[start..])?;
                let start = self.lexer.at + start;
                (self.guessed, self.last_guess) = (self.guessed + 1, start);
                return Some(Text {
                    start,
                    end: start + length,
                    escaped: false,
                });
            }
        }
        self.guesses = false; // a line is not searched again and again
        None
    }

    /// Where the type stands that an object on the tape names.
    fn type_place(&self, object: usize) -> Option<usize> {
        let tape = &self.room.tape;
        let member = tape.member(object, self.table.known.walk.resource_type)?;
        Some(tape.at(member).start as usize)
    }

    /// Whether the types that were guessed of a line that is not accepted are right, and so do not
    /// count for that: none was, or that of the line's own resource alone.
    fn has_guessed_right(&mut self) -> bool {
        if self.guessed == 0 {
            return true;
        }
        self.lexer.at = 0;
        self.guessed == 1
            && self.lexer.peek() == b'{'
            && self
                .type_text()
                .is_ok_and(|text| text.start == self.last_guess)
    }

    /// The type that a resource names, looked up ahead; the lexer stands before its brace, and is
    /// moved.
    pub(super) fn type_ahead(&mut self) -> Asked<&'a [u8]> {
        self.type_text().map(|text| self.bytes(text))
    }

    fn type_text(&mut self) -> Asked<Text> {
        self.lexer.at += 1;
        loop {
            let name = self.lexer.text().map_err(|_| Reason::ResourceType)?;
            self.lexer.eat(b':')?;
            if self.bytes(name) == b"resourceType" {
                let found = self.lexer.text().map_err(|_| Reason::ResourceType)?;
                return if found.escaped {
                    Err(Reason::ResourceType)
                } else {
                    Ok(found)
                };
            }
            self.lexer.skip()?;
            if !self.lexer.more(b'}')? {
                return Err(Reason::ResourceType);
            }
        }
    }
}
