//! Identifiers: the system is absolute, and the value a URI where the system says so.
//!
//! Twin of validators/rules/identifier.py
//! (digest 0115236556fb).

use crate::accept::primitives::is_uuid;
use crate::accept::reason::Reason;
use crate::accept::walk::{Asked, Walk};

impl Walk<'_, '_> {
    /// An absolute system; a value that is a URI where the system says so.
    pub(crate) fn identifier(&mut self, index: usize) -> Asked {
        let Some(system) = self.text_of(index, self.table.known.identifier.system) else {
            return Ok(());
        };
        if ![&b"http:"[..], b"https:", b"urn:", b"ldap:"]
            .iter()
            .any(|scheme| system.starts_with(scheme))
        {
            return Err(Reason::Format);
        }
        let value = || self.text_of(index, self.table.known.identifier.value);
        if system == b"https://tools.ietf.org/html/rfc4122"
            && !value().is_none_or(|value| value.starts_with(b"urn:uuid:") || is_uuid(value))
        {
            return Err(Reason::Format);
        }
        if system == b"urn:ietf:rfc:3986" {
            let is_absolute = |value: &[u8]| {
                [&b"http:"[..], b"https:", b"urn:"]
                    .iter()
                    .any(|scheme| value.starts_with(scheme) && value.len() > scheme.len())
                    && !value.contains(&b' ')
                    && !value.contains(&b'\\')
            };
            if !value().is_none_or(is_absolute) {
                return Err(Reason::Format);
            }
        }
        Ok(())
    }
}
