//! The walk by entry: which entries of a Bundle are in doubt, where the Bundle as a whole is not
//! accepted. The explainer then walks through these, and through nothing else of the others.
//!
//! An entry in doubt is left out of the tape but for what references from other entries find it by,
//! and the walk goes on behind it. Of an entry that is in order there may be something to say all
//! the same (a code of a system that is not known): those members are told too. The members of the
//! Bundle itself and its rules are not looked at here, since the explainer always does. Where an
//! entry hangs on more than it holds itself and what its references lead to, the whole line is in
//! doubt.

use super::mention::{Place, MOST_MENTIONS};
use super::object::Name;
use super::walker::{Asked, Search, Walk, TYPE_CHECK};
use crate::accept::reason::Reason;
use crate::accept::shapes::NO_SHAPE;
use crate::accept::table::{NodeFlag, Property};
use crate::accept::tape::{Form, Key, NO_KEY};
use crate::xhtml::Mark as Anchored;

/// Instead of a member: the whole entry.
const WHOLE: u32 = u32::MAX;

/// How far a walk had come before an entry.
struct Mark {
    tape: usize,
    ids: usize,
    mentions: usize,
    holders: usize,
    later: usize,
    undecided: usize,
    remarks: usize,
    anchors: Anchored,
    at: usize,
}

