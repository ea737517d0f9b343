//! What was asked of the explainer, value by value, and what it answered: bounded, exact, and hard
//! to flood.

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
/// No check at all: whatever would be asked is a no.
pub const NO_CHECK: Check = u32::MAX;

/// What the explainer says of a value: 0 that it will not do (or only a look at the whole line
/// tells), otherwise what the check agreed on with its asker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub value: u32,
    /// Which list of undecided value sets goes with it; 0 is the empty one.
    pub undecided: u32,
}

/// Where an answer is kept: by its hash, in the first free place from there on.
#[derive(Clone, Copy)]
struct Slot {
    hash: u64,
    /// NO_CHECK where the slot is free.
    check: Check,
    start: u32,
    length: u32,
    answer: Answer,
}

const FREE: Slot = Slot {
    hash: 0,
    check: NO_CHECK,
    start: 0,
    length: 0,
    answer: Answer {
        value: 0,
        undecided: 0,
    },
};
const FEWEST_SLOTS: usize = 1024;

pub struct Memo {
    slots: Vec<Slot>,
    count: usize,
    bytes: Vec<u8>,
    lists: Vec<Vec<u32>>,
    seeds: (u64, u64),
    /// How often answers were added: before, some were kept in other places.
    pub additions: u32,
}

impl Default for Memo {
    fn default() -> Self {
        Memo {
            slots: vec![FREE; FEWEST_SLOTS],
            count: 0,
            bytes: Vec::new(),
            lists: vec![Vec::new()],
            seeds: seeds(),
            additions: 0,
        }
    }
}

/// Drawn at random.
pub fn seeds() -> (u64, u64) {
    let random = RandomState::new();
    (random.hash_one(1), random.hash_one(2))
}

#[inline]
pub fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Up to 16 bytes as two words; with their number they tell the bytes.
#[inline]
fn ends(text: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        return (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        return (
            u64::from(u32::from_le_bytes(*first)),
            u64::from(u32::from_le_bytes(*last)),
        );
    }
    (
        text.iter()
            .fold(0, |word, &byte| word << 8 | u64::from(byte)),
        0,
    )
}

impl Memo {
    /// Seeded at random, so that nobody can choose values that collide.
    #[inline]
    pub fn hash(&self, check: Check, text: &[u8]) -> u64 {
        let mut state = self.seeds.0 ^ (u64::from(check) << 32) ^ text.len() as u64;
        let mut rest = text;
        while rest.len() > 16 {
            let (one, other) = ends(&rest[..16]);
            state = fold(state ^ one, self.seeds.1 ^ other);
            rest = &rest[16..];
        }
        let (one, other) = ends(rest);
        fold(fold(state ^ one, self.seeds.1 ^ other), self.seeds.0 | 1)
    }

    /// The slot of a value: the one that has its answer, or the free one that would.
    #[inline]
    fn slot(&self, hash: u64, check: Check, text: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut number = hash as usize & mask;
        loop {
            let slot = &self.slots[number];
            let same = slot.hash == hash
                && slot.check == check
                && self
                    .bytes
                    .get(slot.start as usize..(slot.start + slot.length) as usize)
                    == Some(text);
            if same || slot.check == NO_CHECK {
                return number;
            }
            number = (number + 1) & mask;
        }
    }

    /// The answer, looked for first in the place where the check's last one was; that place is
    /// kept.
    #[inline]
    pub fn get_near(&self, check: Check, text: &[u8], last: &mut u32) -> Option<Answer> {
        let is_here = self.slots.get(*last as usize).filter(|slot| {
            let bytes = slot.start as usize..(slot.start + slot.length) as usize;
            slot.check == check && self.bytes.get(bytes) == Some(text)
        });
        if let Some(slot) = is_here {
            return Some(slot.answer);
        }
        *last = self.place(check, text);
        let slot = &self.slots[*last as usize];
        (slot.check != NO_CHECK).then_some(slot.answer)
    }

    #[inline]
    pub fn get(&self, check: Check, text: &[u8]) -> Option<Answer> {
        let slot = &self.slots[self.slot(self.hash(check, text), check, text)];
        (slot.check != NO_CHECK).then_some(slot.answer)
    }

    pub fn undecided(&self, list: u32) -> &[u32] {
        &self.lists[list as usize]
    }

    /// Where a question that was answered is kept, until the next answer is put.
    #[inline(never)]
    pub fn place(&self, check: Check, text: &[u8]) -> u32 {
        self.slot(self.hash(check, text), check, text) as u32
    }

