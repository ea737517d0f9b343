//! What objects of one type may hold.

use std::sync::atomic::{AtomicU16, Ordering};

use super::bits::Bits;
use super::names::{Names, Spelled};
use super::tags::{NodeFlag, Primitive, PropertyFlag};
use crate::accept::memo::Check;
use crate::accept::op::Op;
use crate::accept::tape::Key;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Primitive(Primitive),
    /// An object of a node of the table; one that is not there yet is asked for.
    Object(u32),
    /// A resource contained in another.
    Contained,
    /// A resource of an entry of a Bundle, of its response, or of a parameter.
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
    Reference {
        check: Check,
        targets: Box<Targets>,
    },
    /// on_line: asked in place of by_value where the line's own resource holds it, as that
    /// resource's references lead out of the line. by_place: asked where the url says that the
    /// place decides.
    Extension {
        by_url: Check,
        by_value: Check,
        on_line: Check,
        by_place: Check,
    },
    /// A condition, and the question that tells what is said where it certainly fails.
    Condition(Box<Op>, Check),
    /// One that looks at the whole resource, which is told when the line is read.
    LaterCondition(Box<Op>, Check),
    Overlay(u32),
    Value(Check),
    /// A resource inside the line's own: its type, and what it must follow in its own place.
    Inline(Box<Targets>),
}

impl ValueCheck {
    /// Whether it looks at nothing but what a reference may lead to.
    pub fn is_of_reference(&self) -> bool {
        matches!(self, ValueCheck::Reference { .. })
    }

    /// Whether it looks at nothing but a text.
    fn is_of_text(&self) -> bool {
        matches!(self, ValueCheck::Text(_))
    }
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
        self.types
            .iter()
            .find(|(allowed, _)| **allowed == *name)
            .map(|&(_, need)| need)
    }
}

/// Flags of properties that the table does not have.
const REFERENCE: u8 = 128;
const RECURS: u8 = 64;

