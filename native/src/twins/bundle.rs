//! What entries of a Bundle, and resources in Parameters, are to one another.
//!
//! Twin of validators/rules/bundle.py
//! (digest e3b517be6274).
//!
//! Documents and messages are left to the explainer: what they must hold is found by following all
//! that their first entry refers to.

use std::collections::{HashMap, HashSet};

use crate::accept::primitives::every;
use crate::accept::reason::Reason;
use crate::accept::table::NodeFlag;
use crate::accept::tape::{Form, Key};
use crate::accept::walk::mention::Mention;
use crate::accept::walk::{Asked, Walk};

/// Kinds of Bundles whose entries need no fullUrl.
const UNNAMED: [&[u8]; 4] = [
    b"transaction",
    b"transaction-response",
    b"batch",
    b"batch-response",
];
const REQUESTS: [&[u8]; 2] = [b"transaction", b"batch"];
const RESPONSES: [&[u8]; 2] = [b"transaction-response", b"batch-response"];
const LINKED: [&[u8]; 2] = [b"history", b"searchset"];
const PAGES: [&[u8]; 4] = [b"first", b"previous", b"next", b"last"];

/// The resources beside one, which it may refer to.
pub(crate) enum Neighbours<'a> {
    None,
    Bundle(Entries<'a>),
    /// By type and id.
    Parameters(HashMap<Vec<u8>, usize>),
}

/// Entries of a Bundle.
pub(crate) struct Entries<'a> {
    kind: &'a [u8],
    /// The resource of each full url, and its type; none where several have it.
    by_url: HashMap<&'a [u8], Option<(usize, &'a [u8])>>,
    /// The full url of each resource, in document order.
    urls: Vec<(usize, Option<&'a [u8]>)>,
}

impl<'a> Entries<'a> {
    fn of(kind: &'a [u8]) -> Self {
        Entries {
            kind,
            by_url: HashMap::new(),
            urls: Vec::new(),
        }
    }

    fn add(&mut self, resource: usize, name: &'a [u8], url: Option<&'a [u8]>) {
        self.urls.push((resource, url));
        if let Some(url) = url {
            self.by_url
                .entry(url)
                .and_modify(|one| *one = None)
                .or_insert(Some((resource, name)));
        }
    }

    /// The resource that a reference from an entry leads to, `None` for one outside the Bundle.
    pub fn find(&self, mention: &Mention<'a>) -> Asked<Option<usize>> {
        let reference = mention.reference;
        let home = self
            .urls
            .binary_search_by_key(&mention.place.container, |&(resource, _)| resource)
            .map_err(|_| Reason::Reference)?;
        let url = self.urls[home].1;
        if url.is_none() && !RESPONSES.contains(&self.kind) {
            return Err(Reason::Reference);
        }
        if let Some(at) = memchr::memmem::find(reference, b"/_history/") {
            return self.no_version(&reference[..at], &reference[at + 10..], url);
        }
        if is_absolute(reference) {
            return self.at(reference, None);
        }
        let Some(url) = url else { return Ok(None) };
        let parts: Vec<&[u8]> = reference.split(|&b| b == b'/').collect();
        if reference.ends_with(b"/") || url.ends_with(b"/") {
            return Err(Reason::Reference);
        }
        if !matches!(parts.len(), 2 | 4) {
            return if REQUESTS.contains(&self.kind) && is_query(reference) {
                Ok(None)
            } else {
                Err(Reason::Reference)
            };
        }
        if url.starts_with(b"urn") {
            return self.at(&[base(url), parts[1]].concat(), Some(parts[0]));
        }
        self.at(&[base(url), reference].concat(), None)
    }

    /// A reference to a version of a resource, `path` and what follows `/_history/`: outside the
    /// Bundle for sure where no entry has the url of that resource, whatever its version. url: that
    /// of the entry with the reference.
    fn no_version(&self, path: &[u8], version: &[u8], url: Option<&[u8]>) -> Asked<Option<usize>> {
        let is_plain = !version.is_empty()
            && !version.contains(&b'/')
            && path.is_ascii()
            && !path.ends_with(b"/")
            && !url.is_some_and(|url| url.ends_with(b"/"));
        let target = match url {
            // as the rule has it, a versioned absolute reference loses a character
            _ if is_absolute(path) => path[..path.len() - 1].to_vec(),
            Some(url) if path.split(|&b| b == b'/').count() == 2 => [base(url), path].concat(),
            _ => return Err(Reason::Reference),
        };
        if !is_plain || self.by_url.contains_key(&target[..]) {
            return Err(Reason::Reference);
        }
        Ok(None)
    }

