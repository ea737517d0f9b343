//! Relations: what the resources of a block say of others, as columns: the references in them, the
//! business identifiers they have, the elements that are there of the profiles they claim.
//!
//! It reads JSON and knows no more of FHIR than what a reference, an identifier, an extension and a
//! Bundle's entry are. engine/columns/plain_relations.py says the same in Python, and reads
//! the lines that are odd: names or texts with escapes, very long ones, deep ones.

mod join;
mod key;
mod line;
mod paths;

use std::collections::HashMap;

use crate::accept::spelling::respell;
pub use join::{by_bucket, in_order, KnownKeys};
pub use key::key;
use line::{LineWalk, Referral, Said, Unclear};
use paths::Paths;

/// Profiles that are claimed in one block.
const MOST_PROFILES: usize = 250;
/// The kinds of rows.
const RESOURCE: u8 = 0;
const NAMELESS: u8 = 1;
const REFERENCE: u8 = 2;
const NOWHERE: u8 = 3;
const IDENTIFIER: u8 = 4;
/// The kinds of counts.
const PRESENT: u8 = 0;
const IN_BUNDLE: u8 = 1;
const CONDITIONAL: u8 = 2;
const ELSEWHERE: u8 = 3;

/// Parallel columns, one entry a row; what is only counted; and the lines that are left to Python.
#[derive(Default)]
pub struct Relations {
    pub lines: Vec<u32>,
    pub kinds: Vec<u8>,
    pub paths: Vec<u32>,
    pub keys: Vec<u8>,
    pub ends: Vec<u32>,
    pub texts: Vec<u8>,
    pub names: Vec<String>,
    /// (kind, profile or nothing, path, how many)
    pub counts: Vec<(u8, String, u32, u64)>,
    pub unclear: Vec<u32>,
}

/// What lines say: those of `data` that start and end there. Nothing where the offsets do not fit.
pub fn relations(
    data: &[u8],
    spans: impl Iterator<Item = (u32, u32)>,
    secret: u128,
) -> Option<Relations> {
    let mut block = Block::default();
    let mut room = Vec::new();
    for (number, (start, end)) in spans.enumerate() {
        let line = data.get(start as usize..end as usize)?;
        if block.line(line, secret, number as u32).is_err() {
            let end = respell(line, &mut room, 0);
            if end == line.len() || block.line(&room[..end], secret, number as u32).is_err() {
                block.found.unclear.push(number as u32);
            }
        }
    }
    Some(block.finish())
}

#[derive(Default)]
struct Block {
    found: Relations,
    paths: Paths,
    /// The profiles that are claimed, each with its resources by path.
    profiles: HashMap<Box<[u8]>, Vec<u32>>,
    references: HashMap<(u8, usize), u64>,
    walks: usize,
}

impl Block {
    fn line(&mut self, line: &[u8], secret: u128, number: u32) -> Result<(), Unclear> {
        self.walks += 1;
        let said = LineWalk::line(line, &mut self.paths, secret, self.walks)?;
        let is_known = |url: &&[u8]| self.profiles.contains_key(*url);
        if self.profiles.len() >= MOST_PROFILES && !said.profiles.iter().all(is_known) {
            return Err(Unclear);
        }
        self.resource(&said, secret, number);
        for mention in &said.mentions {
            self.mention(&said, mention, secret, number);
        }
        for &(path, system, value) in &said.identifiers {
            let own = self.paths.name(said.root).to_vec();
            let own = key(secret, &[&own, b"\n", system, b"|", value]);
            self.row(number, IDENTIFIER, path, own, &[system, b"|", value]);
        }
        for &url in &said.profiles {
            self.claim(url, &said.present);
        }
        Ok(())
    }

    fn claim(&mut self, url: &[u8], present: &[usize]) {
        if !self.profiles.contains_key(url) {
            self.profiles.insert(url.into(), Vec::new());
        }
        if let Some(counts) = self.profiles.get_mut(url) {
            for &path in present {
                if counts.len() <= path {
                    counts.resize(path + 1, 0);
                }
                counts[path] += 1;
            }
        }
    }

