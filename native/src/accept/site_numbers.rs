//! Numbers of sites: Python finds out once what there is to say at a site, and knows it by its number
//! from then on.

use crate::accept::memo::Memo;

/// Sites that are numbered, and the bytes of one that keeps its number, so that some 16 MB are known
/// at the most: at the bound the numbers start anew with the next block.
const MOST: u32 = 16_384;
const LONGEST: usize = 1024;

#[derive(Default)]
pub struct SiteNumbers {
    known: Memo,
    next: u32,
}

impl SiteNumbers {
    /// The number of the next new site, 0 where the numbers start anew.
    pub fn start(&mut self) -> u32 {
        if self.next >= MOST {
            *self = SiteNumbers::default();
        }
        self.next
    }

    /// The number of a site, and whether it is a new one. A long one is new each time.
    pub fn number(&mut self, site: &[u8]) -> (u32, bool) {
        if let Some(answer) = self.known.get(0, site) {
            return (answer.value, false);
        }
        let number = self.next;
        self.next += 1;
        if site.len() <= LONGEST {
            self.known.put(0, site, number, Vec::new());
        }
        (number, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_keeps_its_number_until_there_are_too_many() {
        let mut numbers = SiteNumbers::default();
        let long = [b'x'; LONGEST + 1];
        assert_eq!(numbers.start(), 0);
        assert_eq!(numbers.number(b"one"), (0, true));
        assert_eq!(numbers.number(&long), (1, true));
        assert_eq!(numbers.number(&long), (2, true));
        assert_eq!(numbers.number(b"one"), (0, false));
        assert_eq!(numbers.start(), 3);
        for number in 3..MOST {
            assert_eq!(numbers.number(&number.to_ne_bytes()), (number, true));
        }
        assert_eq!(numbers.number(b"one"), (0, false));
        assert_eq!(numbers.start(), 0);
        assert_eq!(numbers.number(b"two"), (0, true));
    }
}
