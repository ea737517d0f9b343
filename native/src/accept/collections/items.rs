//! The items that a run is at: collections, one behind the other.

use super::element::Element;
use super::kept::{emptied, Kept};

/// What runs over many lines use again.
#[derive(Default)]
pub struct Bench<'a> {
    pub items: Vec<Element<'a>>,
    /// The texts that runs made, one behind the other.
    pub made: Vec<u8>,
    /// What paths found in the line.
    pub kept: Kept<'a>,
}

/// Where items of a collection start, and where they end.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn one(at: usize) -> Span {
        Span {
            start: at,
            end: at + 1,
        }
    }

    pub fn len(self) -> usize {
        self.end - self.start
    }
}

impl<'a> Bench<'a> {
    /// The same for lines that live for another time, with nothing in it.
    pub fn emptied<'b>(self) -> Bench<'b> {
        Bench {
            items: emptied(self.items),
            made: self.made,
            kept: self.kept.emptied(),
        }
    }

    /// Forget the line before.
    pub fn clear(&mut self) {
        self.items.clear();
        self.made.clear();
        self.kept.clear();
    }

    pub fn of(&self, span: Span) -> &[Element<'a>] {
        &self.items[span.start..span.end]
    }

    /// Forget what stands from `start` to `from`, so that the items behind it start there.
    pub fn close_up(&mut self, start: usize, from: usize) {
        if start < from {
            self.items.drain(start..from);
        }
    }
}
