//! A block of lines: columns of what came of each.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Mutex;

use memchr::memmem::Finder;

use crate::accept::memo::{Check, Memo, Questions};
use crate::accept::reason::{Reason, NAMES};
use crate::accept::site_numbers::SiteNumbers;
use crate::accept::spelling::{is_misspelled, place_before, respell};
use crate::accept::table::Table;
use crate::accept::walk::{Learned, Outcome, Room, Search, ToldSites, Walk};

pub const ACCEPTED: u8 = 0;
const PENDING: u8 = 1;
/// Lines that are parted at once.
const READ_AT_ONCE: usize = 16;
/// Bytes that are respelled before they are walked.
const RESPELLED_AT_ONCE: usize = 16 << 10;
/// States from here on are reasons.
const REASONS: u8 = 2;

/// Parallel columns, one entry a line that is not blank.
#[derive(Default)]
pub struct Columns {
    pub numbers: Vec<u32>,
    pub starts: Vec<u32>,
    pub ends: Vec<u32>,
    /// ACCEPTED, PENDING, or REASONS and a reason.
    pub states: Vec<u8>,
    /// Of accepted lines: the number of the type, and where in the block the id stands (0, 0 for
    /// none).
    pub types: Vec<u16>,
    pub ids: Vec<(u32, u32)>,
    /// Value sets of codes that were accepted undecided.
    pub undecided: Undecided,
    /// Of Bundles, where they are walked by entry. See `walk::by_entry`.
    pub parted: Vec<Parted>,
    /// Of other lines, where they are walked by site. See `walk::by_site`.
    pub sited: Vec<Sited>,
    pub told: ToldSites,
    /// The values that hold undecided codes, where they are asked for.
    pub undecided_values: Option<UndecidedValues>,
    /// Whether all lines are walked for the entries that are not certainly valid, and for nothing
    /// else.
    pub by_entry: bool,
    /// What is not parted into lines yet: where it starts, and the number of its first line.
    unread: Option<(usize, u32)>,
}

/// How many codes each value set left undecided.
#[derive(Default)]
pub struct Undecided {
    counts: Vec<u32>,
    /// The value sets in the order in which they were met.
    met: Vec<u32>,
}

impl Undecided {
    fn add(&mut self, value_sets: &[u32]) {
        for &number in value_sets {
            let place = number as usize;
            if self.counts.len() <= place {
                self.counts.resize(place + 1, 0);
            }
            if self.counts[place] == 0 {
                self.met.push(number);
            }
            self.counts[place] += 1;
        }
    }

    /// The numbers of value sets, each with how many codes it left undecided.
    pub fn each(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let count = |&number: &u32| (number, self.counts[number as usize]);
        self.met.iter().map(count)
    }
}

/// A Bundle that is walked by entry: its position, what of it is left to the explainer, and, where
/// only what fails it counts, the questions about values of its other entries that left codes
/// undecided, once a value.
pub struct Parted {
    pub position: usize,
    pub parts: Vec<(u32, u32)>,
    pub undecided: Vec<(Check, Vec<u8>)>,
}

/// A line that is walked by site: its position, the number of its type, where in the block its id
/// stands (0, 0 for none), and what of it is left to the explainer, among the sites of all lines,
/// with what goes beside these.
pub struct Sited {
    pub position: usize,
    pub type_number: u16,
    pub id: (u32, u32),
    pub sites: Range<usize>,
    pub beside: Vec<Box<[u8]>>,
}

/// The values of accepted lines that hold codes which were left undecided.
#[derive(Default)]
pub struct UndecidedValues {
    /// The question about each value, which tells its codes.
    pub questions: Vec<(Check, Vec<u8>)>,
    /// The positions of lines, and the numbers of the questions, once a value.
    pub positions: Vec<u32>,
    pub numbers: Vec<u32>,
    /// Place in the memo -> number of the question. A place is the memo's for one pass.
    known: HashMap<u32, u32>,
}

