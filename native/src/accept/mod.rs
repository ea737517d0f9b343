//! Lines that are certainly valid: the table, the walk over a line's bytes, and the answers that
//! the walk asks for.

pub mod block;
mod collections;
mod concepts;
mod condition;
mod dates;
mod evaluation;
mod expr;
mod fitted;
pub(crate) mod lexer;
mod literal;
pub mod memo;
pub(crate) mod op;
pub(crate) mod primitives;
mod program;
mod projection;
pub(crate) mod reason;
mod references;
mod resolving;
pub(crate) mod seeds;
pub(crate) mod shapes;
mod shared_paths;
pub mod site_numbers;
pub mod spelling;
pub mod table;
pub(crate) mod tape;
pub(crate) mod walk;
