//! Says of NDJSON lines whether they are certainly valid.
//!
//! ```text
//! table (bytes from Python) ──┐
//! line ── lexer ── walk ──────┼──> accepted | asked, with a reason | pending, with questions
//! memo (answers) ─────────────┘       tape: what the line holds, for conditions and profiles
//! accepted ── columns: rows, keys, lines by kind, for whoever writes them
//!          └─ relations: what a resource says of others, for checks over a whole job
//! ```
//!
//! `accept` knows JSON, the forms of FHIR's primitive types, contained resources, and what the
//! flags of a type say (`accept::table::tags::NodeFlag`). `twins` are rules of FHIR written out
//! once more: attachments, identifiers, ids, contained resources, references, Bundles, the profiles
//! that a resource names, links in narratives, whose XHTML is read by `xhtml`. The names of members
//! that a verdict looks at stand in one list (`accept::table::Known`), which Python fills from what
//! its rules read; `reference` and `display`, the two of the plainest Reference, stand in
//! `accept::references` besides. `relations` and `columns`, which say nothing of a verdict, name
//! what they look for themselves: members of references, identifiers, Bundles, extensions and
//! `meta`. Whatever else FHIR says is in the table, and what only the explainer can tell of a
//! single value (a code of a value set, a unit, an odd narrative, the slice of a value) is a
//! question that Python answers once.

#![forbid(unsafe_code)]

pub mod accept;
pub mod columns;
#[cfg(feature = "python")]
mod python;
pub mod relations;
mod twins;
pub mod xhtml;
