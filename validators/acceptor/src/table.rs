//! The table: what the compiled schema says, as Python lowers it, read from its bytes and added to when a type is first met.
//!
//! Numbers are little-endian; a list is a u16 count and its items; a string is a u16 length and its bytes. Records, each behind its tag:
//!
//! | tag | record |
//! |-----|--------|
//! | 1 | name: string. Names are numbered in their order. |
//! | 2 | resource type: string, node u32 |
//! | 3 | node: number u32, flags u8, profile check u32, properties, required masks, object checks |
//! | 4 | overlay: number u32, checks of the object itself, groups |
//! | 5 | known names: see `Known` |

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::memo::Check;
use crate::op::{Key, Literal, Op, Sign};
use crate::primitives::{Primitive, ALL};
use crate::projection::Projection;

/// Properties of one type at the most.
pub const WIDTH: usize = 256;

/// Nodes and overlays at the most.
const MOST_NUMBERED: usize = 1 << 18;
/// Conditions inside conditions at the most.
const OP_DEPTH: usize = 100;

/// A set of property numbers.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Bits([u64; WIDTH / 64]);

impl Bits {
    #[inline]
    pub fn set(&mut self, bit: usize) {
        self.0[bit >> 6 & 3] |= 1 << (bit & 63);
    }

    #[inline]
    pub fn has(&self, bit: usize) -> bool {
        self.0[bit >> 6 & 3] >> (bit & 63) & 1 == 1
    }

    #[inline]
    pub fn meets(&self, other: &Bits) -> bool {
        self.0.iter().zip(other.0).any(|(one, other)| one & other != 0)
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; WIDTH / 64]
    }

    #[inline]
    pub fn union(&self, other: &Bits) -> Bits {
        Bits(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }

    pub fn each(&self) -> impl Iterator<Item = usize> + '_ {
        (0..WIDTH).filter(|&bit| self.has(bit))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Primitive(Primitive),
    /// An object of a node of the table; one that is not there yet is asked for.
    Object(u32),
    /// A resource contained in another.
    Contained,
    /// A resource of an entry of a Bundle, or of a parameter.
    Inline,
    /// The resource's type itself.
    ResourceType,
    /// Only the explainer knows: another resource inside, a type too wide for the table.
    Ask,
}

/// What else holds for each value of a property.
#[derive(Debug)]
pub enum ValueCheck {
    Ask,
    Text(Check),
    Coding(Check),
    Concept(Check),
    Reference { check: Check, targets: Box<Targets> },
    /// on_line: asked in place of by_value where the line's own resource holds it, as that resource's references lead out of the line.
    Extension { by_url: Check, by_value: Check, on_line: Check },
    Condition(Box<Op>),
    Overlay(u32),
    Value(Check),
}

/// What a property's references may lead to.
#[derive(Debug)]
pub struct Targets {
    /// Whether the types, with what they need, are all that counts of a target inside the line.
    pub settles: bool,
    /// None for any type.
    pub types: Box<[(Box<[u8]>, Need)]>,
}

/// What a target of some type must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Type,
    Overlay(u32),
    Ask,
}

impl Targets {
    /// What a target of the type needs; nothing where the type is not allowed.
    #[inline]
    pub fn allow(&self, name: &[u8]) -> Option<Need> {
        if self.types.is_empty() {
            return Some(Need::Type);
        }
        self.types.iter().find(|(allowed, _)| **allowed == *name).map(|&(_, need)| need)
    }
}

/// One name that objects of a node may have. All that nearly every value needs of it lies in one line of the cache.
#[derive(Debug)]
#[repr(align(64))]
pub struct Property {
    spelled: Spelled,
    flags: u8,
    /// Which property came after this one when that was last looked up.
    after: AtomicU16,
    pub key: Key,
    pub companion: Key,
    /// The node of what stands beside a primitive: its id and extensions.
    pub beside: u32,
    pub kind: Kind,
    /// What to ask of a primitive that is not certain.
    pub format: Check,
    /// The other names of its choice.
    pub siblings: Option<Box<Bits>>,
    pub checks: Box<[ValueCheck]>,
}

impl Property {
    #[inline]
    pub fn is_list(&self) -> bool {
        self.flags & 1 != 0
    }

    pub fn takes_companion(&self) -> bool {
        self.flags & 2 != 0
    }

    /// A companion without value: the explainer has something to say of it.
    pub fn empty_asks(&self) -> bool {
        self.flags & 4 != 0
    }

    /// An id that occurs once in its resource.
    #[inline]
    pub fn is_unique(&self) -> bool {
        self.flags & 8 != 0
    }
}