impl UndecidedValues {
    fn add(&mut self, position: usize, place: u32, memo: &Memo) {
        let questions = &mut self.questions;
        let number = *self.known.entry(place).or_insert_with(|| {
            let (check, text) = memo.question_at(place);
            questions.push((check, text.to_vec()));
            questions.len() as u32 - 1
        });
        self.positions.push(position as u32);
        self.numbers.push(number);
    }
}

#[derive(Default)]
pub struct Acceptor {
    pub table: Table,
    pub memo: Memo,
    /// Whether to tell what of a line is in doubt: which values, or of a Bundle which entries.
    pub closer: bool,
    /// What stands in lines that are left to the explainer as they are.
    pub aside: Option<Vec<u8>>,
    pub sites: SiteNumbers,
    learned: Mutex<Kept>,
}

/// What passes over a table's lines leave to those that come after them.
#[derive(Default)]
struct Kept {
    learned: Learned,
    /// The additions to the table and to the memory of answers then.
    additions: (u32, u32),
}

impl Columns {
    /// The lines of a block, which the first pass parts. Blanks at the end of a line do not count,
    /// nor do blank lines.
    pub fn of(data: &[u8]) -> Columns {
        Columns {
            unread: (!data.is_empty()).then_some((0, 0)),
            ..Columns::default()
        }
    }

    /// Part some more lines from the data, which are still near when they are walked; false where
    /// there are none.
    fn read(&mut self, data: &[u8]) -> bool {
        let before = self.numbers.len();
        while let Some((start, number)) = self.unread {
            if self.numbers.len() - before >= READ_AT_ONCE {
                break;
            }
            let newline = memchr::memchr(b'\n', &data[start..]).map_or(data.len(), |at| start + at);
            let line = &data[start..newline];
            let length = line.len()
                - line
                    .iter()
                    .rev()
                    .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
                    .count();
            if length > 0 && line[..length].iter().any(|b| !matches!(b, b' ' | b'\t')) {
                self.numbers.push(number);
                self.starts.push(start as u32);
                self.ends.push((start + length) as u32);
            }
            self.unread = (newline + 1 < data.len()).then_some((newline + 1, number + 1));
        }
        self.all_pending();
        self.numbers.len() > before
    }

    /// The rows of a column, none of them looked at: a row is one resource, whatever line ends it
    /// holds. Rows of white space do not count. Nothing where the offsets do not fit the data.
    pub fn of_rows(data: &[u8], starts: &[u32], ends: &[u32]) -> Option<Columns> {
        let mut columns = Columns::default();
        for (number, (&start, &end)) in starts.iter().zip(ends).enumerate() {
            let row = data.get(start as usize..end as usize)?;
            if !row.trim_ascii().is_empty() {
                columns.numbers.push(number as u32);
                columns.starts.push(start);
                columns.ends.push(end);
            }
        }
        columns.all_pending();
        Some(columns)
    }

    /// Some lines of other columns, to be looked at once more; their numbers are the positions
    /// there. Nothing where one is not there.
    pub fn of_positions(others: &Columns, positions: impl Iterator<Item = u32>) -> Option<Columns> {
        let mut columns = Columns::default();
        for position in positions {
            columns.numbers.push(position);
            columns.starts.push(*others.starts.get(position as usize)?);
            columns.ends.push(*others.ends.get(position as usize)?);
        }
        columns.all_pending();
        Some(columns)
    }

    /// Of all lines that are new nothing is known.
    fn all_pending(&mut self) {
        let count = self.numbers.len();
        self.states.resize(count, PENDING);
        self.types.resize(count, 0);
        self.ids.resize(count, (0, 0));
    }

