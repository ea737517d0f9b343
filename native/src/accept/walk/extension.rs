//! Extensions: by their url; by their value where they are defined; by where they stand where that
//! decides.

use super::frames::NO_FRAME;
use super::walker::{Asked, Walk};
use crate::accept::memo::Check;
use crate::accept::reason::Reason;
use crate::accept::tape::{Form, Key, NO_KEY};

/// Entries of the tape that are looked through for what an extension stands in.
const FAR: usize = 1 << 12;
/// What the answer about a url means.
const UNDEFINED: u32 = 1;
const VALUE_DECIDES: u32 = 2;
const PLACE_DECIDES: u32 = 3;
/// The profile whose overlay has the number that comes to this decides, where it proves the value.
const PROFILE_DECIDES: u32 = 4;
/// What parts the url of an extension from that of a part of it: no text has it.
const PART: u8 = 0x1e;

impl Walk<'_, '_> {
    pub(super) fn extension(
        &mut self,
        by_url: Check,
        by_value: Check,
        by_place: Check,
        value: usize,
    ) -> Asked {
        self.singular += 1;
        let Some(url) = self.text_of(value, self.table.known.extension.url) else {
            return Err(Reason::Extension);
        };
        let answer = match self.answer(by_url, url, Reason::Extension) {
            Err(_) if self.by_site => Some(VALUE_DECIDES),
            answer => answer?.map(|answer| answer.value),
        };
        match answer {
            None | Some(UNDEFINED) => Ok(()),
            Some(PLACE_DECIDES) => {
                self.put_place(value)?;
                let json = self.json(value);
                self.room.scratch.extend_from_slice(json);
                self.answer_to_scratch(by_place, Reason::Extension)
                    .map(|_| ())
            }
            Some(decides) => {
                let json = self.json(value);
                if let Some(profile) = decides.checked_sub(PROFILE_DECIDES) {
                    let is_known = self.memo.get(by_value, json).is_some();
                    if !is_known && self.is_proven(by_url, profile, value) {
                        return Ok(());
                    }
                }
                self.told(by_value, json, Reason::Extension, value)
            }
        }
    }

    /// Whether nothing is said of an extension, since its profile holds, which is laid over it, and
    /// it has no part that the profile does not name; or whether questions were raised that tell
    /// it.
    fn is_proven(&mut self, by_url: Check, profile: u32, value: usize) -> bool {
        let sites = &self.room.sites;
        let is_odd = |&(at, _): &(usize, Key)| at >= value;
        let is_at_fault = sites.faults.iter().chain(&sites.unlisted).any(is_odd);
        if self.overlays > 0 || self.frame != NO_FRAME || is_at_fault {
            return false;
        }
        let room = &self.room;
        let before = (room.later.len(), room.sliced.len(), room.mentions.len());
        let undecided = room.undecided.len();
        let around = (self.resource, self.place);
        // in doubt, the value is asked about: no site of the profile's is told
        let by_site = std::mem::replace(&mut self.by_site, false);
        let held = self
            .overlay(profile, value)
            .and_then(|()| self.names_its_parts(by_url, value));
        (self.by_site, self.overlays) = (by_site, 0);
        (self.resource, self.place) = around;
        let room = &mut self.room;
        let after = (room.later.len(), room.sliced.len(), room.mentions.len());
        room.later.truncate(before.0);
        room.sliced.truncate(before.1);
        room.mentions.truncate(before.2);
        let decided = room.undecided.len() == undecided;
        room.undecided.truncate(undecided);
        held.is_ok() && before == after && decided
    }

    /// Whether the definition of an extension names each of its parts.
    fn names_its_parts(&mut self, by_url: Check, value: usize) -> Asked {
        let known = &self.table.known.extension;
        let (url, parts) = (known.url, known.extension);
        let Some(parts) = self.room.tape.member(value, parts) else {
            return Ok(());
        };
        let whole = self.text_of(value, url).ok_or(Reason::Extension)?;
        let (mut at, end) = (parts + 1, self.room.tape.at(parts).next as usize);
        while at < end {
            let part = self.text_of(at, url).ok_or(Reason::Extension)?;
            self.room.scratch.clear();
            self.room.scratch.extend_from_slice(whole);
            self.room.scratch.push(PART);
            self.room.scratch.extend_from_slice(part);
            self.answer_to_scratch(by_url, Reason::Extension)?;
            at = self.room.tape.at(at).next as usize;
        }
        Ok(())
    }

    /// Where a value stands: whether in the line's own resource, the type of the resource, and the
    /// names of what is still open around the value, parted by bytes that no name holds.
    fn put_place(&mut self, value: usize) -> Asked {
        let (tape, resource) = (&self.room.tape, self.resource);
        if value - resource > FAR {
            return Err(Reason::Extension);
        }
        let is_open = |&index: &usize| {
            let entry = tape.at(index);
            matches!(entry.form, Form::Object | Form::Array) && entry.start == entry.end
        };
        let steps = (resource + 1..value)
            .filter(is_open)
            .map(|index| tape.at(index).key)
            .filter(|&key| key != NO_KEY);
        let scratch = &mut self.room.scratch;
        scratch.clear();
        scratch.push(if self.place.is_line() { b'1' } else { b'0' });
        scratch.extend_from_slice(&self.table.type_names[self.type_number as usize]);
        for key in steps {
            scratch.push(b'.');
            scratch.extend_from_slice(&self.table.names[key as usize]);
        }
        scratch.push(0x1e);
        Ok(())
    }
}
