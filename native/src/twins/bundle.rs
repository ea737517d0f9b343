//! What entries of a Bundle, and resources in Parameters, are to one another.
//!
//! Twin of validators/rules/bundle.py
//! (digest c4e66f1b3517).

mod document;
mod entries;

use std::collections::{HashMap, HashSet};

use crate::accept::primitives::every;
use crate::accept::reason::Reason;
use crate::accept::tape::Key;
use crate::accept::walk::mention::Holder;
use crate::accept::walk::{Asked, Walk};
use entries::{in_restful, is_http, is_plain, is_urn};

pub(crate) use entries::{has_query, Entries};

/// Kinds of Bundles whose entries need no fullUrl.
const UNNAMED: [&[u8]; 4] = [
    b"transaction",
    b"transaction-response",
    b"batch",
    b"batch-response",
];
const LINKED: [&[u8]; 2] = [b"history", b"searchset"];
const PAGES: [&[u8]; 4] = [b"first", b"previous", b"next", b"last"];

/// The resources beside one, which it may refer to.
pub(crate) enum Neighbours<'a> {
    Bundle(Entries<'a>),
    /// By type and id.
    Parameters(HashMap<Vec<u8>, usize>),
    /// Of a Bundle or Parameters in doubt.
    Unknown,
}

impl<'a> Walk<'a, '_> {
    /// What stands in each Bundle and Parameters of the line.
    pub(crate) fn neighbours(&self) -> Asked<Vec<Neighbours<'a>>> {
        let holders = self.room.holders.iter();
        holders.map(|&holder| self.neighbours_in(holder)).collect()
    }

    /// What stands in each Bundle and Parameters of the line. One inside an entry that does not hold
    /// together puts that entry in doubt.
    pub(crate) fn neighbours_by_entry(&mut self) -> Asked<Vec<Neighbours<'a>>> {
        let mut neighbours = vec![self.entries_as_they_are()?];
        for number in 1..self.room.holders.len() {
            let holder = self.room.holders[number];
            let found = self.neighbours_in(holder).unwrap_or_else(|_| {
                self.doubt(holder.resource);
                Neighbours::Unknown
            });
            neighbours.push(found);
        }
        Ok(neighbours)
    }

    pub(crate) fn neighbours_in(&self, holder: Holder) -> Asked<Neighbours<'a>> {
        if holder.is_bundle {
            return self.bundle(holder.resource).map(Neighbours::Bundle);
        }
        let mut named = HashMap::new();
        let parameter = self.table.known.reference.parameter;
        self.parameters(holder.resource, parameter, &mut named)?;
        Ok(Neighbours::Parameters(named))
    }

    /// Whether a value is a Bundle.
    fn starts_bundle(&self, value: usize) -> bool {
        let holders = &self.room.holders;
        holders
            .binary_search_by_key(&value, |holder| holder.resource)
            .is_ok_and(|number| holders[number].is_bundle)
    }

    /// The resources in parameters and their parts; the first of each type and id.
    fn parameters(&self, object: usize, key: Key, named: &mut HashMap<Vec<u8>, usize>) -> Asked {
        let (tape, known) = (&self.room.tape, self.table.known.reference);
        let Some(list) = tape.member(object, key) else {
            return Ok(());
        };
        for parameter in tape.inside(list) {
            if let Some(resource) = tape.member(parameter, known.resource) {
                if let (Some(name), Some(id)) = (
                    self.plain(resource, known.resource_type)?,
                    self.plain(resource, known.id)?,
                ) {
                    named.entry([name, b"/", id].concat()).or_insert(resource);
                }
            }
            self.parameters(parameter, known.part, named)?;
        }
        Ok(())
    }

    /// A string member without escapes.
    fn plain(&self, object: usize, key: Key) -> Asked<Option<&'a [u8]>> {
        let found = self.room.tape.plain(object, key).ok_or(Reason::Bundle)?;
        Ok(found.map(|entry| self.content_of(entry)))
    }

    fn items(&self, object: usize, key: Key) -> impl Iterator<Item = usize> + '_ {
        self.room
            .tape
            .member(object, key)
            .into_iter()
            .flat_map(|list| self.room.tape.inside(list))
    }

    fn bundle(&self, bundle: usize) -> Asked<Entries<'a>> {
        let known = self.table.known.bundle;
        let kind = self.plain(bundle, known.kind)?.ok_or(Reason::Bundle)?;
        let hangs_together = kind == b"document" || kind == b"message";
        if self.by_site && self.is_hidden_from_bundle(hangs_together) {
            return Err(Reason::Bundle);
        }
        let searched = self.links(bundle, kind)?;
        let mut entries = Entries::of(kind);
        let mut versions: HashSet<Vec<u8>> = HashSet::new();
        for entry in self.items(bundle, known.entry) {
            let (url, resource) = (
                self.plain(entry, known.full_url)?,
                self.room.tape.member(entry, known.resource),
            );
            if kind == b"searchset" {
                self.result(entry, resource, searched)?;
            }
            match url {
                Some(url) => {
                    let version = self.full_url(url, resource)?;
                    if kind != b"history" && !versions.insert([url, version].concat()) {
                        return Err(Reason::Bundle);
                    }
                }
                None if !UNNAMED.contains(&kind)
                    || self
                        .room
                        .tape
                        .member(entry, known.full_url_beside)
                        .is_some() =>
                {
                    return Err(Reason::Bundle)
                }
                None => {}
            }
            let Some(resource) = resource else { continue };
            let name = self
                .text_of(resource, known.resource_type)
                .ok_or(Reason::Bundle)?;
            entries.add(resource, name, url);
        }
        if hangs_together {
            self.holds_together(bundle, &entries)?;
        }
        Ok(entries)
    }

    /// The entries of the line's own Bundle, of any kind, as they are, in order or not: what references
    /// from one to another need. Nothing where a full url has a form that relative references are told
    /// by in doubt.
    pub(crate) fn entries_as_they_are(&self) -> Asked<Neighbours<'a>> {
        let known = self.table.known.bundle;
        let kind = self.plain(0, known.kind)?.ok_or(Reason::Bundle)?;
        let mut entries = Entries::of(kind);
        for entry in self.items(0, known.entry) {
            let url = self.plain(entry, known.full_url)?;
            if url.is_some_and(|url| !is_plain(url)) {
                return Err(Reason::Bundle);
            }
            let Some(resource) = self.room.tape.member(entry, known.resource) else {
                continue;
            };
            let name = self
                .plain(resource, known.resource_type)?
                .ok_or(Reason::Bundle)?;
            entries.add(resource, name, url);
        }
        Ok(Neighbours::Bundle(entries))
    }

    /// Which relations the links have. The type that was searched for, if that is stated.
    fn links(&self, bundle: usize, kind: &[u8]) -> Asked<Option<&'a [u8]>> {
        let known = self.table.known.bundle;
        let mut seen: Vec<&[u8]> = Vec::new();
        let mut searched = None;
        for link in self.items(bundle, known.link) {
            let relation = self.plain(link, known.relation)?.ok_or(Reason::Bundle)?;
            if seen.contains(&relation)
                || seen.len() > 16
                || relation == b"stylesheet"
                || (PAGES.contains(&relation) && !LINKED.contains(&kind))
            {
                return Err(Reason::Bundle);
            }
            seen.push(relation);
            if relation == b"self" {
                let url = self.plain(link, known.url)?.ok_or(Reason::Bundle)?;
                let path = url.split(|&b| b == b'?').next().unwrap_or(url);
                searched = path.rsplit(|&b| b == b'/').find(|part| !part.is_empty());
                if searched.is_some_and(|name| !name[0].is_ascii_uppercase())
                    && memchr::memmem::find(url, b"_type=").is_none()
                {
                    searched = None; // an operation, or all types
                }
            }
        }
        Ok(searched)
    }

    /// An entry of a search: a match of the type that was searched for, or something included.
    fn result(&self, entry: usize, resource: Option<usize>, searched: Option<&[u8]>) -> Asked {
        let known = self.table.known.bundle;
        let resource = resource.ok_or(Reason::Bundle)?;
        let name = self
            .text_of(resource, known.resource_type)
            .ok_or(Reason::Bundle)?;
        self.room
            .tape
            .member(resource, known.id)
            .ok_or(Reason::Bundle)?;
        let mode = self
            .room
            .tape
            .member(entry, known.search)
            .map_or(Ok(None), |search| self.plain(search, known.mode))?;
        let fits = match mode {
            None => true,
            Some(b"match") => searched.is_none_or(|wanted| wanted == name),
            Some(b"include") => true,
            Some(_) => name == b"OperationOutcome",
        };
        if fits {
            Ok(())
        } else {
            Err(Reason::Bundle)
        }
    }

    /// A full url: a urn, or a url that ends with the type and id of its resource. The version of
    /// that resource.
    fn full_url(&self, url: &[u8], resource: Option<usize>) -> Asked<&'a [u8]> {
        let known = self.table.known.bundle;
        let (is_urn, is_http) = (is_urn(url), is_http(url));
        if !(is_urn || is_http) || url.contains(&b' ') {
            return Err(Reason::Bundle);
        }
        let Some(resource) = resource else {
            return Ok(b"");
        };
        if is_http {
            let (name, id) = (
                self.plain(resource, known.resource_type)?
                    .ok_or(Reason::Bundle)?,
                self.plain(resource, known.id)?.ok_or(Reason::Bundle)?,
            );
            let rest = url
                .strip_suffix(id)
                .and_then(|rest| rest.strip_suffix(b"/"))
                .and_then(|rest| rest.strip_suffix(name));
            if !rest.is_some_and(|rest| rest.ends_with(b"/")) {
                return Err(Reason::Bundle);
            }
        }
        let canonical = self.room.tape.member(resource, known.url);
        if canonical
            .is_some_and(|found| self.room.tape.at(found).escaped || self.content(found) == url)
            && !(is_http && every(url, in_restful))
        {
            // its canonical url, which is that of the entry only on a server
            return Err(Reason::Bundle);
        }
        match self.room.tape.member(resource, known.meta) {
            Some(meta) => Ok(self.plain(meta, known.version_id)?.unwrap_or(b"")),
            None => Ok(b""),
        }
    }
}