    fn at(&self, url: &[u8], name: Option<&[u8]>) -> Asked<Option<usize>> {
        match self.by_url.get(url) {
            None => Ok(None),
            Some(Some((resource, kind))) if name.is_none_or(|name| name == *kind) => {
                Ok(Some(*resource))
            }
            Some(_) => Err(Reason::Reference),
        }
    }
}

impl<'a> Walk<'a, '_> {
    pub(crate) fn neighbours(&self, type_number: u16) -> Asked<Neighbours<'a>> {
        let flags = self
            .table
            .node_of_type(type_number)
            .map_or(0, |node| node.flags);
        if flags & NodeFlag::BUNDLE != 0 {
            return self.bundle().map(Neighbours::Bundle);
        }
        if flags & NodeFlag::PARAMETERS != 0 {
            let mut named = HashMap::new();
            self.parameters(0, self.table.known.reference.parameter, &mut named)?;
            return Ok(Neighbours::Parameters(named));
        }
        Ok(Neighbours::None)
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
        match self.room.tape.member(object, key) {
            None => Ok(None),
            Some(found)
                if self.room.tape.at(found).form == Form::Text
                    && !self.room.tape.at(found).escaped =>
            {
                Ok(Some(self.content(found)))
            }
            Some(_) => Err(Reason::Bundle),
        }
    }

    fn items(&self, object: usize, key: Key) -> impl Iterator<Item = usize> + '_ {
        self.room
            .tape
            .member(object, key)
            .into_iter()
            .flat_map(|list| self.room.tape.inside(list))
    }

    fn bundle(&self) -> Asked<Entries<'a>> {
        let known = self.table.known.bundle;
        let kind = self.plain(0, known.kind)?.ok_or(Reason::Bundle)?;
        if kind == b"document" || kind == b"message" {
            return Err(Reason::Bundle);
        }
        let searched = self.links(kind)?;
        let mut entries = Entries::of(kind);
        let mut versions: HashSet<Vec<u8>> = HashSet::new();
        for entry in self.items(0, known.entry) {
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
        Ok(entries)
    }

    /// The entries of any kind of Bundle as they are, in order or not: what references from one to
    /// another need. Nothing where a full url has a form that relative references are told by in
    /// doubt.
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
    fn links(&self, kind: &[u8]) -> Asked<Option<&'a [u8]>> {
        let known = self.table.known.bundle;
        let mut seen: Vec<&[u8]> = Vec::new();
        let mut searched = None;
        for link in self.items(0, known.link) {
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
                    && !contains(url, b"_type=")
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

fn is_urn(url: &[u8]) -> bool {
    (url.starts_with(b"urn:uuid:") || url.starts_with(b"urn:oid:")) && !url.contains(&b'/')
}

fn is_http(url: &[u8]) -> bool {
    url.starts_with(b"http://") || url.starts_with(b"https://")
}

/// Whether it is certain what relative references of an entry with that full url begin with.
fn is_plain(url: &[u8]) -> bool {
    let is_path =
        |path: &[u8]| !path.is_empty() && path.split(|&b| b == b'/').all(|part| !part.is_empty());
    is_urn(url) || (is_http(url) && url.splitn(4, |&b| b == b'/').nth(3).is_some_and(is_path))
}

/// What relative references of an entry with that full url begin with.
fn base(url: &[u8]) -> &[u8] {
    let end = if url.starts_with(b"urn") {
        url.iter().rposition(|&b| b == b':')
    } else {
        let slashes = url.iter().enumerate().rev().filter(|(_, &b)| b == b'/');
        slashes.map(|(at, _)| at).nth(1)
    };
    end.map_or(b"", |at| &url[..=at])
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// What stands in the url of a server.
fn in_restful(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'%' | b'$' | b'-' | b'_' | b'/')
}

/// A scheme, a colon, and something behind it.
fn is_absolute(url: &[u8]) -> bool {
    let Some(colon) = url.iter().position(|&b| b == b':') else {
        return false;
    };
    let scheme = &url[..colon];
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
        && colon + 1 < url.len()
}

/// Whether what stands behind the question mark is `name=value&name=value…`.
fn is_query(reference: &[u8]) -> bool {
    let Some(mark) = reference.iter().position(|&b| b == b'?') else {
        return false;
    };
    reference[mark + 1..].split(|&b| b == b'&').all(|part| {
        let mut halves = part.split(|&b| b == b'=');
        let (name, value) = (halves.next().unwrap_or(b""), halves.next());
        let is_name = name
            .first()
            .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
            && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        is_name && value.is_some() && halves.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accept::walk::mention::Place;

    fn entries<'a>(kind: &'a str, urls: &[&'a str]) -> Entries<'a> {
        let urls: Vec<_> = urls
            .iter()
            .enumerate()
            .map(|(n, url)| (n, (!url.is_empty()).then_some(url.as_bytes())))
            .collect();
        let by_url = urls
            .iter()
            .filter_map(|&(n, url)| Some((url?, Some((n, &b"Patient"[..])))))
            .collect();
        Entries {
            kind: kind.as_bytes(),
            by_url,
            urls,
        }
    }

    fn found(
        entries: &Entries<'static>,
        from: usize,
        reference: &'static str,
    ) -> Asked<Option<usize>> {
        let place = Place {
            container: from,
            is_contained: false,
            is_entry: true,
        };
        entries.find(&Mention::at(reference.as_bytes(), place))
    }

    #[test]
    fn references_are_found_by_full_url() {
        let bundle = entries(
            "collection",
            &[
                "http://a/b/Patient/1",
                "urn:uuid:1-2",
                "http://a/b/Patient/2",
            ],
        );
        assert_eq!(found(&bundle, 0, "Patient/2"), Ok(Some(2)));
        assert_eq!(found(&bundle, 0, "Patient/3"), Ok(None));
        assert_eq!(found(&bundle, 0, "urn:uuid:1-2"), Ok(Some(1)));
        assert_eq!(found(&bundle, 0, "http://a/b/Patient/2"), Ok(Some(2)));
        assert_eq!(found(&bundle, 1, "Patient/1-2"), Ok(Some(1)));
        assert_eq!(found(&bundle, 1, "Group/1-2"), Err(Reason::Reference));
        assert_eq!(found(&bundle, 1, "Patient/1"), Ok(None));
        assert_eq!(found(&bundle, 0, "Patient?a=http://b/c"), Ok(None));
        assert_eq!(found(&bundle, 0, "Patient/3/_history/2"), Ok(None));
        assert_eq!(found(&bundle, 1, "Patient/1/_history/2"), Ok(None));
        assert_eq!(
            found(&bundle, 0, "http://a/b/Patient/2/_history/1"),
            Ok(None)
        );
        for odd in [
            "Patient",
            "Patient/1/_history/2",
            "http://a/b/Patient/2x/_history/1",
            "Patient/3/_history/",
            "Patient/3/4/_history/5",
            "a/b/c",
            "Patient/",
            "Patient?a=b",
        ] {
            assert_eq!(found(&bundle, 0, odd), Err(Reason::Reference), "{odd}");
        }
    }

    #[test]
    fn requests_may_search_for_what_they_refer_to() {
        let bundle = entries("transaction", &["urn:uuid:1"]);
        assert_eq!(
            found(&bundle, 0, "Practitioner?identifier=http://a/b/c|1"),
            Ok(None)
        );
        for odd in [
            "Practitioner?",
            "Practitioner?a",
            "Practitioner?a=b=c",
            "Practitioner?a=b&",
            "Practitioner?1=b",
        ] {
            assert_eq!(found(&bundle, 0, odd), Err(Reason::Reference), "{odd}");
        }
    }

    #[test]
    fn responses_need_no_full_url() {
        assert_eq!(
            found(&entries("batch-response", &[""]), 0, "Patient/1"),
            Ok(None)
        );
        assert_eq!(
            found(&entries("batch", &[""]), 0, "Patient/1"),
            Err(Reason::Reference)
        );
    }
}
