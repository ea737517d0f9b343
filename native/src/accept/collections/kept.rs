//! What paths found in a line: many expressions begin with the same one, from the same object.
//! What is recalled takes the steps that finding it took, as it does where lines are explained.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use super::element::Element;
use crate::accept::seeds::Seeds;
use crate::accept::tape::Key;

/// Results of a line, and items of all of them, at the most.
const MOST: usize = 1 << 12;
const MOST_ITEMS: usize = 1 << 14;

/// A path from an object that is looked at as one of a type, with a Bundle around.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Start {
    pub path: u32,
    pub object: u32,
    /// One more than where it stands on the tape, 0 for none.
    pub bundle: u32,
    pub kind: Key,
}

impl Hash for Start {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.path) << 32 | u64::from(self.object));
        state.write_u64(u64::from(self.bundle) << 16 | u64::from(self.kind));
    }
}

/// Where the items of a result start and end, and the steps that finding them took.
#[derive(Clone, Copy)]
struct Found {
    start: u32,
    end: u32,
    steps: u32,
}

#[derive(Default)]
pub struct Kept<'a> {
    found: HashMap<Start, Found, Seeds>,
    items: Vec<Element<'a>>,
}

impl<'a> Kept<'a> {
    /// The same memory for lines that live for another time, with nothing in it.
    pub fn emptied<'b>(mut self) -> Kept<'b> {
        self.clear();
        Kept {
            found: self.found,
            items: emptied(self.items),
        }
    }

    pub fn clear(&mut self) {
        self.found.clear();
        self.items.clear();
    }

    /// What a path found, if that is kept, and the steps that it took.
    #[inline]
    pub fn find(&self, start: &Start) -> Option<(&[Element<'a>], usize)> {
        let found = self.found.get(start)?;
        let items = &self.items[found.start as usize..found.end as usize];
        Some((items, found.steps as usize))
    }

    /// Keep what a path found. A text that was made does not outlive its run.
    pub fn keep(&mut self, start: Start, items: &[Element<'a>], steps: usize) {
        let is_made = |item: &Element| matches!(item, Element::Made(..));
        if self.found.len() >= MOST
            || self.items.len() + items.len() > MOST_ITEMS
            || items.iter().any(is_made)
        {
            return;
        }
        let first = self.items.len() as u32;
        self.items.extend_from_slice(items);
        let found = Found {
            start: first,
            end: self.items.len() as u32,
            steps: steps as u32,
        };
        self.found.insert(start, found);
    }
}

/// The memory of a list for items of the same kind that live for another time.
pub fn emptied<T, U>(mut list: Vec<T>) -> Vec<U> {
    list.clear();
    let none = list.into_iter().map_while(|_| None);
    none.collect() // in place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_found_again_up_to_a_bound() {
        let mut kept = Kept::default();
        let start = |object: u32| Start {
            path: 1,
            object,
            bundle: 0,
            kind: 3,
        };
        for object in 0..2 * MOST as u32 {
            kept.keep(start(object), &[Element::Number(f64::from(object))], 7);
        }
        kept.keep(start(u32::MAX), &[Element::Made(0, 1)], 7);
        for object in 0..2 * MOST as u32 {
            let found = kept.find(&start(object));
            let is_it = |items: &[Element]| matches!(items, [Element::Number(n)] if *n == f64::from(object));
            assert_eq!(
                found.is_some_and(|(items, steps)| is_it(items) && steps == 7),
                (object as usize) < MOST
            );
        }
        assert!(kept.find(&start(u32::MAX)).is_none());
        assert!(kept
            .find(&Start {
                kind: 4,
                ..start(0)
            })
            .is_none());
        kept.clear();
        assert!(kept.find(&start(0)).is_none());
    }
}
