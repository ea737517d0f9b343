//! Sets of properties.

/// Properties of one type at the most.
pub const WIDTH: usize = 256;

/// A set of property numbers.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Bits([u64; WIDTH / 64]);

impl Bits {
    #[inline]
    pub fn set(&mut self, bit: usize) {
        self.0[bit >> 6 & 3] |= 1 << (bit & 63);
    }

    #[inline]
    pub fn has(&self, bit: usize) -> bool {
        self.0[bit >> 6 & 3] >> (bit & 63) & 1 == 1
    }

    #[inline]
    pub fn meets(&self, other: &Bits) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .any(|(one, other)| one & other != 0)
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; WIDTH / 64]
    }

    #[inline]
    pub fn union(&self, other: &Bits) -> Bits {
        Bits(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }

    pub fn each(&self) -> impl Iterator<Item = usize> + '_ {
        (0..WIDTH).filter(|&bit| self.has(bit))
    }
}
