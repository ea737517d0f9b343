//! Entries of a Bundle, and which of them a reference leads to.

use std::collections::HashMap;

use crate::accept::primitives::every;
use crate::accept::reason::Reason;
use crate::accept::seeds::Seeds;
use crate::accept::walk::Asked;

const REQUESTS: [&[u8]; 2] = [b"transaction", b"batch"];
const RESPONSES: [&[u8]; 2] = [b"transaction-response", b"batch-response"];

/// The resource of a full url, and its type; none where several have it.
type Named<'a> = Option<(usize, &'a [u8])>;

/// Entries of a Bundle.
pub(crate) struct Entries<'a> {
    pub(super) kind: &'a [u8],
    /// What each full url names.
    pub(super) by_url: HashMap<&'a [u8], Named<'a>, Seeds>,
    /// The full url of each resource, in document order.
    pub(super) urls: Vec<(usize, Option<&'a [u8]>)>,
}

impl<'a> Entries<'a> {
    pub(super) fn of(kind: &'a [u8]) -> Self {
        Entries {
            kind,
            by_url: HashMap::default(),
            urls: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, resource: usize, name: &'a [u8], url: Option<&'a [u8]>) {
        self.urls.push((resource, url));
        if let Some(url) = url {
            self.by_url
                .entry(url)
                .and_modify(|one| *one = None)
                .or_insert(Some((resource, name)));
        }
    }

    /// The resource that a reference from an entry leads to, `None` for one outside the Bundle.
    ///
    /// home: the resource of the entry
    pub fn find(&self, home: usize, reference: &[u8]) -> Asked<Option<usize>> {
        let home = self
            .urls
            .binary_search_by_key(&home, |&(resource, _)| resource)
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
            return if REQUESTS.contains(&self.kind) && has_query(reference) == Some(true) {
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

pub(super) fn is_urn(url: &[u8]) -> bool {
    (url.starts_with(b"urn:uuid:") || url.starts_with(b"urn:oid:")) && !url.contains(&b'/')
}

pub(super) fn is_http(url: &[u8]) -> bool {
    url.starts_with(b"http://") || url.starts_with(b"https://")
}

/// Whether it is certain what relative references of an entry with that full url begin with.
pub(super) fn is_plain(url: &[u8]) -> bool {
    let is_path =
        |path: &[u8]| !path.is_empty() && path.split(|&b| b == b'/').all(|part| !part.is_empty());
    is_urn(url) || (is_http(url) && url.splitn(4, |&b| b == b'/').nth(3).is_some_and(is_path))
}

/// What relative references of an entry with that full url begin with.
pub(super) fn base(url: &[u8]) -> &[u8] {
    let end = if url.starts_with(b"urn") {
        url.iter().rposition(|&b| b == b':')
    } else {
        let slashes = url.iter().enumerate().rev().filter(|(_, &b)| b == b'/');
        slashes.map(|(at, _)| at).nth(1)
    };
    end.map_or(b"", |at| &url[..=at])
}

/// What stands in the url of a server.
pub(super) fn in_restful(byte: u8) -> bool {
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

/// Whether a reference's query is `name=value&name=value…`; nothing where it has none.
pub(crate) fn has_query(reference: &[u8]) -> Option<bool> {
    let mark = memchr::memchr(b'?', reference)?;
    let mut rest = &reference[mark + 1..];
    loop {
        let end = memchr::memchr(b'&', rest).unwrap_or(rest.len());
        if !is_criterion(&rest[..end]) {
            return Some(false);
        }
        if end == rest.len() {
            return Some(true);
        }
        rest = &rest[end + 1..];
    }
}

/// Whether a part of a query is `name=value`.
fn is_criterion(part: &[u8]) -> bool {
    let Some(equals) = memchr::memchr(b'=', part) else {
        return false;
    };
    let (name, value) = (&part[..equals], &part[equals + 1..]);
    name.first().is_some_and(|b| !b.is_ascii_digit())
        && every(name, |b| b.is_ascii_alphanumeric() | (b == b'_'))
        && memchr::memchr(b'=', value).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        entries.find(from, reference.as_bytes())
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
