//! What a line holds, flat: one entry a value, in document order. Filled while the line is walked,
//! read by programs and profiles.

/// The number of a member's name.
pub type Key = u16;

/// Key of values that stand in an array.
pub const NO_KEY: Key = Key::MAX;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Object,
    Array,
    Text,
    Number,
    True,
    False,
    /// In the companions of a list.
    Null,
}

/// One value: its name's number, its bytes in the line (a string's without quotes), and the entry
/// after everything inside it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub key: Key,
    pub form: Form,
    /// A string holds a backslash, so that its bytes are not its text.
    pub escaped: bool,
    pub start: u32,
    pub end: u32,
    pub next: u32,
}

#[derive(Default)]
pub struct Tape {
    entries: Vec<Entry>,
}

impl Tape {
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Forget all values from an index on.
    pub fn truncate(&mut self, length: usize) {
        self.entries.truncate(length);
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn at(&self, index: usize) -> Entry {
        self.entries[index]
    }

    /// Add a value that holds nothing, or whose content follows; `close` it in that case.
    #[inline]
    pub fn push(&mut self, key: Key, form: Form, escaped: bool, start: usize, end: usize) -> usize {
        let index = self.entries.len();
        self.entries.push(Entry {
            key,
            form,
            escaped,
            start: start as u32,
            end: end as u32,
            next: index as u32 + 1,
        });
        index
    }

    #[inline]
    pub fn close(&mut self, index: usize, end: usize) {
        let next = self.entries.len() as u32;
        let entry = &mut self.entries[index];
        entry.end = end as u32;
        entry.next = next;
    }

    /// Add values that were copied before, under a key, of a text that starts at `start`.
    #[inline]
    pub fn append(&mut self, copied: &[Entry], key: Key, start: usize) {
        let (index, start) = (self.entries.len() as u32, start as u32);
        self.entries.extend(copied.iter().map(|entry| Entry {
            start: entry.start + start,
            end: entry.end + start,
            next: entry.next + index,
            ..*entry
        }));
        if let Some(first) = self.entries.get_mut(index as usize) {
            first.key = key;
        }
    }

    /// Copy the values from an index on, as if their text, which starts at `start`, were all.
    pub fn copy_from(&self, index: usize, start: usize, into: &mut Vec<Entry>) {
        into.extend(self.entries[index..].iter().map(|entry| Entry {
            start: entry.start - start as u32,
            end: entry.end - start as u32,
            next: entry.next - index as u32,
            ..*entry
        }));
    }

    /// The values directly inside an object or array.
    #[inline]
    pub fn inside(&self, index: usize) -> Inside<'_> {
        Inside {
            entries: &self.entries,
            at: index as u32 + 1,
            end: self.entries[index].next,
        }
    }

    /// The member of an object with that key.
    #[inline]
    pub fn member(&self, object: usize, key: Key) -> Option<usize> {
        self.inside(object)
            .find(|&index| self.entries[index].key == key)
    }

    /// A string member of an object that has no escapes, none where there is no such member;
    /// nothing where another value stands there.
    pub fn plain(&self, object: usize, key: Key) -> Option<Option<Entry>> {
        let Some(found) = self.member(object, key) else {
            return Some(None);
        };
        let entry = self.at(found);
        (entry.form == Form::Text && !entry.escaped).then_some(Some(entry))
    }
}

/// The members of an object, for who looks for many of them: most are not there, which one bit
/// tells.
pub struct Members {
    object: usize,
    /// The bits of the keys, by their last six bits.
    bits: u64,
    count: usize,
    keys: [Key; FEW_MEMBERS],
    places: [u32; FEW_MEMBERS],
}

/// Members of an object that `Members` holds; others are looked for on the tape.
const FEW_MEMBERS: usize = 24;

impl Members {
    #[inline]
    pub fn of(tape: &Tape, object: usize) -> Members {
        let mut members = Members {
            object,
            bits: 0,
            count: 0,
            keys: [NO_KEY; FEW_MEMBERS],
            places: [0; FEW_MEMBERS],
        };
        for place in tape.inside(object) {
            if members.count == FEW_MEMBERS {
                members.bits = u64::MAX;
                break;
            }
            let key = tape.entries[place].key;
            members.bits |= 1 << (key & 63);
            members.keys[members.count] = key;
            members.places[members.count] = place as u32;
            members.count += 1;
        }
        members
    }

    /// What `member` says of the object. tape: the one that it is on.
    #[inline]
    pub fn find(&self, tape: &Tape, key: Key) -> Option<usize> {
        if self.bits >> (key & 63) & 1 == 0 {
            return None;
        }
        match self.keys.iter().position(|&one| one == key) {
            Some(number) if number < self.count => Some(self.places[number] as usize),
            _ if self.count == FEW_MEMBERS => tape.member(self.object, key),
            _ => None,
        }
    }
}

#[derive(Clone)]
pub struct Inside<'a> {
    entries: &'a [Entry],
    at: u32,
    end: u32,
}

impl Iterator for Inside<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.at >= self.end {
            return None;
        }
        let found = self.at as usize;
        self.at = self.entries[found].next;
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_however_many_there_are() {
        for count in [0, 1, 23, 24, 25, 100] {
            let mut tape = Tape::default();
            let object = tape.push(NO_KEY, Form::Object, false, 0, 0);
            for number in 0..count {
                let list = tape.push(number * 3, Form::Array, false, 0, 0);
                tape.push(1, Form::Null, false, 0, 0);
                tape.close(list, 0);
            }
            tape.close(object, 0);
            let members = Members::of(&tape, object);
            for key in (0..400).chain([NO_KEY]) {
                assert_eq!(members.find(&tape, key), tape.member(object, key), "{key}");
            }
        }
    }
}