    fn line<'a>(&self, data: &'a [u8], position: usize) -> &'a [u8] {
        &data[self.starts[position] as usize..self.ends[position] as usize]
    }

    /// Where an id of a line stands in the block.
    fn in_block(&self, position: usize, id: (u32, u32)) -> (u32, u32) {
        let start = self.starts[position];
        if id.1 > 0 {
            (start + id.0, start + id.1)
        } else {
            (0, 0)
        }
    }

    /// Take down what came of a line.
    fn note(&mut self, position: usize, outcome: Outcome, room: &mut Room<'_>, memo: &Memo) {
        self.states[position] = match outcome {
            Outcome::Accepted { type_number, id } => {
                self.types[position] = type_number;
                self.ids[position] = self.in_block(position, id);
                for &place in &room.undecided {
                    self.undecided.add(memo.undecided_at(place));
                    if let Some(values) = &mut self.undecided_values {
                        values.add(position, place, memo);
                    }
                }
                ACCEPTED
            }
            Outcome::Pending => PENDING,
            Outcome::Parted => {
                let places = if self.by_entry {
                    &room.undecided[..]
                } else {
                    &[]
                };
                let questions = places.iter().map(|&place| memo.question_at(place));
                self.parted.push(Parted {
                    position,
                    parts: room.doubts.parts.clone(),
                    undecided: questions
                        .map(|(check, text)| (check, text.to_vec()))
                        .collect(),
                });
                REASONS + Reason::Bundle as u8
            }
            Outcome::Sited { type_number, id } => {
                self.sited.push(Sited {
                    position,
                    type_number,
                    id: self.in_block(position, id),
                    sites: self.told.add_all(room.sites.told()),
                    beside: room.sites.take_beside(),
                });
                REASONS + Reason::Value as u8
            }
            Outcome::Misspelled => REASONS + Reason::Json as u8,
            Outcome::Asked(reason) => REASONS + reason as u8,
        };
    }

    pub fn is_pending(&self) -> bool {
        self.unread.is_some() || self.states.contains(&PENDING)
    }

    /// How much data there is at the least.
    pub fn end(&self) -> usize {
        let last = self.ends.last().map_or(0, |&end| end as usize);
        last.max(self.unread.map_or(0, |(start, _)| start))
    }

    /// Whether every line is accepted and has an id.
    pub fn is_whole(&self) -> bool {
        self.states.iter().all(|&state| state == ACCEPTED) && self.is_named()
    }

    /// Whether every line that is accepted has an id.
    pub fn is_named(&self) -> bool {
        let mut lines = self.states.iter().zip(&self.ids);
        lines.all(|(&state, id)| state != ACCEPTED || id.1 > 0)
    }

    /// Positions of the lines that are not accepted, each with its reason.
    pub fn fallbacks(&self) -> impl Iterator<Item = (usize, &'static str)> + '_ {
        let numbered = self.numbered_fallbacks();
        numbered.map(|(position, reason)| (position, NAMES[usize::from(reason)]))
    }

    /// The same with the numbers of the reasons.
    pub fn numbered_fallbacks(&self) -> impl Iterator<Item = (usize, u8)> + '_ {
        let states = self.states.iter().enumerate();
        let others = states.filter(|(_, &state)| state != ACCEPTED);
        others.map(|(position, &state)| match state {
            PENDING => (position, Reason::Question as u8),
            _ => (position, state - REASONS),
        })
    }
}

/// Lines without the escapes that they do not need, as many as stay near until they are walked.
#[derive(Default)]
struct Respelled {
    text: Vec<u8>,
    /// Their positions, and where each ends in the text.
    lines: Vec<(usize, usize)>,
}

impl Respelled {
    fn add(&mut self, position: usize, line: &[u8]) {
        let start = self.lines.last().map_or(0, |line| line.1);
        let end = respell(line, &mut self.text, start);
        self.lines.push((position, end));
    }

    /// Whether they are to be walked. is_last: no others are read so far
    fn is_due(&self, is_last: bool) -> bool {
        (self.lines.last()).is_some_and(|&(_, end)| is_last || end >= RESPELLED_AT_ONCE)
    }
}