impl<'a> Walk<'a, '_> {
    /// Find the entries in doubt of a line that is a Bundle.
    pub(super) fn parted(&mut self) -> Asked {
        if self.lexer.peek() != b'{' {
            return Err(Reason::Form);
        }
        let start = self.lexer.at;
        let name = self.type_ahead()?;
        let node = self.table.types.get(name).copied();
        let Some((number, type_number)) = node else {
            self.pending = true;
            return self
                .answer(TYPE_CHECK, name, Reason::ResourceType)
                .map(|_| ());
        };
        let node = self.table.node_at(number).ok_or(Reason::Table)?;
        if node.flags & NodeFlag::BUNDLE == 0 {
            return Err(Reason::Bundle);
        }
        self.type_number = type_number;
        let index = self
            .room
            .tape
            .push(NO_KEY, Form::Object, false, start, start);
        self.enter_holder(index, true);
        self.lexer.at = start + 1;
        let mut last = 0;
        loop {
            match self.name(node, &mut last) {
                Ok(Name::Value(number)) => {
                    let property = &node.properties[number];
                    if property.key == self.table.known.bundle.entry {
                        self.entries(property)?;
                    } else {
                        self.own(property)?;
                    }
                }
                Ok(Name::Companion(_)) | Err(Reason::UnknownName) => self.lexer.skip()?,
                Err(reason) => return Err(reason),
            }
            if !self.lexer.more(b'}')? {
                break;
            }
        }
        self.room.tape.close(index, self.lexer.at);
        if self.pending {
            return Ok(());
        }
        self.settle_entries()
    }

    /// A member of the Bundle itself, which is of use where it is in order.
    fn own(&mut self, property: &'a Property) -> Asked {
        let mark = self.mark();
        match self.property(property, 0, NO_SHAPE) {
            Ok(()) => Ok(()),
            Err(_) => {
                self.back_to(&mark)?;
                self.lexer.skip()
            }
        }
    }

    fn entries(&mut self, property: &'a Property) -> Asked {
        if !self.room.doubts.starts.is_empty() || self.lexer.peek() != b'[' {
            return Err(Reason::Form);
        }
        let at = self.lexer.at;
        let index = self
            .room
            .tape
            .push(property.key, Form::Array, false, at, at);
        self.lexer.at += 1;
        loop {
            if self.lexer.peek() != b'{' {
                return Err(Reason::Form);
            }
            let mark = self.mark();
            self.room.doubts.starts.push(mark.tape);
            let walked = self.value(property, NO_KEY, 0, NO_SHAPE);
            // an id of an entry may be that of another one
            let doubted = walked.is_err() || self.room.ids.len() > mark.ids;
            if doubted {
                self.back_to(&mark)?;
                self.outline()?;
            }
            self.room.doubts.doubted.push(doubted);
            if !self.lexer.more(b']')? {
                break;
            }
        }
        self.room.tape.close(index, self.lexer.at);
        self.room.doubts.end = self.room.tape.len();
        Ok(())
    }

    fn mark(&self) -> Mark {
        Mark {
            tape: self.room.tape.len(),
            ids: self.room.ids.len(),
            mentions: self.room.mentions.len(),
            holders: self.room.holders.len(),
            later: self.room.later.len(),
            undecided: self.room.undecided.len(),
            remarks: self.room.doubts.remarks.len(),
            anchors: self.room.anchors.mark(),
            at: self.lexer.at,
        }
    }

    /// Forget what was met since. Nothing where the line has to be spelled otherwise.
    fn back_to(&mut self, mark: &Mark) -> Asked {
        if self.lexer.is_misspelled {
            return Err(Reason::Json);
        }
        self.room.tape.truncate(mark.tape);
        self.room.ids.truncate(mark.ids);
        self.room.mentions.truncate(mark.mentions);
        self.room.holders.truncate(mark.holders);
        self.room.later.truncate(mark.later);
        self.room.undecided.truncate(mark.undecided);
        self.room.doubts.remarks.truncate(mark.remarks);
        self.room.anchors.rewind(mark.anchors);
        self.room.bench.clear();
        self.lexer.at = mark.at;
        (self.resource, self.overlays) = (0, 0);
        self.place = Place::default();
        self.type_number = self
            .table
            .types
            .get(&b"Bundle"[..])
            .map_or(0, |&(_, type_number)| type_number);
        Ok(())
    }

    /// Put an entry on the tape as far as references from other entries find it.
    fn outline(&mut self) -> Asked {
        let known = self.table.known.bundle;
        self.outlined(NO_KEY, &mut |walk, key| {
            if key == known.full_url {
                walk.plain_text(key)
            } else if key == known.resource {
                walk.outlined(key, &mut |walk, key| {
                    if key == known.resource_type {
                        walk.plain_text(key)
                    } else {
                        walk.lexer.skip()
                    }
                })
            } else {
                walk.lexer.skip()
            }
        })
    }

    /// An object of which some members count.
    ///
    /// member: takes the value of a member by the number of its name
    fn outlined(&mut self, key: Key, member: &mut dyn FnMut(&mut Self, Key) -> Asked) -> Asked {
        let start = self.lexer.at;
        self.lexer.eat(b'{')?;
        let index = self.room.tape.push(key, Form::Object, false, start, start);
        if self.lexer.peek() == b'}' {
            self.lexer.at += 1;
        } else {
            loop {
                let name = self.lexer.text()?;
                self.lexer.eat(b':')?;
                if name.escaped {
                    return Err(Reason::Bundle);
                }
                member(self, self.outline_key(self.bytes(name)))?;
                if !self.lexer.more(b'}')? {
                    break;
                }
            }
        }
        self.room.tape.close(index, self.lexer.at);
        Ok(())
    }

    /// The number of a name that counts in an outline.
    fn outline_key(&self, name: &[u8]) -> Key {
        let known = self.table.known.bundle;
        [known.full_url, known.resource, known.resource_type]
            .into_iter()
            .find(|&key| &*self.table.names[key as usize] == name)
            .unwrap_or(NO_KEY)
    }

    fn plain_text(&mut self, key: Key) -> Asked {
        let text = self.lexer.text()?;
        if text.escaped {
            return Err(Reason::Bundle);
        }
        self.room
            .tape
            .push(key, Form::Text, false, text.start, text.end);
        Ok(())
    }

    /// Follow what refers to something else in the line, now that all of it is read.
    fn settle_entries(&mut self) -> Asked {
        let neighbours = self.neighbours_by_entry()?;
        let own = self.room.mentions.len();
        let mut number = 0;
        while let Some(&mention) = self.room.mentions.get(number) {
            number += 1;
            if number > MOST_MENTIONS {
                return Err(Reason::Limit);
            }
            let undecided = self.room.undecided.len();
            let settled = self.settled(&neighbours, mention);
            if settled.is_err() || self.room.undecided.len() > undecided {
                if number > own {
                    return Err(Reason::Profile); // whose reference led here is not known any more
                }
                self.doubt(mention.value);
            }
        }
        let astray: Vec<usize> = self.astray()?.map(|link| link.at.scope).collect();
        for resource in astray {
            self.doubt(resource);
        }
        for later in std::mem::take(&mut self.room.later) {
            self.resource = later.resource;
            if later.resource == 0 || self.condition(later.op, later.object).is_err() {
                self.doubt(later.object);
            }
        }
        if self.pending {
            return Ok(());
        }
        self.room.doubts.spread();
        if self.search == Search::Entries {
            self.part_whole_entries();
        } else {
            self.part();
        }
        Ok(())
    }

    /// Put together what is left to the explainer. An entry of which there is something to say that
    /// is about no member of its resource is left to it as a whole.
    fn part(&mut self) {
        let mut members = Vec::new();
        for at in std::mem::take(&mut self.room.doubts.remarks) {
            let Some(entry) = self.entry_at(at) else {
                continue; // of the Bundle itself
            };
            match self.member_at(entry, at) {
                Some(member) => members.push((entry as u32, member)),
                None => self.room.doubts.doubted[entry] = true,
            }
        }
        members.dedup();
        let doubts = &mut self.room.doubts;
        members.retain(|&(entry, _)| !doubts.doubted[entry as usize]);
        let doubted = doubts.doubted.iter().enumerate().filter(|(_, &one)| one);
        members.extend(doubted.map(|(entry, _)| (entry as u32, WHOLE)));
        members.sort_unstable();
        doubts.parts = members;
    }

    /// Put together what is left to the explainer where nothing counts but what fails an entry, and
    /// keep what was left undecided of the others.
    fn part_whole_entries(&mut self) {
        let places = std::mem::take(&mut self.room.undecided);
        let ends = std::mem::take(&mut self.room.doubts.remarks);
        let is_certain = |at: usize| {
            self.entry_at(at)
                .is_some_and(|entry| !self.room.doubts.doubted[entry])
        };
        let of_certain = places
            .into_iter()
            .zip(ends)
            .filter(|&(_, at)| is_certain(at))
            .map(|(place, _)| place)
            .collect();
        let doubted = self.room.doubts.doubted.iter().enumerate();
        let parts = doubted
            .filter(|(_, &one)| one)
            .map(|(entry, _)| (entry as u32, WHOLE))
            .collect();
        self.room.undecided = of_certain;
        self.room.doubts.parts = parts;
    }

    /// The entry that a place in the line is in.
    fn entry_at(&self, at: usize) -> Option<usize> {
        let (tape, doubts) = (&self.room.tape, &self.room.doubts);
        let entry = doubts
            .starts
            .partition_point(|&start| (tape.at(start).start as usize) < at)
            .checked_sub(1)?;
        (at <= tape.at(doubts.starts[entry]).end as usize).then_some(entry)
    }

    /// Which member of an entry's resource ends at a place in the line or behind it, if it starts
    /// before.
    fn member_at(&self, entry: usize, at: usize) -> Option<u32> {
        let (tape, known) = (&self.room.tape, self.table.known.bundle);
        let resource = tape.member(self.room.doubts.starts[entry], known.resource)?;
        let number = tape.inside(resource).position(|member| {
            let member = tape.at(member);
            let quote = usize::from(member.form == Form::Text);
            (member.start as usize) < at && at <= member.end as usize + quote
        })?;
        Some(number as u32)
    }

    pub(crate) fn doubt(&mut self, value: usize) {
        let doubts = &mut self.room.doubts;
        doubts.doubt(doubts.entry_of(value));
        self.overlays = 0;
    }

    /// Note that what a reference leads to has to be in order for the entry that it stands in.
    pub(crate) fn leans_on(&mut self, reference: usize, target: usize) -> Asked {
        let doubts = &mut self.room.doubts;
        if let (true, Some(entry), Some(other)) = (
            self.by_entry,
            doubts.entry_of(reference),
            doubts.entry_of(target),
        ) {
            doubts.leanings.push((entry, other));
            if doubts.doubted[other] {
                return Err(Reason::Profile); // not all of it is on the tape
            }
        }
        Ok(())
    }
}
