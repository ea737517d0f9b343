//! Profiles, laid over what was read.

use super::frames::FOLLOWED;
use super::mention::Place;
use super::walker::{Asked, Walk, DEPTH, OVERLAY_CHECK};
use crate::accept::fitted::{fit, Asks, Step};
use crate::accept::memo::NO_CHECK;
use crate::accept::reason::Reason;
use crate::accept::shapes::ShapeNumber;
use crate::accept::table::{Group, Item, Member, Need, Overlay, Slices, Targets};
use crate::accept::tape::{Form, Members};

const MOST_SLICES: usize = 64;
/// A reference that leads to nothing: which slice it is in is asked once.
const LEADING_NOWHERE: &[u8] = b"{}";

impl<'a> Walk<'a, '_> {
    pub(crate) fn overlay(&mut self, number: u32, object: usize) -> Asked {
        let Some(overlay) = self.table.overlay_at(number) else {
            self.answer(OVERLAY_CHECK, &number.to_le_bytes(), Reason::Table)?;
            self.pending = true;
            return Ok(());
        };
        if self.by_site && overlay.is_profile && self.frame < FOLLOWED {
            let frames = &self.room.sites.frames;
            if frames
                .get(self.frame)
                .is_some_and(|frame| frame.object != object)
            {
                return self.lay_in_frame(number, object);
            }
            self.room.sites.laying.push(number);
            self.lay(number, object)?;
            self.room.sites.laying.pop();
            return Ok(());
        }
        self.lay(number, object)
    }

    /// Lay an overlay that is in the table.
    pub(super) fn lay(&mut self, number: u32, object: usize) -> Asked {
        let overlay = self.table.overlay_at(number).ok_or(Reason::Table)?;
        if self.overlays > DEPTH {
            return Err(Reason::Depth);
        }
        self.overlays += 1;
        if self.by_site {
            self.parts(number, overlay, object)?;
        } else {
            overlay
                .checks
                .iter()
                .try_for_each(|check| self.check(check, object))?;
            if !overlay.groups.is_empty() {
                let members = Members::of(&self.room.tape, object);
                overlay
                    .groups
                    .iter()
                    .try_for_each(|group| self.group(group, &members, object))?;
            }
        }
        self.overlays -= 1;
        Ok(())
    }

    /// The same for an object of a shape, of which no more is asked than its names leave open.
    pub(crate) fn overlay_on_shape(
        &mut self,
        number: u32,
        object: usize,
        shape: Option<ShapeNumber>,
    ) -> Asked {
        let (Some(shape), Some(overlay)) = (shape, self.table.overlay_at(number)) else {
            return self.overlay(number, object);
        };
        let Some(steps) = self.learned.shapes.take_fitted(shape, number) else {
            let (learned, tape) = (&mut self.learned, &self.room.tape);
            (learned.shapes).fit(shape, number, || fit(overlay, tape, object));
            return self.overlay(number, object);
        };
        self.overlays += 1;
        let held = self.steps(overlay, &steps, object);
        self.overlays -= u32::from(held.is_ok());
        self.learned.shapes.give_back(shape, number, steps);
        held
    }

    fn steps(&mut self, overlay: &'a Overlay, steps: &[Step], object: usize) -> Asked {
        overlay
            .checks
            .iter()
            .try_for_each(|check| self.check(check, object))?;
        let (mut member, mut number) = (object + 1, 0);
        for step in steps {
            let group = &overlay.groups[usize::from(step.group)];
            let item = || &group.members[usize::from(step.member)].item;
            if let Asks::Value(place) | Asks::Values(place) = step.asks {
                while number < place {
                    (member, number) = (self.room.tape.at(member).next as usize, number + 1);
                }
            }
            match step.asks {
                Asks::Group => {
                    let members = Members::of(&self.room.tape, object);
                    self.group(group, &members, object)?;
                }
                Asks::Value(_) => self.item(item(), member)?,
                Asks::Values(_) => {
                    let (mut at, end) = (member + 1, self.room.tape.at(member).next as usize);
                    while at < end {
                        self.item(item(), at)?;
                        at = self.room.tape.at(at).next as usize;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn group(&mut self, group: &'a Group, members: &Members, object: usize) -> Asked {
        let slices = group.slices.as_ref();
        let wait = slices.is_some_and(|slices| self.wait_for_targets(slices));
        if slices.is_some() && !wait && !self.by_site {
            let mut counts = [0; MOST_SLICES];
            let count = self.values(group, members, true, slices, &mut counts)?;
            self.in_slices(group, &counts)?;
            return self.counted(group, count);
        }
        // what is said of all values comes before what slices say
        let count = self.values(group, members, true, None, &mut [])?;
        if wait {
            self.told_by_targets(group, object)?;
        } else if slices.is_some() {
            self.slices_of(group, members)?;
        }
        self.counted(group, count)
    }

    /// What the slices of a group say.
    pub(super) fn slices_of(&mut self, group: &'a Group, members: &Members) -> Asked {
        let mut counts = [0; MOST_SLICES];
        self.values(group, members, false, group.slices.as_ref(), &mut counts)?;
        self.in_slices(group, &counts)
    }

    /// Whether as many values are in each slice as there may be.
    fn in_slices(&self, group: &Group, counts: &[u32; MOST_SLICES]) -> Asked {
        let bounds: &[(u32, u32)] = group.slices.as_ref().map_or(&[], |slices| &slices.bounds);
        let is_other =
            |(&(least, most), &count): (&(u32, u32), &u32)| count < least || count > most;
        if !self.pending && bounds.iter().zip(counts).any(is_other) {
            return Err(Reason::Profile);
        }
        Ok(())
    }

    fn counted(&self, group: &Group, count: u32) -> Asked {
        if !self.pending && (count < group.least || count > group.most) {
            return Err(Reason::Profile);
        }
        Ok(())
    }

    /// What a group says of each value; how many there are.
    ///
    /// of_all: whether what holds for all of them counts; counts: gets how many are in each slice
    #[inline]
    fn values(
        &mut self,
        group: &'a Group,
        members: &Members,
        of_all: bool,
        slices: Option<&'a Slices>,
        counts: &mut [u32],
    ) -> Asked<u32> {
        let (mut count, mut last) = (0, 0);
        for member in &group.members {
            let Some(found) = members.find(&self.room.tape, member.key) else {
                let beside = (member.is_primitive)
                    .then(|| members.find(&self.room.tape, member.companion))
                    .flatten();
                if beside.is_some() {
                    if member.item.empty_asks || group.slices.is_some() {
                        return Err(Reason::Profile);
                    }
                    count += 1;
                    if of_all {
                        self.beside_value(&member.item, beside)?;
                    }
                }
                continue;
            };
            let is_list = self.room.tape.at(found).form == Form::Array;
            let (mut at, end) = if is_list {
                (found + 1, self.room.tape.at(found).next as usize)
            } else {
                (found, found + 1)
            };
            let mut others = self.companions_of(member, members, is_list);
            while at < end {
                count += 1;
                let other = self.next_of(&mut others);
                if of_all {
                    self.item(&member.item, at)?;
                    self.beside_value(&member.item, other)?;
                }
                if let Some(slices) = slices {
                    if other.is_some() {
                        return Err(Reason::Profile); // a slice may be told by what stands beside
                    }
                    match self.slice(slices, member, at)? {
                        Some(0) if slices.closed => return Err(Reason::Profile),
                        Some(0) => last = 0,
                        Some(number) => {
                            if slices.ordered && number < last {
                                return Err(Reason::Profile);
                            }
                            last = number;
                            *counts.get_mut(number - 1).ok_or(Reason::Profile)? += 1;
                            let item = member.slices.get(number - 1).ok_or(Reason::Profile)?;
                            self.item(item, at)?;
                            self.beside_value(item, other)?;
                        }
                        None => {}
                    }
                }
                at = self.room.tape.at(at).next as usize;
            }
        }
        Ok(count)
    }

    /// A resource of an entry, as a profile of the Bundle has it: what it must follow is laid over
    /// it in its own place. Codes that are left undecided there are the explainer's to count.
    pub(super) fn inline(&mut self, targets: &'a Targets, resource: usize) -> Asked {
        let name = self
            .text_of(resource, self.table.known.walk.resource_type)
            .ok_or(Reason::Profile)?;
        let number = match targets.allow(name) {
            Some(Need::Type) => return Ok(()),
            Some(Need::Overlay(number)) if !self.place.is_contained => number,
            _ => return Err(Reason::Profile),
        };
        let (outer, place, undecided) = (self.resource, self.place, self.room.undecided.len());
        self.resource = resource;
        self.place = Place {
            container: resource,
            is_contained: false,
            is_entry: true,
        };
        self.overlay(number, resource)?;
        (self.resource, self.place) = (outer, place);
        if self.room.undecided.len() > undecided {
            return Err(Reason::Profile);
        }
        Ok(())
    }

    /// What stands beside the values of a primitive: the first of them and where they end.
    fn companions_of(&self, member: &Member, members: &Members, is_list: bool) -> (usize, usize) {
        let found = (member.is_primitive)
            .then(|| members.find(&self.room.tape, member.companion))
            .flatten();
        match found {
            None => (0, 0),
            Some(list) if is_list => (list + 1, self.room.tape.at(list).next as usize),
            Some(found) => (found, found + 1),
        }
    }

    fn next_of(&self, (at, end): &mut (usize, usize)) -> Option<usize> {
        if at >= end {
            return None;
        }
        let (found, entry) = (*at, self.room.tape.at(*at));
        *at = entry.next as usize;
        (entry.form == Form::Object).then_some(found)
    }

    /// What holds for what stands beside a primitive, or for that nothing does.
    fn beside_value(&mut self, item: &'a Item, other: Option<usize>) -> Asked {
        match other {
            _ if item.beside == NO_CHECK => Ok(()),
            Some(found) => self.overlay(item.beside, found),
            None if item.bare => Ok(()),
            None => Err(Reason::Profile),
        }
    }

    fn item(&mut self, item: &'a Item, value: usize) -> Asked {
        self.checks(&item.checks, value)
    }

    /// The number of the slice that a value is in, from 1; 0 for none.
    fn slice(
        &mut self,
        slices: &'a Slices,
        member: &'a Member,
        value: usize,
    ) -> Asked<Option<usize>> {
        let answer = if self.wait_for_targets(slices) {
            return self.slice_by_target(slices, value).map(Some);
        } else if slices.by_target {
            if !self.leads_out(value) {
                return Err(Reason::Profile);
            }
            self.answer(member.slice_check, LEADING_NOWHERE, Reason::Profile)?
        } else if member.decided_by.is_empty() {
            self.answer(member.slice_check, self.json(value), Reason::Profile)?
        } else {
            self.room.scratch.clear();
            member.decided_by.write(
                &mut self.room.scratch,
                &self.table.names,
                self.lexer.bytes,
                &self.room.tape,
                value,
            );
            self.answer_to_scratch(member.slice_check, Reason::Profile)?
        };
        Ok(answer.map(|answer| answer.value as usize - 1))
    }

    /// Whether a reference certainly leads to nothing in a line that is no Bundle.
    fn leads_out(&self, value: usize) -> bool {
        if self.room.tape.at(value).form != Form::Object {
            return false;
        }
        let key = self.table.known.reference.reference;
        match self.room.tape.plain(value, key) {
            Some(Some(reference)) => !self.content_of(reference).starts_with(b"#"),
            Some(None) => true,
            None => false,
        }
    }
}
