//! Sites: the values in doubt of one line, in the order in which the explainer would come to them.

use std::ops::Range;

use super::frames::{FrameNumber, Frames, Part, Saying, NO_FRAME};
use crate::accept::memo::Check;
use crate::accept::table::Table;
use crate::accept::tape::{Form, Key, Tape};

/// Sites and profiles of one line at the most.
pub(super) const MOST_SITES: usize = 4096;
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
    /// The rules on an object. Without a text, they are to be run where it stands.
    Rules,
    /// The value of a property, by the rules on the property, where it stands.
    Placed,
    /// The profiles that a resource claims, where it stands.
    Claims,
    /// The profile of a frame, where it is laid.
    Profile,
    /// A part of what a profile says of the object that it is laid over, where it stands: the text
    /// has the number of the part, as a native word.
    Part,
    /// A reference, by what a profile says of it, where it stands.
    Reference,
    /// That the profiles which a resource claims are looked at from here on, as the text has them.
    Claiming,
    /// Codes of a resource's type, some of which its profiles bind anew: the text has the profiles
    /// that it claims.
    Rebound,
    /// The text of a narrative with a link that leads nowhere: the text has the link, without its
    /// `#`.
    Link,
    /// A reference, by whether the resource of the entry that it leads to follows a profile: the
    /// text has the profile's overlay and the position of the entry, as native words, and beside
    /// the site goes what the reference says.
    Leaning,
}

/// Findings at one place stand in this order.
const RULES: u8 = 0;
const PROFILES: u8 = 1;
const REBOUND: u8 = 2;
const VALUE: u8 = 3;

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
    /// Where the site's findings stand among those of others: by the end of what is doubted, and
    /// the object's own before those of the property that it is a value of.
    pub rank: (u32, u8),
    /// Where they stand among those of the same rank.
    pub order: u32,
    /// The frame that it stands in; of `Claims` and `Profile` the one that it is about.
    pub frame: FrameNumber,
    /// The profiles that are laid around it, the outermost first, among those of all sites.
    pub laid: Range<usize>,
    /// Whether something may be said that fails the resource around it.
    pub may_fail: bool,
}

/// A reference that holds only if what it leads to is in order.
#[derive(Clone, Copy)]
pub(super) struct Leaning {
    pub value: usize,
    pub check: Check,
    /// The profile that it has to follow.
    pub overlay: u32,
    pub said: Saying,
    pub is_contained: bool,
    /// The resources that the reference and what it leads to are in; none of them contained.
    pub from: usize,
    pub target: usize,
    pub to_contained: bool,
    /// Where a slice is told by the target: the object that has the slices.
    pub sliced: Option<usize>,
}

/// What is known of the doubts of a line.
#[derive(Default)]
pub(crate) struct Sites {
    pub(super) found: Vec<Site>,
    pub(super) texts: Vec<u8>,
    /// Values that are at fault, or may be: where each stands on the tape, and its property.
    pub(super) faults: Vec<(usize, Key)>,
    /// Objects with members that their type does not have, which are not on the tape: such an
    /// object may look empty, and is not. Of each the same as of a fault.
    pub(super) unlisted: Vec<(usize, Key)>,
    pub(super) frames: Frames,
    /// The overlays of profiles that are being laid, and such lists of all sites.
    pub(super) laying: Vec<u32>,
    pub(super) laid: Vec<u32>,
    /// The part of the innermost of them that is being laid.
    pub(super) part: Option<Part>,
    ordered: u32,
    /// The resources of entries, in their order.
    pub(super) inline: Vec<usize>,
    pub(super) leanings: Vec<Leaning>,
    /// Resources that may fail, though no site is told of them.
    pub(super) doubted: Vec<usize>,
    /// The name, with its quotes, of a member without a definition.
    pub unknown: (usize, usize),
    pub unknown_count: usize,
    told: ToldSites,
}

/// What Python gets of the sites of a line, in order: of each as native words its check, what is in
/// doubt, how many steps its path has, how many profiles are laid around it, and these; then the
/// text. Sites of which the same is to be said are the same bytes.
#[derive(Debug, Default)]
pub struct ToldSites {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// What goes beside sites that hang on one value of the line, in their order.
    beside: Vec<Box<[u8]>>,
}

impl ToldSites {
    /// Some of them, by their numbers.
    pub fn among(&self, numbers: Range<usize>) -> impl Iterator<Item = &[u8]> {
        numbers.map(|number| {
            let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.bytes[start..self.ends[number]]
        })
    }

