//! Rules of the explainer that are written out once more, each in a file named for its Python rule.

pub(crate) mod bundle;
pub(crate) mod reference;
