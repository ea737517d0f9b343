//! The table: what the compiled schema says, as Python lowers it, read from its bytes and added to
//! when a type is first met.
//!
//! Numbers are little-endian; a list is a u16 count and its items; a string is a u16 length and its
//! bytes. Records, each behind its tag:
//!
//! | tag (`tags`) | record |
//! |-----|--------|
//! | 1 | name: string. Names are numbered in their order. |
//! | 2 | resource type: string, node u32 |
//! | 3 | node: number u32, flags u8, profile check u32, properties, required masks, object checks |
//! | 4 | overlay: number u32, checks of the object itself, groups |
//! | 5 | known names: of each part in `known` a list of names' numbers |
//! | 6 | layout: u32, `tags::LAYOUT`; the head of a table |

mod bits;
pub(crate) mod known;
mod names;
mod node;
mod overlay;
mod reader;
pub mod tags;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::accept::shared_paths::SharedPaths;
pub use bits::{Bits, WIDTH};
pub use known::Known;
pub use names::NameHasher;
pub use node::{Kind, Need, Node, Property, Targets, ValueCheck};
pub use overlay::{Group, Item, Member, Overlay, Slices, Wanted};
pub use reader::BadTable;
use reader::{Read, Reader};
pub use tags::{NodeFlag, Primitive};
use tags::{RecordTag, LAYOUT};

/// Nodes and overlays at the most.
const MOST_NUMBERED: usize = 1 << 18;

#[derive(Default)]
pub struct Table {
    pub names: Vec<Box<[u8]>>,
    pub types: HashMap<Box<[u8]>, (u32, u16), BuildHasherDefault<NameHasher>>,
    pub type_names: Vec<Box<[u8]>>,
    pub nodes: Vec<Option<Node>>,
    pub overlays: Vec<Option<Overlay>>,
    pub known: Known,
    pub paths: SharedPaths,
    /// How often records were added: what was learned of the table before counts no more.
    pub additions: u32,
}

impl Table {
    /// Add the records in the bytes.
    pub fn extend(&mut self, bytes: &[u8]) -> Read<()> {
        let mut reader = Reader::new(bytes, std::mem::take(&mut self.paths));
        self.additions += u32::from(!bytes.is_empty());
        while reader.at < bytes.len() {
            match reader.tag(RecordTag::of)? {
                RecordTag::Name => self.names.push(reader.string()?),
                RecordTag::ResourceType => {
                    let (name, node) = (reader.string()?, reader.u32()?);
                    let number = self.type_names.len() as u16;
                    self.type_names.push(name.clone());
                    self.types.insert(name, (node, number));
                }
                RecordTag::Node => {
                    let number = reader.u32()? as usize;
                    let node = self.node(&mut reader)?;
                    place(&mut self.nodes, number, node, reader.at)?;
                }
                RecordTag::Overlay => {
                    let number = reader.u32()? as usize;
                    let overlay = Overlay {
                        is_profile: reader.u8()? != 0,
                        own_checks: usize::from(reader.u16()?),
                        checks: reader.list(Reader::value_check)?,
                        groups: reader.list(Reader::group)?,
                    };
                    place(&mut self.overlays, number, overlay, reader.at)?;
                }
                RecordTag::Known => self.known = reader.known()?,
                RecordTag::Layout if reader.u32()? == LAYOUT => {}
                RecordTag::Layout => return Err(BadTable(reader.at)),
            }
        }
        self.paths = reader.paths;
        Ok(())
    }

    fn node(&self, reader: &mut Reader<'_>) -> Read<Node> {
        let (flags, profile) = (reader.u8()?, reader.u32()?);
        let properties = reader.list(Reader::property)?.into_vec();
        let required = reader.list(Reader::bits)?.into_vec();
        let conditions = reader.list(Reader::op)?.into_vec();
        if properties.len() > WIDTH
            || properties
                .iter()
                .any(|p| p.key as usize >= self.names.len())
        {
            return Err(BadTable(reader.at));
        }
        Ok(Node::new(
            flags,
            profile,
            properties,
            required,
            conditions,
            &self.names,
        ))
    }

    #[inline]
    pub fn node_at(&self, number: u32) -> Option<&Node> {
        self.nodes.get(number as usize).and_then(Option::as_ref)
    }

    /// The node of a resource type.
    pub fn node_of_type(&self, type_number: u16) -> Option<&Node> {
        let name = self.type_names.get(type_number as usize)?;
        self.types
            .get(name)
            .and_then(|&(number, _)| self.node_at(number))
    }

    pub fn overlay_at(&self, number: u32) -> Option<&Overlay> {
        self.overlays.get(number as usize).and_then(Option::as_ref)
    }
}

fn place<T>(list: &mut Vec<Option<T>>, number: usize, value: T, at: usize) -> Read<()> {
    if number >= MOST_NUMBERED {
        return Err(BadTable(at));
    }
    if list.len() <= number {
        list.resize_with(number + 1, || None);
    }
    list[number] = Some(value);
    Ok(())
}