pub const IS_RESOURCE: u8 = 1;
pub const MAY_BE_EMPTY: u8 = 2;
pub const IS_IDENTIFIER: u8 = 4;
pub const IS_ATTACHMENT: u8 = 8;
pub const IS_PLAIN_REFERENCE: u8 = 16;
pub const IS_META: u8 = 32;
pub const IS_BUNDLE: u8 = 64;
pub const IS_PARAMETERS: u8 = 128;

#[derive(Debug)]
pub struct Node {
    pub flags: u8,
    /// Asked of every profile that a resource of this type names; NO_CHECK where they do not count.
    pub profile: Check,
    pub properties: Vec<Property>,
    /// At least one of each must be there.
    pub required: Vec<Bits>,
    pub conditions: Vec<(Op, bool)>,
    index: Names,
    /// Which property an object started with when that was last looked up.
    first: AtomicU16,
}

impl Node {
    /// The property that the bytes open with, if it is the one that followed the last one before; and how many bytes its name takes.
    /// last: one more than the number of the property before, 0 at the start of an object.
    #[inline]
    pub fn expected(&self, table: &Table, last: usize, bytes: &[u8]) -> Option<(usize, usize)> {
        let number = self.follower(last).load(Ordering::Relaxed) as usize;
        let property = self.properties.get(number)?;
        property.spelled.opens(bytes, || &table.names[property.key as usize]).then_some((number, property.spelled.length as usize))
    }

    #[inline]
    pub fn expect(&self, last: usize, number: usize) {
        self.follower(last).store(number as u16, Ordering::Relaxed);
    }

    #[inline]
    fn follower(&self, last: usize) -> &AtomicU16 {
        if last == 0 { &self.first } else { &self.properties[last - 1].after }
    }

    #[inline]
    pub fn find(&self, table: &Table, name: &[u8]) -> Option<usize> {
        self.index.find(name, |number| &table.names[self.properties[number].key as usize])
    }
}

/// A name as JSON nearly always has it, quoted and with its colon: the first 16 bytes, and how many they all are.
#[derive(Debug, Default)]
struct Spelled {
    head: [u8; 16],
    length: u8,
}

/// Which of 16 bytes count, by the length of what they hold.
const MASKS: [u128; 17] = {
    let mut masks = [0; 17];
    let mut length = 1;
    while length < 17 {
        masks[length] = u128::MAX >> (128 - 8 * length);
        length += 1;
    }
    masks
};

impl Spelled {
    fn of(name: &[u8]) -> Spelled {
        let whole = [b"\"", name, b"\":"].concat();
        let mut head = [0; 16];
        let length = whole.len().min(16);
        head[..length].copy_from_slice(&whole[..length]);
        Spelled { head, length: whole.len().min(255) as u8 }
    }

    /// Whether the bytes open with the name.
    #[inline]
    fn opens<'n>(&self, bytes: &[u8], name: impl Fn() -> &'n [u8]) -> bool {
        let length = self.length as usize;
        match bytes.first_chunk::<16>() {
            Some(first) if length <= 16 => (u128::from_le_bytes(*first) ^ u128::from_le_bytes(self.head)) & MASKS[length] == 0,
            Some(first) => *first == self.head && length < 255 && bytes.get(1..length - 2) == Some(name()) && bytes[length - 2..].starts_with(b"\":"),
            None => false,
        }
    }
}

/// Names of one node, hashed by their length and ends: enough to spread the names of one type.
#[derive(Debug, Default)]
struct Names {
    slots: Vec<u16>,
}

#[inline]
fn spread(name: &[u8]) -> usize {
    let mut state = (name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => state ^= u64::from_le_bytes(*first).wrapping_mul(0xff51_afd7_ed55_8ccd) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => state ^= name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    }
    (state.wrapping_mul(0xc4ce_b9fe_1a85_ec53) >> 40) as usize
}

