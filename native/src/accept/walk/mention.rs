//! Where a resource stands in its line, and what refers to another resource of it.

use crate::accept::memo::Check;
use crate::accept::table::Targets;

/// References in one line at the most.
pub(crate) const MOST_MENTIONS: usize = 1 << 20;

/// Where a resource stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    /// The resource that contained ones are in: the line's own or an entry's, this one itself if it
    /// is not contained.
    pub container: usize,
    pub is_contained: bool,
    pub is_entry: bool,
}

impl Place {
    /// Whether it is the line's own.
    pub fn is_line(self) -> bool {
        !self.is_contained && !self.is_entry
    }
}

/// A reference that may lead to something inside the line.
#[derive(Clone, Copy)]
pub(crate) struct Mention<'a> {
    pub reference: &'a [u8],
    pub place: Place,
    pub targets: &'a Targets,
    pub check: Check,
    pub value: usize,
    pub is_typed: bool,
}

#[cfg(test)]
impl Mention<'static> {
    /// One that may lead to anything.
    pub fn at(reference: &'static [u8], place: Place) -> Self {
        let targets = Box::leak(Box::new(Targets {
            settles: true,
            types: Box::new([]),
        }));
        Mention {
            reference,
            place,
            targets,
            check: 0,
            value: 0,
            is_typed: false,
        }
    }
}
