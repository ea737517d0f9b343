//! Collections of a run, and what is kept of them for the line.

mod element;
mod items;
mod kept;

pub(super) use element::{compare, equal, number_text, Doubt, Element, Plain, Spot, Told};
pub use items::Bench;
pub(super) use items::Span;
pub(super) use kept::{emptied, Start};