impl Names {
    fn of<'n>(names: impl ExactSizeIterator<Item = &'n [u8]>) -> Names {
        let size = (names.len() * 4).next_power_of_two().max(8);
        let mut slots = vec![0u16; size];
        for (number, name) in names.enumerate() {
            let mut slot = spread(name) & (size - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = number as u16 + 1;
        }
        Names { slots }
    }

    #[inline]
    fn find<'n>(&self, name: &[u8], named: impl Fn(usize) -> &'n [u8]) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut slot = spread(name) & mask;
        loop {
            let number = self.slots[slot] as usize;
            if number == 0 {
                return None;
            }
            if named(number - 1) == name {
                return Some(number - 1);
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// What a profile says of an object: of itself, and of its members.
#[derive(Debug)]
pub struct Overlay {
    pub checks: Box<[ValueCheck]>,
    pub groups: Box<[Group]>,
}

/// What a profile says of one name of an object, or of a choice's names.
#[derive(Debug)]
pub struct Group {
    pub members: Box<[Member]>,
    pub least: u32,
    pub most: u32,
    pub slices: Option<Slices>,
}

#[derive(Debug)]
pub struct Member {
    pub key: Key,
    pub companion: Key,
    pub is_primitive: bool,
    pub item: Item,
    /// Asked for the slice of a value: answers 1 for none, 2 and more for a slice's number.
    pub slice_check: Check,
    /// The members that decide on the slice; empty for the whole value.
    pub decided_by: Projection,
    pub slices: Box<[Item]>,
}

/// What holds for a value.
#[derive(Debug, Default)]
pub struct Item {
    pub checks: Box<[ValueCheck]>,
    /// A primitive without value, only with a companion: something is to be said of it.
    pub empty_asks: bool,
}

#[derive(Debug)]
pub struct Slices {
    pub closed: bool,
    pub ordered: bool,
    /// Least, most, and the slice that it re-slices (its own number for none).
    pub bounds: Box<[(u32, u32)]>,
}

/// Keys that rules written in code look at.
#[derive(Debug, Default, Clone, Copy)]
pub struct Known {
    pub resource_type: Key,
    pub id: Key,
    pub meta: Key,
    pub profile: Key,
    pub security: Key,
    pub version_id: Key,
    pub last_updated: Key,
    pub contained: Key,
    pub system: Key,
    pub code: Key,
    pub value: Key,
    pub coding: Key,
    pub reference: Key,
    pub type_: Key,
    pub url: Key,
    pub extension: Key,
    pub data: Key,
    pub hash: Key,
    pub size: Key,
    pub link: Key,
    pub relation: Key,
    pub entry: Key,
    pub full_url: Key,
    pub full_url_beside: Key,
    pub search: Key,
    pub mode: Key,
    pub parameter: Key,
    pub part: Key,
    pub resource: Key,
}

#[derive(Default)]
pub struct Table {
    pub names: Vec<Box<[u8]>>,
    pub types: HashMap<Box<[u8]>, (u32, u16)>,
    pub type_names: Vec<Box<[u8]>>,
    pub nodes: Vec<Option<Node>>,
    pub overlays: Vec<Option<Overlay>>,
    pub known: Known,
}

/// Bytes that are no table: a mistake in the lowering, never in data.
#[derive(Debug, PartialEq, Eq)]
pub struct BadTable(pub usize);

type Read<T> = Result<T, BadTable>;

impl Table {
    /// Add the records in the bytes.
    pub fn extend(&mut self, bytes: &[u8]) -> Read<()> {
        let mut reader = Reader { bytes, at: 0, depth: 0 };
        while reader.at < bytes.len() {
            match reader.u8()? {
                1 => self.names.push(reader.string()?),
                2 => {
                    let (name, node) = (reader.string()?, reader.u32()?);
                    let number = self.type_names.len() as u16;
                    self.type_names.push(name.clone());
                    self.types.insert(name, (node, number));
                }
                3 => {
                    let number = reader.u32()? as usize;
                    let node = self.node(&mut reader)?;
                    place(&mut self.nodes, number, node, reader.at)?;
                }
                4 => {
                    let number = reader.u32()? as usize;
                    let overlay = Overlay { checks: reader.list(Reader::value_check)?, groups: reader.list(Reader::group)? };
                    place(&mut self.overlays, number, overlay, reader.at)?;
                }
                5 => self.known = reader.known()?,
                _ => return Err(BadTable(reader.at)),
            }
        }
        Ok(())
    }

    fn node(&self, reader: &mut Reader<'_>) -> Read<Node> {
        let (flags, profile) = (reader.u8()?, reader.u32()?);
        let mut properties = reader.list(Reader::property)?.into_vec();
        let required = reader.list(Reader::bits)?.into_vec();
        let conditions = reader.list(Reader::op)?.into_vec().into_iter().map(|op| { let later = op.reads_resource(); (op, later) }).collect();
        if properties.len() > WIDTH || properties.iter().any(|p| p.key as usize >= self.names.len()) {
            return Err(BadTable(reader.at));
        }
        let index = Names::of(properties.iter().map(|p| &*self.names[p.key as usize]));
        for (number, property) in properties.iter_mut().enumerate() {
            property.spelled = Spelled::of(&self.names[property.key as usize]);
            property.after = AtomicU16::new(number as u16 + 1);
        }
        Ok(Node { flags, profile, properties, required, conditions, index, first: AtomicU16::new(0) })
    }

    #[inline]
    pub fn node_at(&self, number: u32) -> Option<&Node> {
        self.nodes.get(number as usize).and_then(Option::as_ref)
    }

    /// The node of a resource type.
    pub fn node_of_type(&self, type_number: u16) -> Option<&Node> {
        let name = self.type_names.get(type_number as usize)?;
        self.types.get(name).and_then(|&(number, _)| self.node_at(number))
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

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Read<&[u8]> {
        let found = self.bytes.get(self.at..self.at + count).ok_or(BadTable(self.at))?;
        self.at += count;
        Ok(found)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| BadTable(at))
    }

    fn u8(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn flag(&mut self) -> Read<bool> {
        Ok(self.u8()? != 0)
    }

    fn u16(&mut self) -> Read<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn f64(&mut self) -> Read<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    fn string(&mut self) -> Read<Box<[u8]>> {
        let length = self.u16()? as usize;
        Ok(self.take(length)?.into())
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Box<[T]>> {
        (0..self.u16()?).map(|_| item(self)).collect()
    }

    fn keys(&mut self) -> Read<Box<[Key]>> {
        self.list(Self::u16)
    }

    fn projection(&mut self) -> Read<Projection> {
        Ok(Projection(self.list(|r| Ok((r.u16()?, r.keys()?)))?))
    }

    fn bits(&mut self) -> Read<Bits> {
        let mut bits = Bits::default();
        for bit in self.keys()? {
            bits.set(bit as usize);
        }
        Ok(bits)
    }

    fn known(&mut self) -> Read<Known> {
        Ok(Known {
            resource_type: self.u16()?,
            id: self.u16()?,
            meta: self.u16()?,
            profile: self.u16()?,
            security: self.u16()?,
            version_id: self.u16()?,
            last_updated: self.u16()?,
            contained: self.u16()?,
            system: self.u16()?,
            code: self.u16()?,
            value: self.u16()?,
            coding: self.u16()?,
            reference: self.u16()?,
            type_: self.u16()?,
            url: self.u16()?,
            extension: self.u16()?,
            data: self.u16()?,
            hash: self.u16()?,
            size: self.u16()?,
            link: self.u16()?,
            relation: self.u16()?,
            entry: self.u16()?,
            full_url: self.u16()?,
            full_url_beside: self.u16()?,
            search: self.u16()?,
            mode: self.u16()?,
            parameter: self.u16()?,
            part: self.u16()?,
            resource: self.u16()?,
        })
    }

    fn kind(&mut self) -> Read<Kind> {
        Ok(match self.u8()? {
            0 => {
                let number = self.u8()? as usize;
                Kind::Primitive(*ALL.get(number).ok_or(BadTable(self.at))?)
            }
            1 => Kind::Object(self.u32()?),
            2 => Kind::Contained,
            3 => Kind::ResourceType,
            4 => Kind::Ask,
            5 => Kind::Inline,
            _ => return Err(BadTable(self.at)),
        })
    }

    fn property(&mut self) -> Read<Property> {
        let (key, companion, beside, kind, flags) = (self.u16()?, self.u16()?, self.u32()?, self.kind()?, self.u8()?);
        let siblings = self.bits()?;
        Ok(Property {
            spelled: Spelled::default(),
            flags,
            after: AtomicU16::new(0),
            key,
            companion,
            beside,
            kind,
            siblings: (!siblings.is_empty()).then(|| Box::new(siblings)),
            format: self.u32()?,
            checks: self.list(Self::value_check)?,
        })
    }

    fn value_check(&mut self) -> Read<ValueCheck> {
        Ok(match self.u8()? {
            0 => ValueCheck::Ask,
            1 => ValueCheck::Text(self.u32()?),
            2 => ValueCheck::Coding(self.u32()?),
            3 => ValueCheck::Concept(self.u32()?),
            4 => ValueCheck::Reference { check: self.u32()?, targets: Box::new(Targets { settles: self.flag()?, types: self.list(Self::target)? }) },
            5 => ValueCheck::Extension { by_url: self.u32()?, by_value: self.u32()?, on_line: self.u32()? },
            6 => ValueCheck::Condition(Box::new(self.op()?)),
            7 => ValueCheck::Overlay(self.u32()?),
            8 => ValueCheck::Value(self.u32()?),
            _ => return Err(BadTable(self.at)),
        })
    }

    fn target(&mut self) -> Read<(Box<[u8]>, Need)> {
        let name = self.string()?;
        let need = match self.u32()? {
            u32::MAX => Need::Type,
            number if number == u32::MAX - 1 => Need::Ask,
            number => Need::Overlay(number),
        };
        Ok((name, need))
    }

    fn group(&mut self) -> Read<Group> {
        let (least, most) = (self.u32()?, self.u32()?);
        let members = self.list(Self::member)?;
        let slices = if self.flag()? {
            Some(Slices { closed: self.flag()?, ordered: self.flag()?, bounds: self.list(|r| Ok((r.u32()?, r.u32()?)))? })
        } else {
            None
        };
        Ok(Group { members, least, most, slices })
    }

    fn member(&mut self) -> Read<Member> {
        Ok(Member {
            key: self.u16()?,
            companion: self.u16()?,
            is_primitive: self.flag()?,
            item: self.item()?,
            slice_check: self.u32()?,
            decided_by: self.projection()?,
            slices: self.list(Self::item)?,
        })
    }

    fn item(&mut self) -> Read<Item> {
        Ok(Item { checks: self.list(Self::value_check)?, empty_asks: self.flag()? })
    }

    fn sign(&mut self) -> Read<Sign> {
        Ok(match self.u8()? {
            0 => Sign::Less,
            1 => Sign::LessOrEqual,
            2 => Sign::Greater,
            3 => Sign::GreaterOrEqual,
            4 => Sign::Equal,
            5 => Sign::Unequal,
            _ => return Err(BadTable(self.at)),
        })
    }

    fn literal(&mut self) -> Read<Literal> {
        Ok(match self.u8()? {
            0 => Literal::Boolean(self.flag()?),
            1 => Literal::Number(self.f64()?),
            2 => Literal::Text(self.string()?),
            _ => return Err(BadTable(self.at)),
        })
    }

    fn op(&mut self) -> Read<Op> {
        if self.depth > OP_DEPTH {
            return Err(BadTable(self.at));
        }
        self.depth += 1;
        let op = self.op_inside();
        self.depth -= 1;
        op
    }

    fn op_inside(&mut self) -> Read<Op> {
        Ok(match self.u8()? {
            0 => Op::Const(self.flag()?),
            1 => Op::And(self.list(Self::op)?),
            2 => Op::Or(self.list(Self::op)?),
            3 => Op::Not(Box::new(self.op()?)),
            4 => Op::Has(self.keys()?),
            5 => Op::Is(self.keys()?, self.list(Self::literal)?),
            6 => Op::Each(self.u16()?, self.list(Self::literal)?),
            7 => Op::Number(self.keys()?, self.sign()?, self.f64()?),
            8 => Op::Prefix(self.keys()?, self.string()?),
            9 => Op::Part(self.keys()?, self.string()?),
            10 => Op::Match(self.keys()?, self.u32()?),
            11 => Op::Dates(self.keys()?, self.sign()?, self.keys()?),
            12 => Op::Count(self.list(Self::keys)?, self.sign()?, i64::from(self.u32()?)),
            13 => Op::One(self.keys()?, Box::new(self.op()?)),
            14 => Op::Any(self.keys()?, Box::new(self.op()?)),
            15 => Op::Distinct(self.list(|r| Ok((r.keys()?, r.op()?)))?, self.u16()?, self.u16()?),
            16 => Op::Shares(self.u16()?, self.keys()?),
            17 => Op::Resource(Box::new(self.op()?)),
            18 => Op::Doubt,
            19 => Op::Asked(self.u32()?),
            20 => Op::AskedOf(self.u32()?, self.projection()?),
            _ => return Err(BadTable(self.at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_fits_a_line_of_the_cache() {
        assert_eq!(std::mem::size_of::<Property>(), 64);
    }

    #[test]
    fn names_are_told_by_all_of_their_bytes() {
        for name in ["id", "resourceType", "thirteenLong_", "fourteenLetter", "effectiveDateTime"] {
            let spelled = Spelled::of(name.as_bytes());
            let opens = |text: String| spelled.opens(text.as_bytes(), || name.as_bytes());
            assert!(opens(format!("\"{name}\":                    ")), "{name}");
            for other in [format!("\"{name}\" :                   "), format!("\"{name}x\":                  "), format!("\"{}\":                    ", &name[1..])] {
                assert!(!opens(other), "{name}");
            }
        }
    }
}
