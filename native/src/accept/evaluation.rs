//! What conditions are evaluated on: a tape, and the answers of the explainer.

use crate::accept::collections::Bench;
use crate::accept::memo::{Check, Memo, Questions, LONGEST_QUESTION};
use crate::accept::shared_paths::SharedPaths;
use crate::accept::table::known::Known;
use crate::accept::tape::{Entry, Key, Tape};

pub struct Evaluation<'a, 'q> {
    pub names: &'a [Box<[u8]>],
    pub known: &'a Known,
    pub bytes: &'a [u8],
    pub tape: &'q Tape,
    pub resource: usize,
    /// The Bundle around, where references lead to entries.
    pub bundle: Option<usize>,
    /// Whether the Bundle is walked by entry.
    pub by_entry: bool,
    /// Whether the line is walked by site, where whatever is to be said is a doubt.
    pub by_site: bool,
    pub memo: &'a Memo,
    /// What programs use, and which of their paths stand in several.
    pub bench: &'q mut Bench<'a>,
    pub paths: &'a SharedPaths,
    pub questions: &'q mut Questions,
    /// Set where a question was raised: the line is to be walked again.
    pub pending: &'q mut bool,
}

impl<'a> Evaluation<'a, '_> {
    pub(super) fn bytes(&self, entry: Entry) -> &'a [u8] {
        &self.bytes[entry.start as usize..entry.end as usize]
    }

    /// A string member without escapes, none where there is no such member; nothing for another
    /// value.
    pub(super) fn text_of(&self, object: usize, key: Key) -> Option<Option<&'a [u8]>> {
        let found = self.tape.plain(object, key)?;
        Some(found.map(|entry| self.bytes(entry)))
    }

    /// The explainer's answer to a question, true or false; nothing while there is none.
    pub(super) fn answer(&mut self, check: Check, text: &[u8]) -> Option<bool> {
        match self.memo.get(check, text) {
            Some(answer) if answer.value == 0 || (self.by_site && answer.undecided != 0) => None,
            Some(answer) => Some(answer.value == 1),
            None if text.len() > LONGEST_QUESTION => None,
            None => {
                self.questions.add(check, text);
                *self.pending = true;
                None
            }
        }
    }
}
