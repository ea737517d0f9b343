//! Reference objects that are in order whatever the texts in them are.

use crate::accept::table::{Kind, Primitive, Table};
use crate::accept::tape::Key;

/// The node of references, whose objects are in order if they hold a reference alone, or one and a
/// display.
pub struct References {
    pub node: u32,
    /// The key and the primitive of a display.
    pub display: Option<(Key, Primitive)>,
}

impl References {
    pub fn of(table: &Table, number: u32) -> Option<References> {
        let node = table.node_at(number)?;
        let plain = |name: &[u8]| {
            let number = node.find(&table.names, name)?;
            let property = &node.properties[number];
            let is_bare =
                property.checks.is_empty() && !property.is_list() && !property.is_unique();
            match property.kind {
                Kind::Primitive(primitive @ (Primitive::Text | Primitive::QuietText))
                    if is_bare =>
                {
                    Some((number, (property.key, primitive)))
                }
                _ => None,
            }
        };
        let (reference, _) = plain(b"reference").filter(|&(number, _)| node.bears(&[number]))?;
        let display = plain(b"display").filter(|&(number, _)| node.bears(&[reference, number]));
        Some(References {
            node: number,
            display: display.map(|(_, display)| display),
        })
    }
}
