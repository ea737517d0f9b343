//! Lines that are certainly valid: the table, the walk over a line's bytes, and the answers that the
//! walk asks for.

pub mod block;
pub(crate) mod lexer;
pub mod memo;
pub(crate) mod op;
pub(crate) mod primitives;
mod projection;
pub(crate) mod reason;
pub mod spelling;
pub mod table;
pub(crate) mod tape;
pub(crate) mod walk;