    /// The value sets that were left undecided by the answer in a place, with repetitions.
    pub fn undecided_at(&self, place: u32) -> &[u32] {
        self.undecided(self.slots[place as usize].answer.undecided)
    }

    /// The question that is answered in a place.
    pub fn question_at(&self, place: u32) -> (Check, &[u8]) {
        let slot = &self.slots[place as usize];
        let start = slot.start as usize;
        (slot.check, &self.bytes[start..start + slot.length as usize])
    }

    pub fn put(&mut self, check: Check, text: &[u8], value: u32, undecided: Vec<u32>) {
        if check == NO_CHECK || self.get(check, text).is_some() || text.len() > MOST_QUESTION_BYTES
        {
            return;
        }
        if self.count >= MOST_ANSWERS
            || self.bytes.len() + text.len() > MOST_BYTES
            || self.lists.len() >= MOST_LISTS
        {
            self.clear();
        }
        let list = self
            .lists
            .iter()
            .position(|known| *known == undecided)
            .unwrap_or_else(|| {
                self.lists.push(undecided);
                self.lists.len() - 1
            });
        if (self.count + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let hash = self.hash(check, text);
        let number = self.slot(hash, check, text);
        let (start, length) = (self.bytes.len() as u32, text.len() as u32);
        self.slots[number] = Slot {
            hash,
            check,
            start,
            length,
            answer: Answer {
                value,
                undecided: list as u32,
            },
        };
        self.bytes.extend_from_slice(text);
        self.count += 1;
        self.additions += 1;
    }

    fn grow(&mut self) {
        let twice = vec![FREE; self.slots.len() * 2];
        let mask = twice.len() - 1;
        for slot in std::mem::replace(&mut self.slots, twice)
            .into_iter()
            .filter(|slot| slot.check != NO_CHECK)
        {
            let mut number = slot.hash as usize & mask;
            while self.slots[number].check != NO_CHECK {
                number = (number + 1) & mask;
            }
            self.slots[number] = slot;
        }
    }

    fn clear(&mut self) {
        self.slots = vec![FREE; FEWEST_SLOTS];
        self.count = 0;
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
        if self.asked.len() < MOST_QUESTIONS
            && self.bytes + text.len() <= MOST_QUESTION_BYTES
            && self.asked.insert((check, text.to_vec()))
        {
            self.bytes += text.len();
        }
    }

    pub fn take(&mut self) -> Vec<(Check, Vec<u8>)> {
        self.bytes = 0;
        self.asked.drain().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_by_check_and_value() {
        let mut memo = Memo::default();
        let texts: Vec<Vec<u8>> = (0..3000u32)
            .map(|n| {
                vec![b'a' + (n % 26) as u8; n as usize % 50]
                    .into_iter()
                    .chain(n.to_string().into_bytes())
                    .collect()
            })
            .collect();
        for (n, text) in texts.iter().enumerate() {
            memo.put(3, text, n as u32 + 1, vec![n as u32 % 4]);
            memo.put(3, text, 0, Vec::new());
        }
        memo.put(3, b"", 7, Vec::new());
        for (n, text) in texts.iter().enumerate() {
            let answer = memo.get(3, text).expect("kept");
            assert_eq!(
                (answer.value, memo.undecided(answer.undecided)),
                (n as u32 + 1, &[n as u32 % 4][..])
            );
            assert_eq!(memo.get(4, text), None);
        }
        let place = memo.place(3, &texts[9]);
        assert_eq!(memo.question_at(place), (3, &texts[9][..]));
        assert_eq!(memo.undecided_at(place), [1]);
        assert_eq!(memo.get(3, b"").map(|answer| answer.value), Some(7));
        assert_eq!(memo.get(NO_CHECK, b""), None);
    }

    #[test]
    fn texts_of_any_length_hash_apart() {
        let memo = Memo::default();
        let hashes: HashSet<u64> = (0..200)
            .map(|length| memo.hash(1, &vec![0; length]))
            .collect();
        assert_eq!(hashes.len(), 200);
    }

    #[test]
    fn the_memory_starts_anew_at_its_bound() {
        let mut memo = Memo::default();
        for n in 0..40u32 {
            memo.put(n, &vec![b'x'; 1 << 20], 1, Vec::new());
        }
        assert!(
            memo.bytes.len() <= MOST_BYTES
                && memo.get(39, &vec![b'x'; 1 << 20]).is_some()
                && memo.get(0, &vec![b'x'; 1 << 20]).is_none()
        );
    }
}
