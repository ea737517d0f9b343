//! What occurs once in a resource: ids of elements, and security labels.
//!
//! Twin of validators/rules/ids.py
//! (digest e1c25687bad7).

use crate::accept::reason::Reason;
use crate::accept::tape::Form;
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
        let text = |label: usize, key, none: &'static [u8]| {
            let found = tape.member(label, key).map(|place| tape.at(place));
            match found.filter(|entry| entry.form == Form::Text) {
                Some(entry) => (self.content_of(entry), entry.escaped),
                None => (none, false),
            }
        };
        let label = |place: usize| {
            let (system, code) = (
                text(place, known.system, b"None"),
                text(place, known.code, b"#"),
            );
            ((system.0, code.0), system.1 || code.1)
        };
        if tape.inside(labels).nth(1).is_none() {
            return Ok(());
        }
        for (number, place) in tape.inside(labels).enumerate() {
            let (names, is_escaped) = label(place);
            let is_odd = is_escaped || number >= FEW_LABELS || names.1.contains(&b'#');
            if is_odd
                || tape
                    .inside(labels)
                    .take(number)
                    .any(|other| label(other).0 == names)
            {
                return Err(Reason::Value);
            }
        }
        Ok(())
    }
}
