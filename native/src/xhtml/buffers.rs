//! Buffers: what readers of narratives use again.

use super::vocabulary::{ElementRule, Set};

/// An element whose end is yet to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub element: &'static ElementRule,
    /// The elements with text only that its content stands in.
    pub around: Set,
}

#[derive(Default, Debug)]
pub(super) struct Buffers {
    /// The elements around the innermost open one.
    pub open: Vec<Open>,
    /// The value of an attribute with references, which are resolved.
    pub value: Vec<u8>,
}
