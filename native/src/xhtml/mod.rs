//! The XHTML of narratives: what is certainly a div as FHIR allows it (R4, section 2.4), and the
//! links, ids and names in it.
//!
//! Twin of validators/values/xhtml.py and validators/values/narrative.py
//! (digest 1a1e3363b611).
//!
//! HL7's validator is lenient with XHTML, and the Python that follows it says how. Here only what is
//! well-formed and plain is read: lower-case names without prefixes, attributes with quoted values,
//! every element ended. Whatever else there is leaves the narrative in doubt.

mod anchors;
mod div;
mod markup;
mod vocabulary;

pub use anchors::{Anchors, Astray, Mark, Standing};
pub use div::{certain_narrative, is_certainly_narrative};
pub use markup::Markup;