/// What came of a line that was respelled, with the place of its id in the line as it is written.
fn as_written(outcome: Outcome, line: &[u8]) -> Outcome {
    let before = |id| place_before(line, id).ok_or(Reason::Value); // else its bytes are not the id
    match outcome {
        Outcome::Accepted { type_number, id } => {
            before(id).map_or_else(Outcome::Asked, |id| Outcome::Accepted { type_number, id })
        }
        Outcome::Sited { type_number, id } => {
            before(id).map_or_else(Outcome::Asked, |id| Outcome::Sited { type_number, id })
        }
        outcome => outcome,
    }
}

impl Acceptor {
    /// Walk every line that is pending; the questions that the walks raised.
    pub fn pass(&self, data: &[u8], columns: &mut Columns) -> Vec<(Check, Vec<u8>)> {
        if let Some(values) = &mut columns.undecided_values {
            values.known.clear();
        }
        let search = match (columns.by_entry, self.closer) {
            (true, _) => Search::Entries,
            (false, true) => Search::Doubts,
            (false, false) => Search::Valid,
        };
        // made here, since it is aligned as no object of Python's is
        let aside = self.aside.as_ref().map(Finder::new);
        let mut questions = Questions::default();
        let mut learned = self.learned();
        let (mut room, mut other_room) = (Room::default(), Room::default());
        let mut respelled = Respelled::default();
        let mut next = 0;
        while next < columns.states.len() || columns.read(data) {
            let position = next;
            next += 1;
            if columns.states[position] == PENDING {
                let line = columns.line(data, position);
                // where one line is misspelled, others are
                let is_aside = aside.as_ref().is_some_and(|text| text.find(line).is_some());
                let outcome = if is_aside {
                    Outcome::Asked(Reason::Value)
                } else if !respelled.lines.is_empty() && is_misspelled(line) {
                    Outcome::Misspelled
                } else {
                    self.walk(&mut room, &mut learned, &mut questions, line, search)
                };
                if outcome == Outcome::Misspelled {
                    respelled.add(position, line);
                } else {
                    columns.note(position, outcome, &mut room, &self.memo);
                }
            }
            if !respelled.is_due(next == columns.states.len()) {
                continue;
            }
            let mut room = other_room.emptied();
            let mut start = 0;
            for &(position, end) in &respelled.lines {
                let walked = &respelled.text[start..end];
                let outcome = self.walk(&mut room, &mut learned, &mut questions, walked, search);
                let outcome = as_written(outcome, columns.line(data, position));
                columns.note(position, outcome, &mut room, &self.memo);
                start = end;
            }
            other_room = room.emptied();
            respelled.lines.clear();
        }
        self.learn(learned);
        questions.take()
    }

    /// What was learned of the table as it is. Whoever comes while it is out learns anew.
    fn learned(&self) -> Learned {
        let Ok(mut kept) = self.learned.lock() else {
            return Learned::default();
        };
        let (mut learned, before) = (std::mem::take(&mut kept.learned), kept.additions);
        if before.0 != self.table.additions {
            return Learned::default();
        }
        if before.1 != self.memo.additions {
            learned.forget_answers();
        }
        learned
    }

    fn learn(&self, learned: Learned) {
        if let Ok(mut kept) = self.learned.lock() {
            *kept = Kept {
                learned,
                additions: (self.table.additions, self.memo.additions),
            };
        }
    }

    /// The wall around one line: a mistake in this crate costs time, never a verdict or the
    /// process.
    fn walk<'a>(
        &'a self,
        room: &mut Room<'a>,
        learned: &mut Learned,
        questions: &mut Questions,
        line: &'a [u8],
        search: Search,
    ) -> Outcome {
        let walked = catch_unwind(AssertUnwindSafe(|| {
            let (table, memo) = (&self.table, &self.memo);
            Walk::line(table, memo, room, learned, questions, line, search)
        }));
        walked.unwrap_or_else(|_| {
            *room = Room::default();
            *learned = Learned::default();
            Outcome::Asked(Reason::Panic)
        })
    }
}
