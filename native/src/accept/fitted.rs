//! Overlays fitted to shapes: what a profile is left to ask of objects of which the names are
//! known. Which of its groups are there, and that none is there too often or missing, is told by
//! the names.

use crate::accept::memo::NO_CHECK;
use crate::accept::table::{Group, Member, Overlay};
use crate::accept::tape::{Form, Tape};

/// Members of an object that an overlay is fitted to, at the most.
const MOST_MEMBERS: usize = 1 << 8;

/// One thing that is left to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which group of the overlay, and which member of the group.
    pub group: u16,
    pub member: u16,
    pub asks: Asks,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// All that the group says, before all else: values are counted, or in slices.
    Group,
    /// The value that is the object's member of that number.
    Value(u8),
    /// Each of the values that the member holds.
    Values(u8),
}

/// What an overlay is left to ask, member by member, of objects that have names as an object has
/// that is on the tape. Nothing where one that has no companions cannot follow it, or has too many
/// members.
pub fn fit(overlay: &Overlay, tape: &Tape, object: usize) -> Option<Box<[Step]>> {
    let members: Vec<usize> = tape.inside(object).collect();
    if members.len() > MOST_MEMBERS {
        return None;
    }
    let mut steps = Vec::new();
    for (number, group) in overlay.groups.iter().enumerate() {
        let found: Vec<(u16, usize)> = (0..)
            .zip(&group.members)
            .filter_map(|(member, Member { key, .. })| {
                let is_it = |&at: &usize| tape.at(at).key == *key;
                Some((member, members.iter().position(is_it)?))
            })
            .collect();
        let is_list = |place: usize| tape.at(members[place]).form == Form::Array;
        let has_lists = found.iter().any(|&(_, place)| is_list(place));
        if is_counted(group, found.len() as u32, has_lists)? {
            steps.push(Step {
                group: number as u16,
                member: 0,
                asks: Asks::Group,
            });
            continue;
        }
        for (member, place) in found {
            let item = &group.members[usize::from(member)].item;
            if item.beside != NO_CHECK && !item.bare {
                return None;
            }
            if !item.checks.is_empty() {
                steps.push(Step {
                    group: number as u16,
                    member,
                    asks: if is_list(place) {
                        Asks::Values(place as u8)
                    } else {
                        Asks::Value(place as u8)
                    },
                });
            }
        }
    }
    steps.sort_by_key(|step| match step.asks {
        Asks::Group => None,
        Asks::Value(place) | Asks::Values(place) => Some(place),
    });
    Some(steps.into())
}

/// Whether the values of a group have to be looked at to tell how many there are. Nothing where
/// there are too few or too many members.
fn is_counted(group: &Group, members: u32, has_lists: bool) -> Option<bool> {
    if members > 0 && (group.slices.is_some() || has_lists) {
        let any_number_will_do = group.slices.is_none() && group.most == u32::MAX;
        return Some(!any_number_will_do || group.least > members);
    }
    let slices = group.slices.as_ref();
    let is_in_slices = slices.is_some_and(|slices| slices.bounds.iter().any(|bound| bound.0 > 0));
    let will_do = (group.least..=group.most).contains(&members) && !is_in_slices;
    will_do.then_some(false)
}
