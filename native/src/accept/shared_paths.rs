//! The paths that expressions begin with: which one stands in several.

use std::collections::HashMap;

/// Paths at the most; others are as if they stood nowhere else.
const MOST: usize = 1 << 16;

/// How often each path stands in expressions, but inside of the same longer one once.
#[derive(Debug, Default)]
pub struct SharedPaths {
    /// The number of each path, by its bytes in the table.
    numbers: HashMap<Box<[u8]>, u32>,
    uses: Vec<u32>,
}

impl SharedPaths {
    /// Count a path that was read; its number.
    ///
    /// inside: the paths that were counted inside of it
    pub fn count(&mut self, path: &[u8], inside: impl Iterator<Item = u32>) -> u32 {
        if let Some(&number) = self.numbers.get(path) {
            for one in inside {
                if let Some(uses) = self.uses.get_mut(one as usize) {
                    *uses -= 1;
                }
            }
            self.uses[number as usize] += 1;
            return number;
        }
        if self.uses.len() >= MOST {
            return u32::MAX;
        }
        self.uses.push(1);
        let number = self.uses.len() as u32 - 1;
        self.numbers.insert(path.into(), number);
        number
    }

    #[inline]
    pub fn is_shared(&self, path: u32) -> bool {
        self.uses.get(path as usize).is_some_and(|&uses| uses > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shared_where_it_stands_in_two_expressions_or_two_longer_ones() {
        let mut paths = SharedPaths::default();
        let mut read = |path: &[&[u8]]| {
            let mut inside = Vec::new();
            for end in 1..=path.len() {
                let number = paths.count(&path[..end].concat(), inside.into_iter());
                inside = vec![number];
            }
            inside[0]
        };
        let (long, again) = (read(&[b"a", b"b", b"c"]), read(&[b"a", b"b", b"c"]));
        let (lone, part) = (read(&[b"d"]), read(&[b"a", b"b"]));
        let other = read(&[b"a", b"b", b"e"]);
        let first = read(&[b"a"]);
        assert_eq!(long, again);
        assert!(paths.is_shared(long) && !paths.is_shared(lone));
        assert!(paths.is_shared(part) && !paths.is_shared(other) && !paths.is_shared(u32::MAX));
        assert!(paths.is_shared(first)); // in another one, and by itself
    }

    #[test]
    fn paths_have_a_bound() {
        let mut paths = SharedPaths::default();
        for number in 0..2 * MOST as u32 {
            paths.count(&number.to_le_bytes(), std::iter::empty());
        }
        assert_eq!((paths.numbers.len(), paths.uses.len()), (MOST, MOST));
        assert_eq!(
            paths.count(&u32::MAX.to_le_bytes(), [u32::MAX].into_iter()),
            u32::MAX
        );
    }
}
