//! Documents and messages: what they begin with, and entries that refer to one another.

use std::collections::HashSet;

use super::entries::{base, in_restful, Entries};
use crate::accept::primitives::every;
use crate::accept::reason::Reason;
use crate::accept::seeds::Seeds;
use crate::accept::tape::Form;
use crate::accept::walk::{Asked, Walk};

impl<'a> Walk<'a, '_> {
    /// Whether a document or message certainly holds together: it begins with its Composition or
    /// MessageHeader, what this refers to as its parts is there, and every entry of a document is
    /// reached from it by references in either direction. Uris that are no References may lead to
    /// entries, too: without them there are only fewer ways, and none may look like a broken one.
    ///
    /// What stands in a Bundle inside an entry is no part of it.
    pub(super) fn holds_together(&self, bundle: usize, entries: &Entries<'a>) -> Asked {
        let (tape, known) = (&self.room.tape, self.table.known.bundle);
        let is_document = entries.kind == b"document";
        let first = self
            .items(bundle, known.entry)
            .next()
            .and_then(|entry| tape.member(entry, known.resource))
            .ok_or(Reason::Bundle)?;
        let begins: &[u8] = if is_document {
            b"Composition"
        } else {
            b"MessageHeader"
        };
        if self.text_of(first, known.resource_type) != Some(begins)
            || entries.by_url.len() != entries.urls.len()
            || entries.urls.len() != self.items(bundle, known.entry).count()
        {
            return Err(Reason::Bundle);
        }
        let parts = match is_document {
            true => Some(first),
            false => tape.member(first, known.focus),
        };
        let parts = parts.map_or(0..0, |found| found..tape.at(found).next as usize);
        let names = self.names(entries)?;
        let mut groups = Groups::of(entries.urls.len());
        for (home, entry) in self.items(bundle, known.entry).enumerate() {
            let url = entries.urls[home].1;
            let (mut at, end) = (entry + 1, tape.at(entry).next as usize);
            while at < end {
                let (index, found) = (at, tape.at(at));
                let name = self.table.names.get(found.key as usize);
                if name.is_some_and(|name| name.starts_with(b"_")) || self.starts_bundle(at) {
                    at = found.next as usize; // what stands beside a primitive refers to nothing
                    continue;
                }
                at += 1;
                let text = self.content(index);
                if found.form != Form::Text || found.key == known.full_url || text.starts_with(b"#")
                {
                    continue;
                }
                let is_reference = found.key == self.table.known.reference.reference;
                match is_reference.then(|| entries.beside(url, text)).flatten() {
                    Some(target) => groups.join(home, target),
                    None if is_reference && (parts.contains(&index) || found.escaped) => {
                        return Err(Reason::Bundle)
                    }
                    None if entries.looks_broken(&names, text) => return Err(Reason::Bundle),
                    None => {}
                }
            }
        }
        if is_document && (1..entries.urls.len()).any(|one| groups.find(one) != groups.find(0)) {
            return Err(Reason::Bundle);
        }
        Ok(())
    }

    /// The type and id of every resource, as a relative reference has them.
    fn names(&self, entries: &Entries<'a>) -> Asked<HashSet<Vec<u8>, Seeds>> {
        let known = self.table.known.bundle;
        let mut names = HashSet::default();
        for &(resource, _) in &entries.urls {
            if let (Some(name), Some(id)) = (
                self.plain(resource, known.resource_type)?,
                self.plain(resource, known.id)?,
            ) {
                names.insert([name, b"/", id].concat());
            }
        }
        Ok(names)
    }
}

impl Entries<'_> {
    /// The number of the entry that a reference leads to from one with that full url, where all of
    /// HL7's rules agree on it.
    fn beside(&self, url: Option<&[u8]>, reference: &[u8]) -> Option<usize> {
        if reference.contains(&b'#') {
            return None;
        }
        let is_absolute = [&b"http://"[..], b"https://", b"urn:"]
            .iter()
            .any(|scheme| reference.starts_with(scheme));
        let target = if is_absolute {
            *self.by_url.get(reference)?
        } else {
            let url = url
                .filter(|url| url.starts_with(b"http") && every(url, in_restful))
                .filter(|_| !reference.contains(&b':'))?;
            *self.by_url.get(&[base(url), reference].concat()[..])?
        };
        let (resource, _) = target?;
        self.urls
            .binary_search_by_key(&resource, |&(resource, _)| resource)
            .ok()
    }

    /// Whether a text that leads to no entry may be one that should: an entry's type and id under
    /// another url, or an entry's url with more behind it.
    fn looks_broken(&self, names: &HashSet<Vec<u8>, Seeds>, text: &[u8]) -> bool {
        if memchr::memchr2(b'/', b'#', text).is_none() {
            return false;
        }
        let bare = text.split(|&b| b == b'#').next().unwrap_or(text);
        let mut slashes = bare.iter().enumerate().filter(|(_, &b)| b == b'/');
        let Some((first, _)) = slashes.next() else {
            return bare.len() < text.len() && self.by_url.contains_key(bare);
        };
        let end = slashes.next().map_or(bare.len(), |(at, _)| at);
        first > 0 && names.contains(&bare[..end])
            || (bare.len() < text.len() && self.by_url.contains_key(bare))
    }
}

/// Entries that hang together: each has another one of its group, the last one itself.
struct Groups(Vec<usize>);

impl Groups {
    fn of(count: usize) -> Self {
        Groups((0..count).collect())
    }

    fn find(&mut self, number: usize) -> usize {
        let mut at = number;
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        self.0[one.max(other)] = one.min(other);
    }
}
