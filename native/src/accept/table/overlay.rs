//! What profiles say.

use super::node::ValueCheck;
use crate::accept::memo::Check;
use crate::accept::op::Op;
use crate::accept::projection::Projection;
use crate::accept::tape::Key;

/// What a profile says of an object: of itself, and of its members.
#[derive(Debug)]
pub struct Overlay {
    /// Whether it is all of a profile, and not a part of one or several together.
    pub is_profile: bool,
    /// How many of the checks, the first ones, are all that a profile says of the whole object; 0
    /// where they are something else.
    pub own_checks: usize,
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
    /// The overlay of what stands beside a primitive, NO_CHECK for none.
    pub beside: u32,
    /// Whether that overlay bears that nothing stands there.
    pub bare: bool,
}

#[derive(Debug)]
pub struct Slices {
    pub closed: bool,
    pub ordered: bool,
    /// Whether they are told apart by what a reference leads to.
    pub by_target: bool,
    /// Of each slice the profiles of which its references' targets follow one; nothing where it
    /// takes more than that to tell.
    pub targets: Box<[Box<[Wanted]>]>,
    /// Least, most, and the slice that it re-slices (its own number for none).
    pub bounds: Box<[(u32, u32)]>,
}

/// A profile that the target of a reference may follow.
#[derive(Debug)]
pub struct Wanted {
    /// The type that it is on, its overlay, and its url.
    pub kind: Box<[u8]>,
    pub overlay: u32,
    pub url: Box<[u8]>,
    /// What holds of all that follows it; told at little cost.
    pub telling: Box<[Op]>,
}
