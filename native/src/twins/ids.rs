//! What occurs once in a resource: ids of elements, and security labels.
//!
//! Twin of validators/rules/ids.py
//! (digest 0a3bed0e5686).

use crate::accept::reason::Reason;
use crate::accept::walk::{Asked, Walk};

/// Ids of elements in one resource that are compared one with all.
const FEW_IDS: usize = 64;

impl Walk<'_, '_> {
    /// Ids of elements occur once in their resource.
    pub(crate) fn distinct_ids(&mut self, first: usize) -> Asked {
        let ids = &self.room.ids[first..];
        if ids.len() > FEW_IDS
            || ids
                .iter()
                .enumerate()
                .any(|(number, id)| ids[..number].contains(id))
        {
            return Err(Reason::Duplicate);
        }
        self.room.ids.truncate(first);
        Ok(())
    }

    /// Of several labels only the explainer tells whether they are alike.
    pub(crate) fn security_labels(&mut self, meta: usize) -> Asked {
        let tape = &self.room.tape;
        match tape.member(meta, self.table.known.ids.security) {
            Some(labels) if tape.inside(labels).count() > 1 => Err(Reason::Value),
            _ => Ok(()),
        }
    }
}
