//! The walker: where a walk stands in its line, what it has met, and what it asks.

use std::collections::HashMap;

use super::doubts::Doubts;
use super::frames::{FrameNumber, Saying, FOLLOWED};
use super::mention::{Holder, Mention, Place, Sliced};
use super::sites::Sites;
use crate::accept::collections::{emptied, Bench};
use crate::accept::concepts::{Concept, Concepts};
use crate::accept::lexer::{Lexer, Text};
use crate::accept::memo::{Answer, Check, Memo, Questions, LONGEST_QUESTION, NO_CHECK};
use crate::accept::op::Op;
use crate::accept::reason::Reason;
use crate::accept::references::References;
use crate::accept::seeds::Seeds;
use crate::accept::shapes::Shapes;
use crate::accept::table::Table;
use crate::accept::tape::{Entry, Form, Key, Tape};
use crate::xhtml::{Anchors, Markup};

/// Checks that are answered by additions to the table.
pub(super) const TYPE_CHECK: Check = 0;
pub(super) const NODE_CHECK: Check = 1;
pub(super) const OVERLAY_CHECK: Check = 2;

/// Objects in objects at the most; the explainer goes deeper.
pub(super) const DEPTH: u32 = 64;
/// Longer lines are walked where they hold few values, as a Binary does, and are left to the
/// explainer otherwise, so that a walk takes little memory.
const LONG: usize = 16 << 20;
const LONGEST: usize = 256 << 20;
const MOST_VALUES: usize = 1 << 20;

/// Whether a walk over the line would take too much memory. Every value but the first has a comma
/// or an opening bracket of its own before it.
pub(super) fn is_too_large(line: &[u8]) -> bool {
    line.len() > LONG
        && (line.len() > LONGEST
            || memchr::memchr3_iter(b',', b'{', b'[', line)
                .nth(MOST_VALUES)
                .is_some())
}

pub(crate) type Asked<T = ()> = Result<T, Reason>;

/// What a line is walked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Whether it is certainly valid.
    Valid,
    /// Of a Bundle the entries that are not.
    Entries,
    /// What of it is in doubt, and accept none: which values, or of a Bundle which entries.
    Doubts,
}

/// What came of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Certainly valid. The number of its type; where its id stands.
    Accepted {
        type_number: u16,
        id: (u32, u32),
    },
    /// Questions were raised: walk it again when they are answered.
    Pending,
    /// Written with escapes that it does not need: walk it without them.
    Misspelled,
    /// A Bundle of which is known which entries are in doubt: see `by_entry`.
    Parted,
    /// A line of which is known which values are in doubt: see `by_site`. The number of its type;
    /// where its id stands.
    Sited {
        type_number: u16,
        id: (u32, u32),
    },
    Asked(Reason),
}

/// A condition that looks at more than its object, and so is told when the line is read.
#[derive(Clone, Copy)]
pub(crate) struct Later<'a> {
    pub object: usize,
    pub resource: usize,
    pub op: &'a Op,
    /// The question that tells what is said where it certainly fails.
    pub broken: Check,
    /// Whether it is about a value of a property, and not about an object by its type.
    pub is_of_property: bool,
    pub place: Place,
    pub said: Saying,
}

/// What walks over many lines of a block use again.
#[derive(Default)]
pub struct Room<'a> {
    pub(crate) tape: Tape,
    pub(crate) ids: Vec<&'a [u8]>,
    pub(crate) mentions: Vec<Mention<'a>>,
    /// Bundles and Parameters, in the order in which they start.
    pub(crate) holders: Vec<Holder>,
    /// Which overlay was laid over which resource, so that it need not be because something refers
    /// to it; and whether that may have left codes undecided or, by site, anything to say.
    pub(crate) followed: HashMap<(u32, usize), bool, Seeds>,
    pub(crate) later: Vec<Later<'a>>,
    /// Slices that are told when all of the line is read, and how many entries were looked at for
    /// that.
    pub(crate) sliced: Vec<Sliced<'a>>,
    /// Those that are being told.
    pub(crate) settling: Option<Sliced<'a>>,
    pub(crate) looked_at: usize,
    pub(crate) scratch: Vec<u8>,
    pub(crate) anchors: Anchors,
    pub(crate) bench: Bench<'a>,
    pub(crate) doubts: Doubts,
    pub(crate) sites: Sites,
    /// Of the line, by where they stand on the tape: concepts that were read before, and references
    /// whose opening was.
    pub(crate) coded: Vec<(usize, Concept)>,
    /// Where the memo keeps the answers that left codes undecided, once an answer, for the line.
    pub undecided: Vec<u32>,
}

