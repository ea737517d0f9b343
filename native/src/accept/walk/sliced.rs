//! Slices that are told apart by what references lead to: looked at when all of the line is read.
//!
//! In which slice a reference to an entry is, is certain where the entry's resource follows a
//! profile of one slice, and for certain none of the others'. It does not follow a profile of
//! another type, nor one of which something fails that is told at little cost, unless it claims the
//! profile itself: while a claim is looked at, the explainer takes it for met.

use super::frames::{Saying, FOLLOWED, NO_FRAME};
use super::mention::{Place, Sliced};
use super::sites::Leaning;
use super::walker::{Asked, Walk};
use crate::accept::memo::NO_CHECK;
use crate::accept::op::Op;
use crate::accept::reason::Reason;
use crate::accept::table::{Group, Slices, Wanted};
use crate::accept::tape::{Form, Members};

/// Entries of one line that are looked at for those that references lead to, at the most.
const MOST_ENTRIES: usize = 1 << 20;

impl<'a> Walk<'a, '_> {
    /// Whether slices have to wait for the end of the line.
    pub(super) fn wait_for_targets(&self, slices: &Slices) -> bool {
        slices.by_target && self.bundle_around(self.resource).is_some()
    }

    /// Note that slices of an object are told at the end of the line.
    pub(super) fn told_by_targets(&mut self, group: &'a Group, object: usize) -> Asked {
        if self.by_entry || (self.by_site && self.frame == NO_FRAME) {
            return Err(Reason::Profile);
        }
        self.singular += 1;
        let sliced = Sliced {
            group,
            object,
            resource: self.resource,
            place: self.place,
            said: self.saying(),
        };
        self.room.sliced.push(sliced);
        Ok(())
    }

    /// Tell slices that waited for the end of the line; where one is in doubt, so is the profile
    /// that has them.
    pub(crate) fn settle_slices(&mut self, sliced: &Sliced<'a>) -> Asked {
        let said = sliced.said;
        if self.is_dropped(said.frame) {
            return Ok(());
        }
        let (undecided, mentions) = (self.room.undecided.len(), self.room.mentions.len());
        let told = self.room.sites.found.len();
        let (count, first) = (said.laid.0 as usize, said.laid.1 as usize);
        let sites = &mut self.room.sites;
        sites.laying.clear();
        sites
            .laying
            .extend_from_slice(&sites.laid[first..first + count]);
        (self.resource, self.place) = (sliced.resource, sliced.place);
        (self.frame, self.overlays) = (said.frame, 1);
        self.room.settling = Some(*sliced);
        let held = self.slices_at_last(sliced);
        self.room.settling = None;
        (self.frame, self.overlays) = (NO_FRAME, 0);
        self.room.sites.laying.clear();
        if said.frame == FOLLOWED {
            self.room.undecided.truncate(undecided);
        }
        if !self.by_site {
            return held;
        }
        // what is told here stands among findings that are in order already
        for mention in &mut self.room.mentions[mentions..] {
            mention.check = NO_CHECK;
        }
        if held.is_err() || self.room.sites.found.len() > told {
            self.room.sites.found.truncate(told);
            self.slices_in_doubt(sliced.object, sliced.place.container, said);
        }
        Ok(())
    }

    /// Slices that waited for the end of the line are in doubt: the part of the profile that has
    /// them is run in its place, or the profile where some of that part is told already.
    pub(super) fn slices_in_doubt(&mut self, object: usize, container: usize, said: Saying) {
        if said.frame == FOLLOWED {
            return self.room.sites.doubted.push(container);
        }
        let is_told = said.part.is_none_or(|part| {
            let of_part = part.order..said.order;
            (self.room.sites.found.iter())
                .any(|site| site.frame == said.frame && of_part.contains(&site.order))
        });
        match self.is_laid_over(said.frame, object) && !is_told {
            true => self.part_in_doubt(object, said),
            false => self.room.sites.frames.fail(said.frame),
        }
    }

    fn slices_at_last(&mut self, sliced: &Sliced<'a>) -> Asked {
        let members = Members::of(&self.room.tape, sliced.object);
        self.slices_of(sliced.group, &members)
    }

    /// The number of the slice that a reference to an entry is in, from 1; 0 for none.
    pub(super) fn slice_by_target(&mut self, slices: &'a Slices, value: usize) -> Asked<usize> {
        let tape = &self.room.tape;
        if tape.at(value).form != Form::Object || slices.targets.is_empty() {
            return Err(Reason::Profile);
        }
        let reference = tape.plain(value, self.table.known.reference.reference);
        let Some(reference) = reference.ok_or(Reason::Profile)? else {
            return Ok(0);
        };
        let reference = self.content_of(reference);
        let found = self.evaluation().entry_of(reference);
        let (target, seen) = found.ok_or(Reason::Profile)?;
        self.room.looked_at += seen;
        if self.room.looked_at > MOST_ENTRIES {
            return Err(Reason::Limit);
        }
        match target {
            Some(target) => self.slice_of_target(slices, value, target),
            None => Ok(0),
        }
    }

    fn slice_of_target(&mut self, slices: &'a Slices, value: usize, target: usize) -> Asked<usize> {
        let mut found = 0;
        for (number, wanted) in slices.targets.iter().enumerate() {
            for one in wanted {
                if !self.may_follow(one, target) {
                    continue;
                }
                if found != 0 {
                    return Err(Reason::Profile);
                }
                self.follow_of_slice(one, value, target)?;
                found = number + 1;
                break;
            }
        }
        Ok(found)
    }

    /// Whether a resource may follow a profile; false for certain.
    fn may_follow(&mut self, wanted: &'a Wanted, target: usize) -> bool {
        match self.text_of(target, self.table.known.reference.resource_type) {
            Some(kind) if *kind != *wanted.kind => return false,
            None => return true,
            _ => {}
        }
        let fails = |walk: &mut Self, op: &'a Op| {
            let reads_a_fault = walk.by_site
                && (walk.room.sites).has_fault(&walk.room.tape, target, |key| op.may_read(key));
            !reads_a_fault && walk.evaluation().holds(op, target) == Some(false)
        };
        let is_told_apart = wanted.telling.iter().any(|op| fails(self, op));
        !is_told_apart || self.may_claim(target, &wanted.url)
    }

    /// Whether a resource may claim a profile, in whichever version.
    fn may_claim(&self, resource: usize, url: &[u8]) -> bool {
        let (tape, known) = (&self.room.tape, self.table.known.claimed_profiles);
        let Some(meta) = tape.member(resource, known.meta) else {
            return false;
        };
        let Some(claims) = tape.member(meta, known.profile) else {
            return tape.at(meta).form != Form::Object;
        };
        tape.at(claims).form != Form::Array
            || tape.inside(claims).any(|claim| {
                let entry = tape.at(claim);
                let is_plain = entry.form == Form::Text && !entry.escaped;
                !is_plain || self.content(claim).starts_with(url)
            })
    }

    /// Lay a profile over what a reference leads to, which puts the reference in a slice.
    fn follow_of_slice(&mut self, wanted: &'a Wanted, value: usize, target: usize) -> Asked {
        let (resource, place) = (self.resource, self.place);
        let (frame, overlays) = (self.frame, self.overlays);
        if let Some(sliced) = self.room.settling.filter(|_| self.by_site) {
            self.room.sites.leanings.push(Leaning {
                value,
                check: NO_CHECK,
                overlay: wanted.overlay,
                said: sliced.said,
                is_contained: place.is_contained,
                from: place.container,
                target,
                to_contained: false,
                sliced: Some(sliced.object),
            });
        }
        let there = Place {
            container: target,
            is_contained: false,
            is_entry: true,
        };
        let followed = self.follow(wanted.overlay, target, there);
        (self.resource, self.place) = (resource, place);
        (self.frame, self.overlays) = (frame, overlays);
        followed
    }
}