    fn resource(&mut self, said: &Said<'_>, secret: u128, number: u32) {
        match said.id {
            None => self.row(number, NAMELESS, said.root, 0, &[]),
            Some(id) => {
                let own = key(secret, &[self.paths.name(said.root), b"/", id]);
                self.row(number, RESOURCE, said.root, own, &[id]);
            }
        }
    }

    fn mention(&mut self, said: &Said<'_>, mention: &Referral<'_>, secret: u128, number: u32) {
        let (path, text) = (mention.path, mention.text);
        if text.starts_with(b"#") {
            return;
        }
        let target = key(secret, &[unversioned(text)]);
        let counted = if said.entries.contains(&target) {
            IN_BUNDLE
        } else if text.windows(3).any(|three| three == b"://") {
            ELSEWHERE
        } else if text.contains(&b'?') {
            CONDITIONAL
        } else if is_relative(unversioned(text)) {
            return self.row(number, REFERENCE, path, target, &[text]);
        } else {
            return self.row(number, NOWHERE, path, 0, &[text]);
        };
        *self.references.entry((counted, path)).or_default() += 1;
    }

    fn row(&mut self, line: u32, kind: u8, path: usize, key: u128, texts: &[&[u8]]) {
        let found = &mut self.found;
        found.lines.push(line);
        found.kinds.push(kind);
        found.paths.push(path as u32);
        found.keys.extend_from_slice(&key.to_le_bytes());
        for text in texts {
            found.texts.extend_from_slice(text);
        }
        found.ends.push(found.texts.len() as u32);
    }

    fn finish(mut self) -> Relations {
        self.found.names = self.paths.texts();
        let counts = &mut self.found.counts;
        for (url, of_paths) in &self.profiles {
            let url = String::from_utf8_lossy(url);
            for (path, &count) in of_paths.iter().enumerate().filter(|(_, &count)| count > 0) {
                counts.push((PRESENT, url.to_string(), path as u32, u64::from(count)));
            }
        }
        for (&(kind, path), &count) in &self.references {
            counts.push((kind, String::new(), path as u32, count));
        }
        self.found
    }
}

/// A reference without the version that it may end in.
fn unversioned(text: &[u8]) -> &[u8] {
    const HISTORY: &[u8] = b"/_history/";
    text.windows(HISTORY.len())
        .position(|part| part == HISTORY)
        .map_or(text, |at| &text[..at])
}

/// Whether a reference is a type and an id.
fn is_relative(text: &[u8]) -> bool {
    let mut parts = text.split(|&byte| byte == b'/');
    let (name, id) = (parts.next().unwrap_or_default(), parts.next());
    name.first().is_some_and(u8::is_ascii_uppercase)
        && name.iter().all(u8::is_ascii_alphabetic)
        && id.is_some_and(|id| !id.is_empty())
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Relations {
        let spans = std::iter::once((0, line.len() as u32));
        relations(line.as_bytes(), spans, 12345).expect("the line is all of the data")
    }

    #[test]
    fn references_are_rows_and_the_odd_are_left() {
        let line = r#"{"resourceType":"Observation","id":"a","subject":{"reference":"Patient/1/_history/2"}}"#;
        let said = found(line);
        assert_eq!(said.kinds, [RESOURCE, REFERENCE]);
        assert_eq!(said.keys[16..], key(12345, &[b"Patient/1"]).to_le_bytes());
        assert_eq!(said.names[said.paths[1] as usize], "Observation.subject");
        assert_eq!(
            found(&line.replace("Patient/1", "Patient\\/1")).kinds.len(),
            2
        );
        assert_eq!(
            found(&line.replace("Patient", "Pati\\u00e9nt")).unclear,
            [0]
        );
        assert_eq!(found(&line.replace("resourceType", "id")).unclear, [0]);
    }

    #[test]
    fn an_entry_is_found_in_its_bundle() {
        let said = found(
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Group","id":"g",
            "member":[{"entity":{"reference":"urn:uuid:1"}},{"entity":{"reference":"Group/g"}}]}},
            {"fullUrl":"urn:uuid:1"}]}"#,
        );
        assert_eq!(said.kinds, [NAMELESS]);
        assert_eq!(said.counts.len(), 1);
        assert_eq!((said.counts[0].0, said.counts[0].3), (IN_BUNDLE, 2));
    }
}