/// What walks leave to those that come after them, as long as the table does not grow.
#[derive(Default)]
pub struct Learned {
    pub(crate) concepts: Concepts,
    pub(crate) shapes: Shapes,
    pub(crate) references: Option<References>,
    pub(crate) answers: LastAnswers,
    pub(crate) markup: Markup,
    /// How long the last id was, and the last end of a reference.
    pub(crate) id: usize,
    pub(crate) reference: usize,
    /// The node of the last resource, and the number of its type.
    pub(crate) last_type: Option<(u32, u16)>,
}

/// Where the memo has the last answers that were asked for, by their checks: of many values the
/// last one comes again.
pub(crate) struct LastAnswers([u32; ANSWERS]);

const ANSWERS: usize = 256;

impl Default for LastAnswers {
    fn default() -> Self {
        LastAnswers([0; ANSWERS])
    }
}

impl Learned {
    /// The memory of answers has some in other places than before.
    pub fn forget_answers(&mut self) {
        self.concepts.forget();
    }
}

impl Room<'_> {
    /// The same room for lines that live for another time.
    pub fn emptied<'b>(self) -> Room<'b> {
        Room {
            tape: self.tape,
            ids: emptied(self.ids),
            mentions: emptied(self.mentions),
            holders: self.holders,
            followed: self.followed,
            later: emptied(self.later),
            sliced: emptied(self.sliced),
            settling: None,
            looked_at: 0,
            scratch: self.scratch,
            anchors: self.anchors,
            bench: self.bench.emptied(),
            doubts: self.doubts,
            sites: self.sites,
            coded: self.coded,
            undecided: self.undecided,
        }
    }

    /// Forget the line before.
    pub(super) fn clear(&mut self) {
        self.tape.clear();
        self.ids.clear();
        self.mentions.clear();
        self.holders.clear();
        self.followed.clear();
        self.later.clear();
        self.sliced.clear();
        self.settling = None;
        self.looked_at = 0;
        self.undecided.clear();
        self.anchors.clear();
        self.bench.clear();
        self.doubts.clear();
        self.sites.clear();
        self.coded.clear();
    }
}

pub struct Walk<'a, 'r> {
    pub(crate) table: &'a Table,
    pub(crate) memo: &'a Memo,
    pub(crate) lexer: Lexer<'a>,
    pub(crate) room: &'r mut Room<'a>,
    pub(crate) learned: &'r mut Learned,
    pub(crate) questions: &'r mut Questions,
    pub(crate) pending: bool,
    /// How often something was met of which more is to be said than that it holds, or that is
    /// looked at where it stands: it is not to be remembered.
    pub(crate) singular: u32,
    /// The last concept of the line that was read before; 0 at its start.
    pub(crate) concept_before: Concept,
    /// The innermost resource, and where it stands.
    pub(crate) resource: usize,
    pub(crate) type_number: u16,
    pub(crate) place: Place,
    /// Whether a resource of the line contains others.
    pub(crate) contains: bool,
    /// Overlays inside overlays that are being looked at.
    pub(crate) overlays: u32,
    /// The profile that is being laid, where the line is walked by site.
    pub(crate) frame: FrameNumber,
    pub(crate) search: Search,
    /// Whether the walk goes on behind an entry in doubt, to find the others: see `by_entry`.
    pub(crate) by_entry: bool,
    /// Whether the walk goes on behind a value in doubt: see `by_site`.
    pub(crate) by_site: bool,
    /// Whether types are guessed that resources do not begin with; how many were, and where the
    /// last one stands.
    pub(crate) guesses: bool,
    pub(crate) guessed: usize,
    pub(crate) last_guess: usize,
}

