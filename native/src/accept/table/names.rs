//! Names as they stand in a line: told by their bytes where one is expected, found by a hash
//! otherwise.

use std::hash::Hasher;

/// A name as JSON nearly always has it, quoted and with its colon: the first 16 bytes, and how many
/// they all are.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    head: [u8; 16],
    pub length: u8,
}

/// Which of 16 bytes count, by the length of what they hold.
const MASKS: [u128; 17] = {
    let mut masks = [0; 17];
    let mut length = 1;
    while length < 17 {
        masks[length] = u128::MAX >> (128 - 8 * length);
        length += 1;
    }
    masks
};

impl Spelled {
    pub fn of(name: &[u8]) -> Spelled {
        let whole = [b"\"", name, b"\":"].concat();
        let mut head = [0; 16];
        let length = whole.len().min(16);
        head[..length].copy_from_slice(&whole[..length]);
        Spelled {
            head,
            length: whole.len().min(255) as u8,
        }
    }

    /// Whether the bytes open with the name.
    #[inline(always)]
    pub fn opens<'n>(&self, bytes: &[u8], name: impl Fn() -> &'n [u8]) -> bool {
        let length = self.length as usize;
        match bytes.first_chunk::<16>() {
            Some(first) if length <= 16 => {
                (u128::from_le_bytes(*first) ^ u128::from_le_bytes(self.head)) & MASKS[length] == 0
            }
            Some(first) => {
                *first == self.head
                    && length < 255
                    && bytes.get(1..length - 2) == Some(name())
                    && bytes[length - 2..].starts_with(b"\":")
            }
            None => false,
        }
    }
}

/// Names of one node, hashed by their length and ends: enough to spread the names of one type.
#[derive(Debug, Default)]
pub(super) struct Names {
    slots: Vec<u16>,
}

#[inline]
fn spread(name: &[u8]) -> usize {
    let mut state = (name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            state ^= u64::from_le_bytes(*first).wrapping_mul(0xff51_afd7_ed55_8ccd)
                ^ u64::from_le_bytes(*last).rotate_left(29)
        }
        _ => {
            state ^= name
                .iter()
                .fold(0, |word, &byte| word << 8 | u64::from(byte))
        }
    }
    (state.wrapping_mul(0xc4ce_b9fe_1a85_ec53) >> 40) as usize
}

/// A hasher of names that come from the table alone, so that nobody chooses any that collide.
#[derive(Debug, Default)]
pub struct NameHasher(u64);

impl Hasher for NameHasher {
    #[inline]
    fn write(&mut self, name: &[u8]) {
        self.0 = (spread(name) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    #[inline]
    fn write_usize(&mut self, _length: usize) {}

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

impl Names {
    pub fn of<'n>(names: impl ExactSizeIterator<Item = &'n [u8]>) -> Names {
        let size = (names.len() * 4).next_power_of_two().max(8);
        let mut slots = vec![0u16; size];
        for (number, name) in names.enumerate() {
            let mut slot = spread(name) & (size - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = number as u16 + 1;
        }
        Names { slots }
    }

    #[inline]
    pub fn find<'n>(&self, name: &[u8], named: impl Fn(usize) -> &'n [u8]) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut slot = spread(name) & mask;
        loop {
            let number = self.slots[slot] as usize;
            if number == 0 {
                return None;
            }
            if named(number - 1) == name {
                return Some(number - 1);
            }
            slot = (slot + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_by_all_of_their_bytes() {
        for name in [
            "id",
            "resourceType",
            "thirteenLong_",
            "fourteenLetter",
            "effectiveDateTime",
        ] {
            let spelled = Spelled::of(name.as_bytes());
            let opens = |text: String| spelled.opens(text.as_bytes(), || name.as_bytes());
            assert!(opens(format!("\"{name}\":                    ")), "{name}");
            for other in [
                format!("\"{name}\" :                   "),
                format!("\"{name}x\":                  "),
                format!("\"{}\":                    ", &name[1..]),
            ] {
                assert!(!opens(other), "{name}");
            }
        }
    }
}