/// One name that objects of a node may have. All that nearly every value needs of it lies in one
/// line of the cache.
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
    /// A property whose name is yet to be put into the table's own form: its node does that.
    #[allow(clippy::too_many_arguments)] // they are a record's
    pub(super) fn new(
        flags: u8,
        key: Key,
        companion: Key,
        beside: u32,
        kind: Kind,
        format: Check,
        siblings: Bits,
        checks: Box<[ValueCheck]>,
    ) -> Property {
        let siblings = (!siblings.is_empty()).then(|| Box::new(siblings));
        let is_reference = matches!(kind, Kind::Object(_))
            && !checks.is_empty()
            && checks.iter().all(ValueCheck::is_of_reference);
        let recurs = flags & PropertyFlag::UNIQUE == 0
            && match kind {
                Kind::Primitive(
                    Primitive::Code | Primitive::Uri | Primitive::Canonical | Primitive::Other,
                ) => checks.iter().all(ValueCheck::is_of_text),
                _ => kind == Kind::ResourceType,
            };
        let flags =
            flags | if is_reference { REFERENCE } else { 0 } | if recurs { RECURS } else { 0 };
        Property {
            spelled: Spelled::default(),
            flags,
            after: AtomicU16::new(0),
            key,
            companion,
            beside,
            kind,
            format,
            siblings,
            checks,
        }
    }

    #[inline]
    pub fn is_list(&self) -> bool {
        self.flags & PropertyFlag::LIST != 0
    }

    pub fn takes_companion(&self) -> bool {
        self.flags & PropertyFlag::TAKES_COMPANION != 0
    }

    /// A companion without value: the explainer has something to say of it.
    pub fn empty_asks(&self) -> bool {
        self.flags & PropertyFlag::EMPTY_ASKS != 0
    }

    /// A CodeableConcept or a Coding.
    #[inline]
    pub fn is_coded(&self) -> bool {
        self.flags & PropertyFlag::CODED != 0
    }

    /// A Reference of which nothing else is asked than what it may lead to.
    #[inline]
    pub fn is_reference(&self) -> bool {
        self.flags & REFERENCE != 0
    }

    /// Texts of which the same few come again and again, and that are in order wherever they stand.
    #[inline]
    pub fn recurs(&self) -> bool {
        self.flags & RECURS != 0
    }

    /// An id that occurs once in its resource.
    #[inline]
    pub fn is_unique(&self) -> bool {
        self.flags & PropertyFlag::UNIQUE != 0
    }
}

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
    /// names: all of the table's.
    pub(super) fn new(
        flags: u8,
        profile: Check,
        mut properties: Vec<Property>,
        required: Vec<Bits>,
        conditions: Vec<Op>,
        names: &[Box<[u8]>],
    ) -> Node {
        let index = Names::of(properties.iter().map(|p| &*names[p.key as usize]));
        for (number, property) in properties.iter_mut().enumerate() {
            property.spelled = Spelled::of(&names[property.key as usize]);
            property.after = AtomicU16::new(number as u16 + 1);
        }
        let conditions = conditions
            .into_iter()
            .map(|op| (op.reads_resource(), op))
            .map(|(later, op)| (op, later))
            .collect();
        Node {
            flags,
            profile,
            properties,
            required,
            conditions,
            index,
            first: AtomicU16::new(0),
        }
    }

    /// The property that the bytes open with, if it is the one that followed the last one before;
    /// and how many bytes its name takes. last: one more than the number of the property before, 0
    /// at the start of an object.
    #[inline(always)]
    pub fn expected(
        &self,
        names: &[Box<[u8]>],
        last: usize,
        bytes: &[u8],
    ) -> Option<(usize, usize)> {
        let number = self.follower(last).load(Ordering::Relaxed) as usize;
        let property = self.properties.get(number)?;
        property
            .spelled
            .opens(bytes, || &names[property.key as usize])
            .then_some((number, property.spelled.length as usize))
    }

    /// How many bytes the name of a property takes that the bytes open with.
    #[inline(always)]
    pub fn opens(
        &self,
        number: u16,
        names: &[Box<[u8]>],
        bytes: &[u8],
    ) -> Option<(&Property, usize)> {
        let property = self.properties.get(usize::from(number))?;
        property
            .spelled
            .opens(bytes, || &names[property.key as usize])
            .then_some((property, property.spelled.length as usize))
    }

    #[inline]
    pub fn expect(&self, last: usize, number: usize) {
        self.follower(last).store(number as u16, Ordering::Relaxed);
    }

    #[inline]
    fn follower(&self, last: usize) -> &AtomicU16 {
        if last == 0 {
            &self.first
        } else {
            &self.properties[last - 1].after
        }
    }

    /// Whether objects with these properties and no others are in order, whatever their values are.
    pub fn bears(&self, properties: &[usize]) -> bool {
        const LOOKS: u8 = NodeFlag::RESOURCE
            | NodeFlag::IDENTIFIER
            | NodeFlag::ATTACHMENT
            | NodeFlag::SECURITY_LABELS;
        let mut seen = Bits::default();
        properties.iter().for_each(|&number| seen.set(number));
        let property = |&number: &usize| &self.properties[number];
        let keys: Vec<Key> = properties.iter().map(|n| property(n).key).collect();
        self.flags & LOOKS == 0
            && self.required.iter().all(|names| names.meets(&seen))
            && (properties.iter().map(property)).all(|one| {
                !one.siblings
                    .as_ref()
                    .is_some_and(|names| names.meets(&seen))
            })
            && (self.conditions.iter()).all(|(op, _)| op.by_names(&keys) == Some(true))
    }

    #[inline]
    pub fn find(&self, names: &[Box<[u8]>], name: &[u8]) -> Option<usize> {
        self.index
            .find(name, |number| &names[self.properties[number].key as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_fits_a_line_of_the_cache() {
        assert_eq!(std::mem::size_of::<Property>(), 64);
    }
}
