//! Entries of a Bundle that references mean, as FHIRPath's `resolve()` finds them.

use crate::accept::evaluation::Evaluation;

impl Evaluation<'_, '_> {
    /// The resource of the first entry that a reference means, by full url or by type and id, none
    /// where it leads out of the Bundle; and how many entries were looked at. Nothing where that is
    /// in doubt.
    pub fn entry_of(&self, reference: &[u8]) -> Option<(Option<usize>, usize)> {
        if reference.contains(&b'#') || memchr::memmem::find(reference, b"_history").is_some() {
            return None;
        }
        let (tape, known) = (self.tape, self.known.bundle);
        let list = self
            .bundle
            .and_then(|bundle| tape.member(bundle, known.entry));
        let Some(list) = list else {
            return Some((None, 0));
        };
        let named = type_and_id(reference);
        let mut seen = 0;
        for entry in tape.inside(list) {
            seen += 1;
            let Some(resource) = tape.member(entry, known.resource) else {
                continue;
            };
            let by_url = self.text_of(entry, known.full_url)? == Some(reference);
            let by_name = match named {
                Some((name, id)) => {
                    self.text_of(resource, known.resource_type)? == Some(name)
                        && self.text_of(resource, known.id)? == Some(id)
                }
                None => false,
            };
            if by_url || by_name {
                return Some((Some(resource), seen));
            }
        }
        Some((None, seen))
    }
}

/// The type and id of a relative reference.
fn type_and_id(reference: &[u8]) -> Option<(&[u8], &[u8])> {
    if reference.contains(&b':') {
        return None;
    }
    let mut parts = reference.rsplit(|&b| b == b'/');
    let (id, name) = (parts.next()?, parts.next()?);
    Some((name, id))
}
