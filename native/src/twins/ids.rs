//! What occurs once in a resource: ids of elements, and security labels.
//!
//! Twin of validators/rules/ids.py
//! (digest 0a3bed0e5686).

use crate::accept::reason::Reason;
use crate::accept::walk::{Asked, Walk};

/// Ids of elements in one resource that are compared one with all.
const FEW_IDS: usize = 64;
const FEW_LABELS: usize = 16;

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

    /// Security labels that stand once in a resource: by system and code, which the rule joins with
    /// `#`. A label without a code, or with a `#` in it, is left to the explainer.
    pub(crate) fn security_labels(&self, meta: usize) -> Asked {
        let (tape, known) = (&self.room.tape, self.table.known.codes);
        let Some(labels) = tape.member(meta, self.table.known.ids.security) else {
            return Ok(());
        };
        let mut seen: Vec<(&[u8], &[u8])> = Vec::new();
        for label in tape.inside(labels) {
            let system = self.text_of(label, known.system).unwrap_or(b"None");
            let code = self.text_of(label, known.code).unwrap_or(b"#");
            seen.push((system, code));
        }
        let is_plain = |text: &[u8]| !text.contains(&b'\\');
        let alike = |(number, label): (usize, &(&[u8], &[u8]))| {
            seen[..number].contains(label)
                || label.1.contains(&b'#')
                || !(is_plain(label.0) && is_plain(label.1))
        };
        if seen.len() > 1 && (seen.len() > FEW_LABELS || seen.iter().enumerate().any(alike)) {
            return Err(Reason::Value);
        }
        Ok(())
    }
}
