//! Hashes of what data says.

use std::hash::{BuildHasher, Hasher};

use crate::accept::memo::{fold, seeds};

/// Seeds drawn at random, so that nobody can choose what collides.
pub struct Seeds(u64, u64);

impl Default for Seeds {
    fn default() -> Self {
        let (one, other) = seeds();
        Seeds(one, other)
    }
}

pub struct Mixed(u64, u64);

impl BuildHasher for Seeds {
    type Hasher = Mixed;

    #[inline]
    fn build_hasher(&self) -> Mixed {
        Mixed(self.0, self.1)
    }
}

impl Hasher for Mixed {
    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word, self.1);
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.0 ^= u64::from(number) << 17;
    }

    fn write(&mut self, bytes: &[u8]) {
        let word = |bytes: &[u8]| {
            let bytes = bytes.iter().rev();
            bytes.fold(0, |all, &byte| all << 8 | u64::from(byte))
        };
        let mut words = bytes.chunks_exact(8);
        for whole in &mut words {
            self.write_u64(word(whole));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            self.write_u64(word(rest));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
