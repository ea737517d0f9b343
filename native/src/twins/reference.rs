//! References inside a line: of contained resources, of the entries of a Bundle, of the resources
//! in Parameters.
//!
//! Twin of validators/rules/reference.py and validators/checks/resolution.py
//! (digest e9f36bb10496).
//!
//! What lies outside the line is never looked for: the type that a url implies is believed.

use std::collections::hash_map::Entry;

use super::bundle::{has_query, Neighbours};
use crate::accept::memo::Check;
use crate::accept::primitives::{doubt, every, is_visible};
use crate::accept::reason::Reason;
use crate::accept::table::{Need, Targets};
use crate::accept::walk::frames::{FOLLOWED, NO_FRAME};
use crate::accept::walk::mention::{Mention, Place, MOST_MENTIONS};
use crate::accept::walk::{Asked, Walk};

impl<'a> Walk<'a, '_> {
    pub(crate) fn reference(&mut self, check: Check, targets: &'a Targets, value: usize) -> Asked {
        let known = self.table.known.reference;
        let Some(found) = self.room.tape.member(value, known.reference) else {
            return Ok(());
        };
        if self.room.tape.at(found).escaped || self.holds_a_fault(value) {
            return Err(Reason::Reference);
        }
        let mention = Mention {
            reference: self.content(found),
            place: self.place,
            targets,
            check,
            value,
            is_typed: self.room.tape.member(value, known.kind).is_some(),
            said: self.saying(),
        };
        if mention.reference.starts_with(b"#") || self.place.is_entry {
            self.singular += 1;
            self.room.mentions.push(mention);
            return Ok(());
        }
        self.outside(mention)
    }

    /// A reference of which something stands beside a member: masked, or with a value that leads to
    /// nothing contained. It meets ref-1 whatever the companions hold.
    pub(crate) fn reference_with_companions(&self, value: usize) -> Asked {
        match self.text_of(value, self.table.known.reference.reference) {
            Some(reference) if reference.starts_with(b"#") || reference.contains(&b'\\') => {
                Err(Reason::Reference)
            }
            _ => Ok(()),
        }
    }

    /// A reference that leads out of the line.
    fn outside(&mut self, mention: Mention<'a>) -> Asked {
        if let Some(implied) = implied_type(mention.reference) {
            match implied.filter(|name| mention.targets.allow(name).is_none()) {
                None if self.states_its_type(&mention, implied) => return Ok(()),
                Some(name) if !mention.is_typed && is_word(name) => {
                    let implied = self.implied(mention.check, name);
                    if implied.is_ok() || !self.by_site {
                        return implied;
                    }
                }
                _ => {}
            }
        }
        if mention.is_typed {
            return self.asked_outside(&mention, self.json(mention.value));
        }
        let Some(found) = self
            .room
            .tape
            .member(mention.value, self.table.known.reference.reference)
        else {
            return Err(Reason::Reference);
        };
        self.asked_outside(&mention, self.json(found))
    }

    /// What is said of a reference in the line's own resource is said of it anywhere else, but for what
    /// is around a contained one.
    fn asked_outside(&mut self, mention: &Mention<'a>, json: &[u8]) -> Asked {
        self.singular += 1;
        if mention.place.is_line() {
            return self.told(mention.check, json, Reason::Reference, mention.value);
        }
        self.answer(mention.check, json, Reason::Reference)
            .map(|_| ())
    }

    /// A reference of a sound form implies a type that is no target, or none at all, as a path in
    /// the value of a query does: one question for each such name, of the shortest reference that
    /// implies it.
    fn implied(&mut self, check: Check, name: &[u8]) -> Asked {
        let scratch = &mut self.room.scratch;
        scratch.clear();
        scratch.push(b'"');
        scratch.extend_from_slice(name);
        scratch.extend_from_slice(b"/1\"");
        self.answer_to_scratch(check, Reason::Reference).map(|_| ())
    }

    /// Follow the references that may lead to something inside the line, now that all of it is
    /// read.
    pub(crate) fn settle(&mut self) -> Asked {
        let neighbours = match self.neighbours() {
            Err(reason) if self.by_site => {
                self.bundle_in_doubt(reason)?;
                vec![self.entries_as_they_are()?]
            }
            neighbours => neighbours?,
        };
        let (mut number, mut slices) = (0, 0);
        loop {
            while let Some(&mention) = self.room.mentions.get(number) {
                number += 1;
                if number > MOST_MENTIONS {
                    return Err(Reason::Limit);
                }
                if self.is_dropped(mention.said.frame) {
                    continue;
                }
                match self.settled(&neighbours, mention) {
                    Err(reason) if self.by_site => self.mention_in_doubt(&mention, reason)?,
                    settled => settled?,
                }
            }
            let Some(&sliced) = self.room.sliced.get(slices) else {
                return Ok(());
            };
            slices += 1;
            self.settle_slices(&sliced)?;
        }
    }

    /// Follow one reference.
    ///
    /// neighbours: what stands in each Bundle and Parameters of the line
    pub(crate) fn settled(&mut self, neighbours: &[Neighbours<'a>], mention: Mention<'a>) -> Asked {
        match mention.reference.strip_prefix(b"#") {
            Some(id) => {
                let target = self
                    .held(mention.place.container, id)
                    .ok_or(Reason::Reference)?;
                let place = Place {
                    is_contained: true,
                    ..mention.place
                };
                self.resolved(mention, target, place)
            }
            None => match self.beside(neighbours, &mention)? {
                Some(target) => {
                    let may_be_odd = self.by_site || self.by_entry; // what it leads to, too
                    if may_be_odd && implied_type(mention.reference).is_none() {
                        return Err(Reason::Reference);
                    }
                    let place = Place {
                        container: target,
                        is_contained: false,
                        is_entry: true,
                    };
                    self.resolved(mention, target, place)
                }
                None => self.outside(mention),
            },
        }
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

    /// What an entry's reference leads to inside the line, if anything: in the nearest Bundle, or in
    /// Parameters that are nearer.
    fn beside(&self, neighbours: &[Neighbours<'a>], mention: &Mention<'a>) -> Asked<Option<usize>> {
        let mut home = mention.place.container;
        let mut around = self.holder_around(home);
        while let Some(number) = around {
            match &neighbours[number] {
                Neighbours::Bundle(entries) => return entries.find(home, mention.reference),
                Neighbours::Parameters(named) => {
                    if let Some(&target) = named.get(mention.reference) {
                        return Ok(Some(target));
                    }
                }
                Neighbours::Unknown => return Err(Reason::Bundle),
            }
            let holder = self.room.holders[number];
            (home, around) = (holder.resource, holder.outer);
        }
        Ok(None)
    }

    /// A reference leads to a resource inside the line, which stands in that place: it is of a
    /// type, and follows a profile, that is a target.
    fn resolved(&mut self, mention: Mention<'a>, target: usize, place: Place) -> Asked {
        let name = self
            .text_of(target, self.table.known.reference.resource_type)
            .ok_or(Reason::Reference)?;
        if !mention.targets.settles || !self.states_its_type(&mention, Some(name)) {
            return Err(Reason::Reference);
        }
        match mention.targets.allow(name) {
            Some(Need::Type) => Ok(()),
            Some(Need::Overlay(number)) => {
                self.leans_on(mention.value, target)?;
                match self.by_site {
                    true => self.follow_by_site(&mention, number, target, place),
                    false => self.follow(number, target, place),
                }
            }
            Some(Need::Ask) | None => Err(Reason::Reference),
        }
    }

    /// Whether a type that is stated is certainly the one that is there, where that is known, and one
    /// that is allowed; true where none is stated.
    fn states_its_type(&self, mention: &Mention<'a>, name: Option<&[u8]>) -> bool {
        if !mention.is_typed {
            return true;
        }
        self.text_of(mention.value, self.table.known.reference.kind)
            .is_some_and(|stated| {
                name.is_none_or(|name| name == stated) && mention.targets.allow(stated).is_some()
            })
    }

    /// Note that a profile was laid over a resource, which need not be done again where something
    /// refers to it. By entry, what stands at a place of the tape may be taken back.
    ///
    /// is_open: whether that left codes undecided or, by site, anything to say
    pub(crate) fn note_followed(&mut self, number: u32, resource: usize, is_open: bool) {
        if self.place.is_entry && !self.by_entry && !self.pending {
            self.room.followed.insert((number, resource), is_open);
        }
    }

    /// Whether a profile was laid over a resource before, which claims it, and all was found in order
    /// and decided. By site, what is found out later is told of the claim, and would only be repeated.
    #[inline]
    pub(crate) fn is_laid_clean(&self, number: u32, value: usize) -> bool {
        value == self.resource
            && self.place.is_entry
            && self.room.followed.get(&(number, value)) == Some(&false)
    }

    /// Lay a profile over a resource that was referred to. Codes that it leaves undecided do not
    /// count, as they do not for the explainer.
    pub(crate) fn follow(&mut self, number: u32, target: usize, place: Place) -> Asked {
        let Entry::Vacant(followed) = self.room.followed.entry((number, target)) else {
            return Ok(());
        };
        followed.insert(true); // it may leave some
        let undecided = self.room.undecided.len();
        (self.resource, self.place) = (target, place);
        self.frame = FOLLOWED;
        let laid = self.overlay(number, target);
        (self.frame, self.overlays) = (NO_FRAME, 0);
        if laid.is_err() {
            self.room.followed.remove(&(number, target));
        }
        self.room.undecided.truncate(undecided);
        laid
    }
}

/// The type that a reference implies by its form, or that it implies none: `Patient/1`,
/// `http://server/Patient/1/_history/2`, `urn:uuid:…`. Nothing where the form is in doubt.
///
/// Of a conditional reference (`Patient?identifier=…`) the query is sound; what stands before it is
/// no type here, and a path in it is one like any other.
fn implied_type(reference: &[u8]) -> Option<Option<&[u8]>> {
    match only_slash(reference) {
        Some(None) => return Some(None),
        Some(Some(slash)) if reference[0] != b'_' => return Some(Some(&reference[..slash])),
        _ => {}
    }
    if !is_visible(reference) || reference.ends_with(b"/") || has_query(reference) == Some(false) {
        return None;
    }
    let Some(end) = memchr::memrchr(b'/', reference) else {
        return Some(None);
    };
    let start = memchr::memrchr(b'/', &reference[..end]).map_or(0, |at| at + 1);
    let name = &reference[start..end];
    if name.is_empty() {
        return None;
    }
    if name.starts_with(b"_") || memchr::memchr(b'_', &reference[..start]).is_some() {
        return type_of_version(reference);
    }
    Some(Some(name))
}

/// Where the one slash of a reference stands, if any, told eight bytes at a time. Nothing where there
/// are more of them, or one at an end, or a `?`, or anything but visible ASCII; or where the reference
/// is too short to tell.
#[inline]
fn only_slash(reference: &[u8]) -> Option<Option<usize>> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let last = reference.len().checked_sub(8)?;
    let (mut at, mut mark) = (0, None);
    loop {
        let at_word = at.min(last);
        let word = u64::from_le_bytes(*reference[at_word..].first_chunk()?);
        // The high bit of the first byte that is a slash or, one bit apart, a question mark; and
        // perhaps of some behind it.
        let other = (word | (ONES * 0x10)) ^ (ONES * u64::from(b'?'));
        let marks = other.wrapping_sub(ONES) & !other & (ONES << 7);
        if doubt(word) != 0 {
            return None;
        }
        if marks != 0 {
            let found = at_word + marks.trailing_zeros() as usize / 8;
            let is_other = mark.is_some_and(|before| before != found);
            if is_other || marks & (marks - 1) != 0 || reference[found] != b'/' {
                return None;
            }
            mark = Some(found);
        }
        at += 8;
        if at >= reference.len() {
            break;
        }
    }
    let is_inside = mark.is_none_or(|at| at > 0 && at + 1 < reference.len());
    is_inside.then_some(mark)
}

/// The same of a reference that may be to a version.
fn type_of_version(reference: &[u8]) -> Option<Option<&[u8]>> {
    let mut parts = reference.rsplit(|&b| b == b'/');
    let (_, mut name) = (parts.next(), parts.next());
    if name == Some(b"_history") {
        (_, name) = (parts.next()?, Some(parts.next()?));
    }
    let found = name?;
    let is_odd = found.is_empty() || found == b"_history" || parts.any(|part| part == b"_history");
    (!is_odd).then_some(name)
}

/// Whether a name has nothing but letters and digits, so that it stands for itself in a reference.
fn is_word(name: &[u8]) -> bool {
    every(name, |b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_is_found_as_several_are() {
        let pieces = [
            "Patient",
            "/",
            "?",
            "_",
            "a=1",
            "12345678-1234",
            "_history",
            " ",
            "é",
        ];
        let mut told = 0;
        for number in 0..pieces.len().pow(4) {
            let places = [0, 1, 2, 3].map(|place| number / pieces.len().pow(place));
            let text: String = places.map(|place| pieces[place % pieces.len()]).concat();
            if let Some(slash) = only_slash(text.as_bytes()) {
                let mut others = text.bytes().enumerate().filter(|&(_, byte)| byte == b'/');
                let found = others.next().map(|(at, _)| at);
                assert_eq!((slash, others.next()), (found, None), "{text}");
                assert!(text.bytes().all(|b| (0x21..0x7f).contains(&b)), "{text}");
                assert!(!text.contains('?') && !text.starts_with('/'), "{text}");
                assert!(!text.ends_with('/'), "{text}");
                told += 1;
            }
        }
        assert!(told > 50);
    }

    #[test]
    fn references_imply_types_by_their_form() {
        for reference in [
            "Patient/1",
            "http://server/fhir/Patient/1",
            "Patient/1/_history/2",
            "http://server/fhir/Patient/1/_history/2",
        ] {
            let implied = implied_type(reference.as_bytes());
            assert_eq!(implied, Some(Some(&b"Patient"[..])), "{reference}");
        }
        for (reference, name) in [
            ("Patient?identifier=http://system/of/numbers|1", "of"),
            ("Patient?_id=1&identifier=a|b/c/d", "c"),
        ] {
            let implied = implied_type(reference.as_bytes());
            assert_eq!(implied, Some(Some(name.as_bytes())), "{reference}");
        }
        assert_eq!(implied_type(b"urn:uuid:1"), Some(None));
        assert_eq!(implied_type(b"urn:uuid:12345678"), Some(None));
        assert_eq!(implied_type(b"Patient?identifier=1"), Some(None));
        for reference in [
            "Patient?identifier",
            "Patient?identifier=http://system|1",
            "Patient?identifier=1&",
            "Patient?identifier=1=2",
            "Patient/ 1",
            "Patient/1234567\u{7f}",
            "Patient/1/",
            "/12345678",
            "Patient/",
            "Practitioner/",
            "Practitioner//12345678",
            "/1",
            "_history/2",
            "1/_history/2",
            "a/_history/1/_history/2",
        ] {
            assert_eq!(implied_type(reference.as_bytes()), None, "{reference}");
        }
    }
}
