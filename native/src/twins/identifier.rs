//! Identifiers: the system is absolute, and the value a URI where the system says so.
//!
//! Twin of validators/rules/identifier.py
//! (digest 6630f65e9884).

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
        if system == b"https://tools.ietf.org/html/rfc4122" {
            return Err(Reason::Format); // the value may have to be a UUID: for the explainer to say
        }
        if system == b"urn:ietf:rfc:3986" {
            let value = self
                .text_of(index, self.table.known.identifier.value)
                .unwrap_or(b"urn:");
            let absolute = [&b"http:"[..], b"https:", b"urn:"]
                .iter()
                .any(|scheme| value.starts_with(scheme) && value.len() > scheme.len());
            if !absolute || value.contains(&b' ') || value.contains(&b'\\') {
                return if self
                    .room
                    .tape
                    .member(index, self.table.known.identifier.value)
                    .is_some()
                {
                    Err(Reason::Format)
                } else {
                    Ok(())
                };
            }
        }
        Ok(())
    }
}
