//! References inside a line: of contained resources, of the entries of a Bundle, of the resources
//! in Parameters.
//!
//! Twin of validators/rules/reference.py and validators/checks/resolution.py
//! (digest 0fdc89baf11b).
//!
//! What lies outside the line is never looked for: the type that a url implies is believed.

use super::bundle::Neighbours;
use crate::accept::memo::Check;
use crate::accept::primitives::every;
use crate::accept::reason::Reason;
use crate::accept::table::{Need, Targets};
use crate::accept::walk::mention::{Mention, Place};
use crate::accept::walk::{Asked, Walk};

/// References in one line.
const MOST_MENTIONS: usize = 1 << 20;

impl<'a> Walk<'a, '_> {
    pub(crate) fn reference(&mut self, check: Check, targets: &'a Targets, value: usize) -> Asked {
        let known = self.table.known.reference;
        let Some(found) = self.room.tape.member(value, known.reference) else {
            return Ok(());
        };
        if self.room.tape.at(found).escaped {
            return Err(Reason::Reference);
        }
        let mention = Mention {
            reference: self.content(found),
            place: self.place,
            targets,
            check,
            value,
            is_typed: self.room.tape.member(value, known.kind).is_some(),
        };
        if mention.reference.starts_with(b"#") || self.place.is_entry {
            self.room.mentions.push(mention);
            return Ok(());
        }
        self.outside(mention)
    }

    /// A reference that leads out of the line.
    fn outside(&mut self, mention: Mention<'a>) -> Asked {
        if mention.is_typed {
            return self
                .answer(mention.check, self.json(mention.value), Reason::Reference)
                .map(|_| ());
        }
        if leads_to_target(mention.reference, mention.targets) {
            return Ok(());
        }
        let Some(found) = self
            .room
            .tape
            .member(mention.value, self.table.known.reference.reference)
        else {
            return Err(Reason::Reference);
        };
        self.answer(mention.check, self.json(found), Reason::Reference)
            .map(|_| ())
    }

    /// Follow the references that may lead to something inside the line, now that all of it is
    /// read.
    pub(crate) fn settle(&mut self, type_number: u16) -> Asked {
        let neighbours = self.neighbours(type_number)?;
        let mut number = 0;
        while let Some(&mention) = self.room.mentions.get(number) {
            number += 1;
            if number > MOST_MENTIONS {
                return Err(Reason::Limit);
            }
            match mention.reference.strip_prefix(b"#") {
                Some(id) => {
                    let target = self
                        .held(mention.place.container, id)
                        .ok_or(Reason::Reference)?;
                    self.resolved(
                        mention,
                        target,
                        Place {
                            is_contained: true,
                            ..mention.place
                        },
                    )?;
                }
                None => match self.beside(&neighbours, &mention)? {
                    Some(target) => self.resolved(
                        mention,
                        target,
                        Place {
                            container: target,
                            is_contained: false,
                            is_entry: true,
                        },
                    )?,
                    None => self.outside(mention)?,
                },
            }
        }
        Ok(())
    }

    /// The contained resource with that id.
    fn held(&self, container: usize, id: &[u8]) -> Option<usize> {
        let list = self
            .room
            .tape
            .member(container, self.table.known.reference.contained)?;
        self.room
            .tape
            .inside(list)
            .find(|&resource| self.text_of(resource, self.table.known.reference.id) == Some(id))
    }

    /// What an entry's reference leads to inside the line, if anything.
    fn beside(&self, neighbours: &Neighbours<'a>, mention: &Mention<'a>) -> Asked<Option<usize>> {
        match neighbours {
            Neighbours::None => Ok(None),
            Neighbours::Parameters(named) => Ok(named.get(mention.reference).copied()),
            Neighbours::Bundle(entries) => entries.find(mention),
        }
    }

    /// A reference leads to a resource inside the line, which stands in that place: it is of a
    /// type, and follows a profile, that is a target.
    fn resolved(&mut self, mention: Mention<'a>, target: usize, place: Place) -> Asked {
        let name = self
            .text_of(target, self.table.known.reference.resource_type)
            .ok_or(Reason::Reference)?;
        if mention.is_typed || !mention.targets.settles {
            return Err(Reason::Reference);
        }
        match mention.targets.allow(name) {
            Some(Need::Type) => Ok(()),
            Some(Need::Overlay(number)) => self.follow(number, target, place),
            Some(Need::Ask) | None => Err(Reason::Reference),
        }
    }

    /// Lay a profile over a resource that was referred to. Codes that it leaves undecided do not
    /// count, as they do not for the explainer.
    fn follow(&mut self, number: u32, target: usize, place: Place) -> Asked {
        if !self.room.followed.insert((number, target)) {
            return Ok(());
        }
        let undecided = self.room.undecided.len();
        (self.resource, self.place) = (target, place);
        self.overlay(number, target)?;
        self.room.undecided.truncate(undecided);
        Ok(())
    }
}

/// Whether a reference certainly leads to one of the types by its form: `Patient/1`,
/// `http://server/Patient/1`, `urn:uuid:…`.
fn leads_to_target(reference: &[u8], targets: &Targets) -> bool {
    if !every(reference, |b| (0x21..0x7f).contains(&b) & (b != b'?')) || reference.ends_with(b"/") {
        return false;
    }
    let mut parts = reference.rsplit(|&b| b == b'/');
    let (_, name) = (parts.next(), parts.next());
    let Some(name) = name else { return true };
    if name.is_empty() || name == b"_history" || parts.any(|part| part == b"_history") {
        return false;
    }
    targets.allow(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(types: &[&str]) -> Targets {
        Targets {
            settles: true,
            types: types
                .iter()
                .map(|name| (name.as_bytes().into(), Need::Type))
                .collect(),
        }
    }

    #[test]
    fn references_lead_to_types_by_their_form() {
        let patients = targets(&["Patient"]);
        for reference in ["Patient/1", "http://server/fhir/Patient/1", "urn:uuid:1"] {
            assert!(
                leads_to_target(reference.as_bytes(), &patients),
                "{reference}"
            );
        }
        for reference in [
            "Group/1",
            "Patient?identifier=1",
            "Patient/1/_history/2",
            "Patient/ 1",
            "Patient/1/",
        ] {
            assert!(
                !leads_to_target(reference.as_bytes(), &patients),
                "{reference}"
            );
        }
        assert!(leads_to_target(b"Group/1", &targets(&[])));
    }
}
