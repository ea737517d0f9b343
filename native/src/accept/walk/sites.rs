//! Sites: the values in doubt of one line, in the order in which the explainer would come to them.

use std::ops::Range;

use crate::accept::memo::Check;
use crate::accept::table::Table;
use crate::accept::tape::{Form, Key, Tape};

/// Sites of one line at the most: each is looked for from the top of the tape.
pub(super) const MOST_SITES: usize = 512;
/// Members without a definition in one line at the most.
pub(super) const MOST_UNKNOWN: usize = 64;
/// Mark a step of a path that is a position in an array, and one that is the type of the resource
/// there.
const ITEM: u32 = 1 << 31;
const TYPE: u32 = 1 << 30;

/// What is in doubt at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Doubted {
    /// A question about a value whose answer is not yes and nothing more.
    Answer,
    /// The value of a property, by all of the property's checks.
    Value,
    /// A member that the type does not have; the text is the member.
    Name,
    /// Which required elements an object lacks: the text has their numbers, as native words.
    Missing,
    /// The rules on an object.
    Rules,
}

/// What is known of one site.
#[derive(Debug)]
pub(super) struct Site {
    pub doubted: Doubted,
    /// Of a question, its number; of the value of a primitive, that of its format.
    pub check: Check,
    /// Where among the texts of all sites.
    pub text: Range<usize>,
    /// The entry on the tape: the value, or the object.
    pub at: usize,
    /// Where the site's findings stand among those of others: by the end of what is doubted, the
    /// object's own before those of the property that it is a value of.
    pub rank: (u32, bool),
}

/// What is known of the doubts of a line.
#[derive(Default)]
pub(crate) struct Sites {
    pub(super) found: Vec<Site>,
    pub(super) texts: Vec<u8>,
    /// Values that are at fault, or may be: where each stands on the tape, and its property.
    pub(super) faults: Vec<(usize, Key)>,
    /// Conditions of properties, by their values: these are no rules on the objects.
    pub of_properties: Vec<usize>,
    /// The name, with its quotes, of a member without a definition.
    pub unknown: (usize, usize),
    pub unknown_count: usize,
    told: ToldSites,
}

/// What Python gets of the sites of a line, in order: of each as native words its check, what is in
/// doubt, how many steps its path has, and these; then the text. Sites of which the same is to be said
/// are the same bytes.
#[derive(Debug, Default)]
pub struct ToldSites {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl ToldSites {
    pub fn each(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| &self.bytes[start..end])
    }

    fn add(&mut self, site: &Site, path: &[u32], text: &[u8]) {
        let head = [site.check, site.doubted as u32, path.len() as u32];
        for word in head.iter().chain(path) {
            self.bytes.extend_from_slice(&word.to_ne_bytes());
        }
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }
}

impl Sites {
    pub fn clear(&mut self) {
        self.found.clear();
        self.texts.clear();
        self.faults.clear();
        self.of_properties.clear();
        self.unknown_count = 0;
        self.told = ToldSites::default();
    }

    /// The sites of a line, once they are settled.
    pub fn take(&mut self) -> ToldSites {
        std::mem::take(&mut self.told)
    }

    /// Put the sites into the order in which their findings are said.
    pub fn settle(&mut self, table: &Table, tape: &Tape, line: &[u8]) {
        let mut found = std::mem::take(&mut self.found);
        for site in &mut found {
            if site.doubted != Doubted::Name {
                site.rank.0 = tape.at(site.at).end;
            }
        }
        found.sort_by_key(|site| site.rank);
        // the rules on an object are looked at once, and the required elements are one of them
        let mut kept: Vec<Site> = Vec::with_capacity(found.len());
        for site in found {
            match kept.last_mut() {
                Some(last) if !site.rank.1 && !last.rank.1 && last.at == site.at => {
                    if last.doubted == Doubted::Missing {
                        *last = site;
                    }
                }
                _ => kept.push(site),
            }
        }
        let mut steps = Steps::new(table, tape, line);
        for site in &kept {
            let path = steps.path(site.at);
            self.told.add(site, path, &self.texts[site.text.clone()]);
        }
    }

    /// Whether a value that may be at fault stands inside another one, under one of some keys.
    pub fn has_fault(&self, tape: &Tape, value: usize, counts: impl Fn(Key) -> bool) -> bool {
        let end = tape.at(value).next as usize;
        self.faults
            .iter()
            .any(|&(at, key)| (value..end).contains(&at) && counts(key))
    }
}

/// One step further down from a value: to which one inside it, the how manieth that is, and how many
/// words of the path lead there.
struct Level {
    child: usize,
    position: usize,
    words: usize,
}

/// The path to a site; each is looked for from where the one before was found, since sites are many
/// in long lists.
struct Steps<'s> {
    table: &'s Table,
    tape: &'s Tape,
    line: &'s [u8],
    /// The type of the line's own resource, numbers of names, positions in arrays with `ITEM`, and the
    /// types of contained resources.
    path: Vec<u32>,
    /// How many words of it are about the line's own resource.
    own: usize,
    levels: Vec<Level>,
}

impl<'s> Steps<'s> {
    fn new(table: &'s Table, tape: &'s Tape, line: &'s [u8]) -> Self {
        let mut steps = Steps {
            table,
            tape,
            line,
            path: Vec::new(),
            own: 0,
            levels: Vec::new(),
        };
        steps.path.extend(steps.type_of(0));
        steps.own = steps.path.len();
        steps
    }

    /// The type of a resource as a step; nothing where it is unknown, which no walk goes behind.
    fn type_of(&self, resource: usize) -> Option<u32> {
        let name = self
            .tape
            .member(resource, self.table.known.walk.resource_type)?;
        let name = self.tape.at(name);
        let name = self.line.get(name.start as usize..name.end as usize)?;
        self.table
            .types
            .get(name)
            .map(|&(_, number)| TYPE | u32::from(number))
    }

    fn holds(&self, around: usize, value: usize) -> bool {
        (around..self.tape.at(around).next as usize).contains(&value)
    }

    /// The steps to a value.
    fn path(&mut self, value: usize) -> &[u32] {
        let (tape, contained) = (self.tape, self.table.known.contained.contained);
        let within = self.levels.iter();
        let kept = within
            .take_while(|level| self.holds(level.child, value))
            .count();
        let mut before = self.levels.drain(kept..).next();
        let (mut at, words) = match self.levels.last() {
            Some(level) => (level.child, level.words),
            None => (0, self.own),
        };
        self.path.truncate(words);
        while at != value {
            let is_array = tape.at(at).form == Form::Array;
            let (mut child, mut position) = match before.take() {
                Some(level) if level.child <= value => (level.child, level.position),
                _ => (at + 1, 0),
            };
            while child < tape.at(at).next as usize && !self.holds(child, value) {
                child = tape.at(child).next as usize;
                position += 1;
            }
            if child >= tape.at(at).next as usize {
                break; // not on the tape
            }
            self.path.push(if is_array {
                ITEM | position as u32
            } else {
                u32::from(tape.at(child).key)
            });
            if is_array && tape.at(at).key == contained {
                self.path.extend(self.type_of(child));
            }
            self.levels.push(Level {
                child,
                position,
                words: self.path.len(),
            });
            at = child;
        }
        &self.path
    }
}
