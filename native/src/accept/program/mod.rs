//! FHIRPath over the tape: what conditions on presence, counts and literals (`op`) cannot say.
//!
//! Python compiles an expression to a tree (`validators/native/programs.py`); here it runs, with
//! bounded steps. It gives what the explainer's own evaluation gives, or a doubt: an error of that
//! evaluation is a doubt, and so is whatever takes more than the text of the values tells.

mod element;
mod run;

pub use run::Run;
