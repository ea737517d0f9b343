//! Where a resource stands in its line, what it stands in, and what refers to another resource of
//! it.

use super::frames::Saying;
use crate::accept::memo::Check;
use crate::accept::table::{Group, Targets};

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

/// A Bundle or Parameters, which resources stand in.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    /// Where it stands on the tape.
    pub resource: usize,
    pub is_bundle: bool,
    /// The number of the one that it stands in itself.
    pub outer: Option<usize>,
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
    /// The profile that says so, where the line is walked by site.
    pub said: Saying,
}

/// Slices of an object that are told apart by what its references lead to.
#[derive(Clone, Copy)]
pub(crate) struct Sliced<'a> {
    pub group: &'a Group,
    pub object: usize,
    pub resource: usize,
    pub place: Place,
    pub said: Saying,
}
