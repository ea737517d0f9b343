//! Numbers of sites, and of lists of them: Python finds out once what there is to say at a site,
//! and puts together once what there is to say of lines that have the same ones.

use crate::accept::memo::Memo;

/// Sites that are numbered, and the bytes of one that keeps its number, so that some 16 MB are
/// known at the most; and lists, with how many sites all of them may have, as some 16 MB of issues.
/// At a bound the numbers start anew with the next block.
const MOST: u32 = 16_384;
const LONGEST: usize = 1024;
const MOST_LISTS: u32 = 4_096;
const MOST_LISTED: usize = 1 << 19;

#[derive(Default)]
pub struct SiteNumbers {
    known: Memo,
    next: u32,
    lists: Memo,
    next_list: u32,
    listed: usize,
    /// A list, as native words.
    words: Vec<u8>,
}

impl SiteNumbers {
    /// The numbers of the next new site and the next new list; a number is 0 where all start anew.
    pub fn start(&mut self) -> (u32, u32) {
        if self.next >= MOST {
            *self = SiteNumbers::default();
        } else if self.next_list >= MOST_LISTS || self.listed >= MOST_LISTED {
            (self.lists, self.next_list, self.listed) = (Memo::default(), 0, 0);
        }
        (self.next, self.next_list)
    }

    /// The number of a site, and whether it is a new one. A long one is new each time.
    fn number(&mut self, site: &[u8]) -> (u32, bool) {
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

    /// The number of a list of sites, and if it is a new one the numbers of its sites as native
    /// words.
    ///
    /// new: gets the sites that are new
    pub fn list<'s>(
        &mut self,
        sites: impl Iterator<Item = &'s [u8]>,
        new: &mut Vec<&'s [u8]>,
    ) -> (u32, Option<&[u8]>) {
        self.words.clear();
        for site in sites {
            let (number, is_new) = self.number(site);
            if is_new {
                new.push(site);
            }
            self.words.extend_from_slice(&number.to_ne_bytes());
        }
        if let Some(answer) = self.lists.get(0, &self.words) {
            return (answer.value, None);
        }
        let number = self.next_list;
        self.next_list += 1;
        self.listed += self.words.len() / 4;
        self.lists.put(0, &self.words, number, Vec::new());
        (number, Some(&self.words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_ne_bytes()).collect()
    }

    #[test]
    fn a_site_keeps_its_number_until_there_are_too_many() {
        let mut numbers = SiteNumbers::default();
        let long = [b'x'; LONGEST + 1];
        assert_eq!(numbers.start(), (0, 0));
        assert_eq!(numbers.number(b"one"), (0, true));
        assert_eq!(numbers.number(&long), (1, true));
        assert_eq!(numbers.number(&long), (2, true));
        assert_eq!(numbers.number(b"one"), (0, false));
        assert_eq!(numbers.start(), (3, 0));
        for number in 3..MOST {
            assert_eq!(numbers.number(&number.to_ne_bytes()), (number, true));
        }
        assert_eq!(numbers.number(b"one"), (0, false));
        assert_eq!(numbers.start(), (0, 0));
        assert_eq!(numbers.number(b"two"), (0, true));
    }

    #[test]
    fn a_list_keeps_its_number_until_there_are_too_many_lists_or_sites_in_them() {
        let mut numbers = SiteNumbers::default();
        let mut new = Vec::new();
        let mut list = |numbers: &mut SiteNumbers, sites: &[&'static [u8]]| {
            let (number, words) = numbers.list(sites.iter().copied(), &mut new);
            (number, words.map(<[u8]>::to_vec))
        };
        let (one, two): (&[u8], &[u8]) = (b"one", b"two");
        assert_eq!(list(&mut numbers, &[one, two]), (0, Some(words(&[0, 1]))));
        assert_eq!(list(&mut numbers, &[two]), (1, Some(words(&[1]))));
        assert_eq!(list(&mut numbers, &[one, two]), (0, None));
        assert_eq!(list(&mut numbers, &[]), (2, Some(Vec::new())));
        assert_eq!(numbers.start(), (2, 3));
        for length in 1..=1024 {
            list(&mut numbers, &vec![one; length + 1]);
        }
        assert_eq!(numbers.start(), (2, 0));
        assert_eq!(list(&mut numbers, &[two]), (0, Some(words(&[1]))));
        assert_eq!(new, [one, two]);
    }
}
