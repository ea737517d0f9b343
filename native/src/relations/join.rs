//! Join: which references lead to a resource, and which resources are led to, by their keys alone,
//! a bucket of keys at a time. engine/columns/plain_join.py says the same in Python.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::columns::{column, words, Mismatch, BUCKETS};

/// Bytes of a key.
const WIDTH: usize = 16;
/// What is said of a row.
const LOOSE: u8 = 1;
const WRONG: u8 = 2;
const ALONE: u8 = 4;
const AGAIN: u8 = 8;

/// The columns (keys, codes) of all blocks in the order of their buckets: how many rows each bucket
/// has, then the keys, the codes, and where each row stood. A key's bucket is its lowest byte;
/// within a bucket the order stays.
pub fn by_bucket(blocks: &[(&[u8], &[u8])]) -> Result<Vec<u8>, Mismatch> {
    let mut counts = [0usize; BUCKETS];
    for (keys, codes) in blocks {
        let keys = column::<WIDTH>(keys)?;
        if keys.len() != words(codes)?.len() {
            return Err("columns of different lengths");
        }
        keys.for_each(|key| counts[key[0] as usize] += 1);
    }
    let total: usize = counts.iter().sum();
    let head = 4 * BUCKETS;
    let mut made = vec![0; head + (WIDTH + 8) * total];
    let mut places = [0; BUCKETS];
    let mut before = 0;
    for (bucket, count) in counts.into_iter().enumerate() {
        places[bucket] = before;
        before += count;
        put(&mut made, 4 * bucket, &word(count)?);
    }
    let (codes_at, stood_at) = (head + WIDTH * total, head + (WIDTH + 4) * total);
    let mut row = 0;
    for (keys, codes) in blocks {
        for (key, code) in column::<WIDTH>(keys)?.zip(words(codes)?) {
            let place = &mut places[key[0] as usize];
            put(&mut made, head + WIDTH * *place, &key);
            put(&mut made, codes_at + 4 * *place, &code.to_ne_bytes());
            put(&mut made, stood_at + 4 * *place, &word(row)?);
            *place += 1;
            row += 1;
        }
    }
    Ok(made)
}

fn word(number: usize) -> Result<[u8; 4], Mismatch> {
    u32::try_from(number)
        .map(u32::to_ne_bytes)
        .map_err(|_| "a number too large")
}

fn put(room: &mut [u8], at: usize, bytes: &[u8]) {
    room[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The marks in the order in which their rows stood.
pub fn in_order(stood: &[u8], marks: &[u8]) -> Result<Vec<u8>, Mismatch> {
    let stood = words(stood)?;
    if stood.len() != marks.len() {
        return Err("columns of different lengths");
    }
    let mut ordered = vec![0; marks.len()];
    for (place, &mark) in stood.zip(marks) {
        *ordered
            .get_mut(place as usize)
            .ok_or("a row beyond the last")? = mark;
    }
    Ok(ordered)
}

/// Keys are spread evenly already, and by a secret: their own bits are their hash.
#[derive(Default)]
pub struct OwnBits(u64);

impl Hasher for OwnBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = (key >> 8) as u64; // the lowest byte is that of the bucket
    }
}

#[derive(Default)]
struct Known {
    code: u32,
    again: bool,
    referred: bool,
}

/// The resources of one bucket.
///
/// wrong: references, as (their code << 32) + code of the resource, to what they do not allow.
/// ignored: codes of references that are none.
pub struct KnownKeys {
    known: HashMap<u128, Known, BuildHasherDefault<OwnBits>>,
    wrong: HashSet<u64>,
    ignored: HashSet<u32>,
}

impl KnownKeys {
    pub fn new(wrong: Vec<u64>, ignored: Vec<u32>) -> Self {
        KnownKeys {
            known: HashMap::default(),
            wrong: wrong.into_iter().collect(),
            ignored: ignored.into_iter().collect(),
        }
    }

    /// Takes resources.
    pub fn add(&mut self, keys: &[u8], codes: &[u8]) -> Result<(), Mismatch> {
        for (key, code) in rows(keys, codes)? {
            self.known
                .entry(key)
                .and_modify(|found| found.again = true)
                .or_insert_with(|| Known {
                    code,
                    ..Known::default()
                });
        }
        Ok(())
    }

    /// A mark for every reference: LOOSE where it leads to nothing, WRONG to what it must not.
    pub fn refer(&mut self, keys: &[u8], codes: &[u8]) -> Result<Vec<u8>, Mismatch> {
        Ok(rows(keys, codes)?
            .map(|(key, code)| {
                if !self.ignored.is_empty() && self.ignored.contains(&code) {
                    return 0;
                }
                let Some(found) = self.known.get_mut(&key) else {
                    return LOOSE;
                };
                found.referred = true;
                let pair = (u64::from(code) << 32) + u64::from(found.code);
                let is_wrong = !self.wrong.is_empty() && self.wrong.contains(&pair);
                if is_wrong {
                    WRONG
                } else {
                    0
                }
            })
            .collect())
    }

    /// A mark for every resource: ALONE where nothing refers to it, AGAIN where its key comes more
    /// than once, and their sum.
    pub fn marks(&self, keys: &[u8]) -> Result<Vec<u8>, Mismatch> {
        Ok(column::<WIDTH>(keys)?
            .map(|key| match self.known.get(&u128::from_le_bytes(key)) {
                None => 0,
                Some(found) => {
                    (if found.referred { 0 } else { ALONE }) + (if found.again { AGAIN } else { 0 })
                }
            })
            .collect())
    }
}

fn rows<'a>(
    keys: &'a [u8],
    codes: &'a [u8],
) -> Result<impl Iterator<Item = (u128, u32)> + 'a, Mismatch> {
    let (keys, codes) = (column::<WIDTH>(keys)?, words(codes)?);
    if keys.len() != codes.len() {
        return Err("columns of different lengths");
    }
    Ok(keys.map(u128::from_le_bytes).zip(codes))
}