    /// Add those of another list; their numbers.
    pub fn add_all(&mut self, others: &ToldSites) -> Range<usize> {
        let (count, length) = (self.ends.len(), self.bytes.len());
        self.bytes.extend_from_slice(&others.bytes);
        self.ends.extend(others.ends.iter().map(|end| length + end));
        count..self.ends.len()
    }

    fn add(&mut self, site: &Site, path: &[u32], laid: &[u32], text: &[u8]) {
        let doubted = site.doubted as u32;
        let head = [site.check, doubted, path.len() as u32, laid.len() as u32];
        for word in head.iter().chain(path).chain(laid) {
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
        self.unlisted.clear();
        self.frames.clear();
        self.laying.clear();
        self.laid.clear();
        self.part = None;
        self.ordered = 0;
        self.inline.clear();
        self.leanings.clear();
        self.doubted.clear();
        self.unknown_count = 0;
        self.told.bytes.clear();
        self.told.ends.clear();
        self.told.beside.clear();
    }

    /// The sites of a line, once they are settled.
    pub fn told(&self) -> &ToldSites {
        &self.told
    }

    /// What goes beside them.
    pub fn take_beside(&mut self) -> Vec<Box<[u8]>> {
        std::mem::take(&mut self.told.beside)
    }

    /// Where the sites and frames begin that come from here on.
    pub fn mark(&self) -> (usize, usize) {
        (self.found.len(), self.frames.count())
    }

    /// Whether nothing was told since.
    pub fn is_quiet(&self, (found, frames): (usize, usize)) -> bool {
        let is_of_frame = |site: &Site| matches!(site.doubted, Doubted::Claims | Doubted::Profile);
        self.found[found..].iter().all(is_of_frame) && !self.frames.has_failed(frames)
    }

    /// The order of what is told next.
    pub fn next_order(&mut self) -> u32 {
        self.ordered += 1;
        self.ordered
    }

    /// The resource that a value stands in, none that is contained.
    pub fn resource_of(&self, value: usize, tape: &Tape) -> usize {
        let before = self.inline.partition_point(|&resource| resource <= value);
        let resource = before.checked_sub(1).map(|place| self.inline[place]);
        resource
            .filter(|&resource| value < tape.at(resource).next as usize)
            .unwrap_or(0)
    }

    /// Whether what a resource holds may be of another form than profiles take for granted.
    pub fn is_odd(&self, tape: &Tape, resource: usize) -> bool {
        let inside = resource..tape.at(resource).next as usize;
        self.has_fault(tape, resource, |_| true)
            || self.found.iter().any(|site| {
                matches!(site.doubted, Doubted::Name | Doubted::Missing)
                    && inside.contains(&site.at)
            })
    }

    /// The resources that may fail, by what was told of them.
    pub fn in_doubt(&self, tape: &Tape) -> Vec<usize> {
        let told = self
            .found
            .iter()
            .filter(|site| site.may_fail && self.is_kept(site));
        let laid = self.frames.in_doubt().map(|frame| frame.object);
        let of = told.map(|site| site.at).chain(laid);
        let of = of.map(|value| self.resource_of(value, tape));
        of.chain(self.doubted.iter().copied()).collect()
    }

    fn is_kept(&self, site: &Site) -> bool {
        match site.doubted {
            Doubted::Claims | Doubted::Profile => self.frames.is_in_doubt(site.frame),
            _ => !self.frames.is_dropped(site.frame),
        }
    }

    fn rank(&self, site: &Site, tape: &Tape) -> (u32, u8) {
        let end = |at: usize| tape.at(at).end;
        match (self.frames.get(site.frame), site.doubted) {
            (Some(frame), _) => (end(frame.claimant), PROFILES),
            (None, Doubted::Name) => (site.rank.0, VALUE),
            (None, Doubted::Missing | Doubted::Rules) => (end(site.at), RULES),
            (None, Doubted::Link) => (end(0), RULES),
            (None, Doubted::Rebound) => (end(site.at), REBOUND),
            (None, _) => (end(site.at), VALUE),
        }
    }

    /// Leave out what was dropped; and mark where the profiles that a resource claims begin and
    /// end, if anything is in doubt of it.
    fn marked(&self, found: &mut Vec<Site>, tape: &Tape) {
        let is_mark = |site: &Site| matches!(site.doubted, Doubted::Claims | Doubted::Rebound);
        let told = found.iter().filter(|site| {
            let is_of_resource = !is_mark(site) && site.doubted != Doubted::Link;
            self.is_kept(site) && (site.doubted == Doubted::Claims || is_of_resource)
        });
        let doubted: Vec<usize> = told.map(|site| self.resource_of(site.at, tape)).collect();
        found.retain_mut(|site| {
            if !is_mark(site) || self.frames.is_in_doubt(site.frame) {
                return self.is_kept(site);
            }
            if site.doubted == Doubted::Claims {
                site.doubted = Doubted::Claiming;
            }
            doubted.contains(&site.at)
        });
    }

    /// Put the sites into the order in which their findings are said.
    pub fn settle(&mut self, table: &Table, tape: &Tape, line: &[u8]) {
        let mut found = std::mem::take(&mut self.found);
        self.marked(&mut found, tape);
        for site in &mut found {
            site.rank = self.rank(site, tape);
        }
        found.sort_by_key(|site| (site.rank, site.order));
        // the rules on an object are looked at once, and the required elements are one of them;
        // those on a property, where they are run in its place, are all that is asked about its
        // value
        let mut kept: Vec<Site> = Vec::with_capacity(found.len());
        let is_again = |last: &Site, site: &Site| {
            (last.rank, last.at, last.frame) == (site.rank, site.at, NO_FRAME)
        };
        for site in found {
            match kept.last_mut() {
                _ if site.doubted == Doubted::Link => kept.push(site),
                Some(last) if site.rank.1 == RULES && is_again(last, &site) => {
                    if last.doubted == Doubted::Missing {
                        *last = site;
                    }
                }
                Some(last) if last.doubted == Doubted::Placed && is_again(last, &site) => {}
                Some(last) if site.doubted == Doubted::Placed && is_again(last, &site) => {
                    *last = site;
                    while kept.len() > 1 && is_again(&kept[kept.len() - 2], &kept[kept.len() - 1]) {
                        kept.remove(kept.len() - 2);
                    }
                }
                _ => kept.push(site),
            }
        }
        let mut steps = Steps::new(table, tape, line, &self.inline);
        for site in &kept {
            if site.doubted == Doubted::Leaning {
                let text = &mut self.texts[site.text.clone()];
                self.told.beside.push(steps.lead(site.at, text).into());
            }
            let path = steps.path(site.at);
            let laid = &self.laid[site.laid.clone()];
            self.told
                .add(site, path, laid, &self.texts[site.text.clone()]);
        }
    }

    /// Whether a value that may be at fault stands inside another one, under one of some keys.
    pub fn has_fault(&self, tape: &Tape, value: usize, counts: impl Fn(Key) -> bool) -> bool {
        let end = tape.at(value).next as usize;
        self.faults
            .iter()
            .any(|&(at, key)| (value..end).contains(&at) && counts(key))
    }

    /// Whether that holds, or an object with unknown members stands there.
    pub fn is_read(&self, tape: &Tape, value: usize, counts: impl Fn(Key) -> bool) -> bool {
        let end = tape.at(value).next as usize;
        self.has_fault(tape, value, &counts)
            || self
                .unlisted
                .iter()
                .any(|&(at, key)| at != value && (value..end).contains(&at) && counts(key))
    }
}

/// One step further down from a value: to which one inside it, the how manieth that is, and how
/// many words of the path lead there.
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
    inline: &'s [usize],
    /// The type of the line's own resource, numbers of names, positions in arrays with `ITEM`, and
    /// the types of resources inside it.
    path: Vec<u32>,
    /// How many words of it are about the line's own resource.
    own: usize,
    levels: Vec<Level>,
}

impl<'s> Steps<'s> {
    fn new(table: &'s Table, tape: &'s Tape, line: &'s [u8], inline: &'s [usize]) -> Self {
        let mut steps = Steps {
            table,
            tape,
            line,
            inline,
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

    /// What a reference says; the position of the entry that it leads to is put in the place of
    /// where that stands on the tape, at the end of a text.
    fn lead(&mut self, reference: usize, text: &mut [u8]) -> &'s [u8] {
        if let Some(target) = text.last_chunk_mut() {
            let path = self.path(u32::from_ne_bytes(*target) as usize);
            let position = path.iter().find(|&step| step & ITEM != 0);
            *target = (position.map_or(!ITEM, |step| step & !ITEM)).to_ne_bytes();
        }
        let said = self.table.known.reference.reference;
        let said = self.tape.member(reference, said).map(|at| self.tape.at(at));
        let said = said.and_then(|said| self.line.get(said.start as usize..said.end as usize));
        said.unwrap_or_default()
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
            let is_inline = !is_array && self.inline.binary_search(&child).is_ok();
            if is_inline || (is_array && tape.at(at).key == contained) {
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
