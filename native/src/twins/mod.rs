//! Rules of the explainer that are written out once more, each in a file named for its Python rule.
//!
//! A file says which Python files it is the twin of, with a digest of their code: a test fails when
//! that changes, so that somebody looks at both. The names that a twin looks at are its rule's
//! `reads` (`accept::table::Known`).

mod attachment;
mod bundle;
mod claimed_profiles;
mod contained;
mod identifier;
mod ids;
mod narrative_links;
mod reference;