impl<'a> Walk<'a, '_> {
    /// The answer to a question about the bytes; `None`, and the line pending, where it is yet to
    /// be given.
    pub(crate) fn answer(
        &mut self,
        check: Check,
        text: &[u8],
        reason: Reason,
    ) -> Asked<Option<Answer>> {
        if check == NO_CHECK {
            return Err(reason);
        }
        let place = &mut self.learned.answers.0[check as usize % ANSWERS];
        match self.memo.get_near(check, text, place) {
            Some(Answer { value: 0, .. }) => Err(reason),
            Some(answer) => {
                if answer.undecided != 0 {
                    if self.by_site {
                        // there is something to say, and no site to say it at; what fails nothing
                        // does not count where a reference leads to
                        return match self.frame {
                            FOLLOWED => Ok(Some(answer)),
                            _ => Err(reason),
                        };
                    }
                    self.singular += 1;
                    self.room.undecided.push(*place);
                    if self.by_entry {
                        self.room.doubts.remark(self.lexer.at);
                    }
                }
                Ok(Some(answer))
            }
            None if text.len() > LONGEST_QUESTION => Err(reason),
            None => {
                self.questions.add(check, text);
                self.pending = true;
                Ok(None)
            }
        }
    }

    pub(crate) fn answer_to_scratch(
        &mut self,
        check: Check,
        reason: Reason,
    ) -> Asked<Option<Answer>> {
        let scratch = std::mem::take(&mut self.room.scratch);
        let answer = self.answer(check, &scratch, reason);
        self.room.scratch = scratch;
        answer
    }

    /// Note that a Bundle or Parameters starts.
    pub(super) fn enter_holder(&mut self, resource: usize, is_bundle: bool) {
        let outer = self.holder_around(resource);
        self.room.holders.push(Holder {
            resource,
            is_bundle,
            outer,
        });
    }

    /// Whether the line is a Bundle.
    pub(crate) fn in_bundle(&self) -> bool {
        self.room
            .holders
            .first()
            .is_some_and(|first| first.is_bundle)
    }

    /// The number of the innermost Bundle or Parameters around a resource.
    pub(crate) fn holder_around(&self, resource: usize) -> Option<usize> {
        let holders = &self.room.holders;
        let before = holders.partition_point(|holder| holder.resource < resource);
        self.innermost(before, resource)
    }

    /// The innermost Bundle that a resource is, or stands in.
    pub(crate) fn bundle_around(&self, resource: usize) -> Option<usize> {
        let holders = &self.room.holders;
        let before = holders.partition_point(|holder| holder.resource <= resource);
        let mut found = &holders[self.innermost(before, resource)?];
        while !found.is_bundle {
            found = &holders[found.outer?];
        }
        Some(found.resource)
    }

    /// Of the first holders, the last one that a resource is inside of.
    fn innermost(&self, count: usize, resource: usize) -> Option<usize> {
        let is_inside = |number: usize| {
            let holder = self.room.tape.at(self.room.holders[number].resource);
            let is_open = holder.start == holder.end;
            is_open || resource < holder.next as usize
        };
        let mut number = count.checked_sub(1)?;
        while !is_inside(number) {
            number = self.room.holders[number].outer?;
        }
        Some(number)
    }

    pub(super) fn bytes(&self, text: Text) -> &'a [u8] {
        &self.lexer.bytes[text.start..text.end]
    }

    pub(crate) fn content(&self, entry: usize) -> &'a [u8] {
        self.content_of(self.room.tape.at(entry))
    }

    pub(crate) fn content_of(&self, entry: Entry) -> &'a [u8] {
        &self.lexer.bytes[entry.start as usize..entry.end as usize]
    }

    /// The JSON of a value, a string with its quotes.
    pub(crate) fn json(&self, entry: usize) -> &'a [u8] {
        let entry = self.room.tape.at(entry);
        let quote = usize::from(entry.form == Form::Text);
        &self.lexer.bytes[entry.start as usize - quote..entry.end as usize + quote]
    }

    /// The bytes of a member that is a string.
    pub(crate) fn text_of(&self, object: usize, key: Key) -> Option<&'a [u8]> {
        self.room
            .tape
            .member(object, key)
            .filter(|&found| self.room.tape.at(found).form == Form::Text)
            .map(|found| self.content(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_walked_where_it_holds_few_values() {
        let of = |item: &str, times: usize| format!("{{\"a\":[{}]}}", item.repeat(times));
        assert!(!is_too_large(of("1,", 4 << 20).as_bytes()));
        assert!(!is_too_large(
            of("\"12345678901234567890\",", 1 << 19).as_bytes()
        ));
        assert!(is_too_large(
            of("\"12345678901234567890\",", 1 << 20).as_bytes()
        ));
        assert!(!is_too_large(&vec![b'x'; 20 << 20]));
        assert!(is_too_large(&vec![b'x'; (256 << 20) + 1]));
    }
}
