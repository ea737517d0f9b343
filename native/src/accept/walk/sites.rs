//! Sites: the values in doubt of one line, in the order in which the explainer would come to them.

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
    pub text: Vec<u8>,
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
    /// Values that are at fault, or may be: where each stands on the tape, and its property.
    pub(super) faults: Vec<(usize, Key)>,
    /// Conditions of properties, by their values: these are no rules on the objects.
    pub of_properties: Vec<usize>,
    /// The name, with its quotes, of a member without a definition.
    pub unknown: (usize, usize),
    pub unknown_count: usize,
    /// What Python gets of each site, in order: see `told`.
    told: Vec<Vec<u8>>,
}

impl Sites {
    pub fn clear(&mut self) {
        self.found.clear();
        self.faults.clear();
        self.of_properties.clear();
        self.unknown_count = 0;
        self.told.clear();
    }

    /// The sites of a line, once they are settled.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
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
        let steps = Steps { table, tape, line };
        self.told = kept.iter().map(|site| steps.told(site)).collect();
    }

    /// Whether a value that may be at fault stands inside another one, under one of some keys.
    pub fn has_fault(&self, tape: &Tape, value: usize, counts: impl Fn(Key) -> bool) -> bool {
        let end = tape.at(value).next as usize;
        self.faults
            .iter()
            .any(|&(at, key)| (value..end).contains(&at) && counts(key))
    }
}

/// Where the path to a site is read from.
struct Steps<'s> {
    table: &'s Table,
    tape: &'s Tape,
    line: &'s [u8],
}

impl Steps<'_> {
    /// A site as bytes: as native words its check, what is in doubt, how many steps its path has, and
    /// these; then the text. Sites of which the same is to be said are the same bytes.
    fn told(&self, site: &Site) -> Vec<u8> {
        let path = self.path(site.at);
        let head = [site.check, site.doubted as u32, path.len() as u32];
        let words = head.iter().chain(&path);
        let mut told = Vec::with_capacity(4 * (3 + path.len()) + site.text.len());
        told.extend(words.flat_map(|word| word.to_ne_bytes()));
        told.extend_from_slice(&site.text);
        told
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

    /// The steps to a value: the type of the line's own resource, numbers of names, positions in arrays
    /// with `ITEM`, and the types of contained resources.
    fn path(&self, value: usize) -> Vec<u32> {
        let (tape, contained) = (self.tape, self.table.known.contained.contained);

        let mut at = 0;
        let mut steps: Vec<u32> = self.type_of(0).into_iter().collect();
        while at != value {
            let is_array = tape.at(at).form == Form::Array;
            let around = |&(_, child): &(usize, usize)| {
                (child..tape.at(child).next as usize).contains(&value)
            };
            let Some((position, child)) = tape.inside(at).enumerate().find(around) else {
                break; // not on the tape
            };
            steps.push(if is_array {
                ITEM | position as u32
            } else {
                u32::from(tape.at(child).key)
            });
            if is_array && tape.at(at).key == contained {
                steps.extend(self.type_of(child));
            }
            at = child;
        }
        steps
    }
}
