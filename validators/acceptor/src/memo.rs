//! What was asked of the explainer, value by value, and what it answered: bounded, exact, and hard to flood.

use std::collections::hash_map::RandomState;
use std::collections::HashSet;
use std::hash::BuildHasher;

/// Answers kept, and bytes of the values they are about; at any bound the memory starts anew.
const MOST_ANSWERS: usize = 1 << 18;
const MOST_BYTES: usize = 24 << 20;
/// Different lists of undecided value sets.
const MOST_LISTS: usize = 1000;
/// Questions that one pass over a block may raise.
const MOST_QUESTIONS: usize = 20_000;
const MOST_QUESTION_BYTES: usize = 8 << 20;

/// Bytes of a value that is worth a question of its own.
pub const LONGEST_QUESTION: usize = 1 << 16;

/// The number of a check of the explainer.
pub type Check = u32;

/// What the explainer says of a value: 0 that it will not do (or only a look at the whole line tells), otherwise what the check agreed on with its asker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub value: u32,
    /// Which list of undecided value sets goes with it; 0 is the empty one.
    pub undecided: u32,
}

struct Kept {
    hash: u64,
    check: Check,
    start: u32,
    length: u32,
    answer: Answer,
}

pub struct Memo {
    slots: Vec<u32>,
    kept: Vec<Kept>,
    bytes: Vec<u8>,
    lists: Vec<Vec<u32>>,
    seeds: (u64, u64),
}

impl Default for Memo {
    fn default() -> Self {
        let random = RandomState::new();
        Memo { slots: vec![0; 1024], kept: Vec::new(), bytes: Vec::new(), lists: vec![Vec::new()], seeds: (random.hash_one(1), random.hash_one(2) | 1) }
    }
}

#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

impl Memo {
    #[inline]
    fn hash(&self, check: Check, text: &[u8]) -> u64 {
        let mut state = self.seeds.0 ^ (u64::from(check) << 32) ^ text.len() as u64;
        let mut rest = text;
        while let Some((word, more)) = rest.split_first_chunk::<8>() {
            state = fold(state ^ u64::from_le_bytes(*word), self.seeds.1);
            rest = more;
        }
        let mut last = [0u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        fold(state ^ u64::from_le_bytes(last), self.seeds.1)
    }

    #[inline]
    pub fn get(&self, check: Check, text: &[u8]) -> Option<Answer> {
        let hash = self.hash(check, text);
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let number = self.slots[slot];
            if number == 0 {
                return None;
            }
            let kept = &self.kept[number as usize - 1];
            if kept.hash == hash && kept.check == check && &self.bytes[kept.start as usize..(kept.start + kept.length) as usize] == text {
                return Some(kept.answer);
            }
            slot = (slot + 1) & mask;
        }
    }

    pub fn undecided(&self, list: u32) -> &[u32] {
        &self.lists[list as usize]
    }

    pub fn put(&mut self, check: Check, text: &[u8], value: u32, undecided: Vec<u32>) {
        if self.get(check, text).is_some() || text.len() > MOST_QUESTION_BYTES {
            return;
        }
        if self.kept.len() >= MOST_ANSWERS || self.bytes.len() + text.len() > MOST_BYTES || self.lists.len() >= MOST_LISTS {
            self.clear();
        }
        let list = self.lists.iter().position(|known| *known == undecided).unwrap_or_else(|| {
            self.lists.push(undecided);
            self.lists.len() - 1
        });
        let hash = self.hash(check, text);
        self.kept.push(Kept { hash, check, start: self.bytes.len() as u32, length: text.len() as u32, answer: Answer { value, undecided: list as u32 } });
        self.bytes.extend_from_slice(text);
        if self.kept.len() * 2 > self.slots.len() {
            self.slots = vec![0; self.slots.len() * 2];
            for number in 1..=self.kept.len() {
                self.place(number);
            }
        } else {
            self.place(self.kept.len());
        }
    }

    fn place(&mut self, number: usize) {
        let mask = self.slots.len() - 1;
        let mut slot = self.kept[number - 1].hash as usize & mask;
        while self.slots[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = number as u32;
    }

    fn clear(&mut self) {
        self.slots = vec![0; 1024];
        self.kept.clear();
        self.bytes.clear();
        self.lists.truncate(1);
    }
}

/// What a pass could not tell: each question once.
#[derive(Default)]
pub struct Questions {
    asked: HashSet<(Check, Vec<u8>)>,
    bytes: usize,
}

impl Questions {
    pub fn add(&mut self, check: Check, text: &[u8]) {
        if self.asked.len() < MOST_QUESTIONS && self.bytes + text.len() <= MOST_QUESTION_BYTES && self.asked.insert((check, text.to_vec())) {
            self.bytes += text.len();
        }
    }

    pub fn take(&mut self) -> Vec<(Check, Vec<u8>)> {
        self.bytes = 0;
        self.asked.drain().collect()
    }
}
