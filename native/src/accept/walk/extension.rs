//! Extensions: by their url; by their value where they are defined; by where they stand where that
//! decides.

use super::walker::{Asked, Walk};
use crate::accept::memo::Check;
use crate::accept::reason::Reason;
use crate::accept::tape::{Form, NO_KEY};

/// Entries of the tape that are looked through for what an extension stands in.
const FAR: usize = 1 << 12;
/// What the answer about a url means.
const UNDEFINED: u32 = 1;
const VALUE_DECIDES: u32 = 2;
const PLACE_DECIDES: u32 = 3;

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
        let by_url = match self.answer(by_url, url, Reason::Extension) {
            Err(_) if self.by_site => Some(VALUE_DECIDES),
            answer => answer?.map(|answer| answer.value),
        };
        match by_url {
            None | Some(UNDEFINED) => Ok(()),
            Some(PLACE_DECIDES) => {
                self.put_place(value)?;
                let json = self.json(value);
                self.room.scratch.extend_from_slice(json);
                self.answer_to_scratch(by_place, Reason::Extension)
                    .map(|_| ())
            }
            Some(_) => self.told(by_value, self.json(value), Reason::Extension, value),
        }
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
