//! One line, walked once over its bytes: form, names, primitives as they come, what concerns a
//! whole object where it ends.
//!
//! ```text
//! resource -> object -> value -> checks        as the bytes are read
//!          -> overlay                          profiles of a resource, where it ends
//! line     -> bundle, reference                what refers to one another, where all is read
//!          -> by_site                          of a line not accepted, value by value
//!          -> by_entry                         of a Bundle of which that cannot be told, by entry
//! ```

mod by_entry;
mod by_site;
mod coded;
mod doubts;
mod extension;
pub(crate) mod frames;
pub(crate) mod mention;
mod object;
mod profiles;
mod referring;
mod resource;
mod sites;
mod sliced;
mod value;
mod walker;

pub use sites::ToldSites;
pub(crate) use walker::Asked;
pub use walker::{Learned, Outcome, Room, Search, Walk};
