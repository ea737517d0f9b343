//! FHIRPath over the tape: what conditions on presence, counts and literals (`op`) cannot say.
//!
//! Python compiles an expression to a tree (`validators/native/programs.py`); here it runs, with
//! bounded steps. It gives what the explainer's own evaluation gives, or a doubt: an error of that
//! evaluation is a doubt, and so is whatever takes more than the text of the values tells.
//!
//! ```text
//! run ── truths      what is true, false or empty: no collection is made for it
//!     └─ steps       children, extensions, types: collections, one behind the other, and what a
//!         │          path found in the line (`collections`)
//!         ├─ targets what references lead to
//!         └─ texts   what items read as
//! ```

mod lengths;
mod run;
mod steps;
mod targets;
mod texts;
mod truths;

pub use run::Run;
