//! The walk by site: what of a line that is not accepted is in doubt, value by value. The explainer
//! then looks at these places, and at nothing else of the line.
//!
//! A value that is no certain one is noted, and the walk goes on behind it. Whatever is not noted
//! here is proven as it is in a line that is accepted; a condition that reads a member at fault is
//! in doubt itself. A profile is laid in a frame (see `frames`); a reference to another resource of
//! the line is in doubt where that one is. Where a doubt is of another kind (of the text as JSON,
//! of what is in a contained resource), or one place hangs on another, the line is in doubt as a
//! whole, and a Bundle is walked by entry.

use super::frames::{FrameNumber, Part, Saying, CLAIMS, FOLLOWED, NO_FRAME, OF_MEMBERS};
use super::mention::{Mention, Place};
use super::sites::{Doubted, Leaning, Site, MOST_SITES, MOST_UNKNOWN};
use super::walker::{Asked, Later, Walk};
use crate::accept::memo::{Answer, Check, LONGEST_QUESTION, NO_CHECK};
use crate::accept::op::Op;
use crate::accept::reason::Reason;
use crate::accept::table::{Bits, Node, NodeFlag, Overlay, Property, ValueCheck};
use crate::accept::tape::{Form, Key, Members, NO_KEY};

impl<'a> Walk<'a, '_> {
    /// Ask about a value whether all is well with it, where nothing but that counts.
    #[inline]
    pub(crate) fn told(
        &mut self,
        check: Check,
        text: &[u8],
        reason: Reason,
        value: usize,
    ) -> Asked {
        let is_sited = self.overlays == 0 || (self.frame != NO_FRAME && self.frame != FOLLOWED);
        if self.by_site && is_sited {
            return self.told_at_site(Doubted::Answer, check, text, text, reason, value);
        }
        self.answer(check, text, reason).map(|_| ())
    }

    #[inline]
    pub(super) fn told_from_scratch(&mut self, check: Check, value: usize) -> Asked {
        let scratch = std::mem::take(&mut self.room.scratch);
        let told = self.told(check, &scratch, Reason::Code, value);
        self.room.scratch = scratch;
        told
    }

    /// asked: what the question is about; text: what goes with the site.
    #[cold]
    fn told_at_site(
        &mut self,
        doubted: Doubted,
        check: Check,
        asked: &[u8],
        text: &[u8],
        reason: Reason,
        value: usize,
    ) -> Asked {
        if check == NO_CHECK || asked.len() > LONGEST_QUESTION {
            return Err(reason);
        }
        match self.memo.get(check, asked) {
            // what takes more than the value to tell
            Some(Answer {
                value: 0,
                undecided: 0,
            }) => match doubted {
                Doubted::Answer => self.placed(value, reason),
                _ => Err(reason),
            },
            Some(Answer { undecided: 0, .. }) => Ok(()),
            // whether a resource fails counts for those that refer to it
            None if self.in_bundle() => self.answer(check, asked, reason).map(|_| ()),
            Some(Answer { value: 0, .. }) | None => self.note(doubted, check, text, value),
            Some(_) => self.note_harmless(doubted, check, text, value),
        }
    }

    /// Note that what is asked about a value takes more than the value to tell.
    #[cold]
    fn placed(&mut self, value: usize, reason: Reason) -> Asked {
        if self.frame != NO_FRAME || !self.in_bundle() || self.place.is_contained {
            return Err(reason);
        }
        if reason == Reason::Narrative {
            // its language counts for the resource around it, its links for the line's own
            self.note(Doubted::Rules, NO_CHECK, b"", self.resource)?;
            self.note(Doubted::Rules, NO_CHECK, b"", 0)?;
        }
        self.note(Doubted::Placed, NO_CHECK, b"", value)
    }

    fn note(&mut self, doubted: Doubted, check: Check, text: &[u8], at: usize) -> Asked {
        let sites = &mut self.room.sites;
        let is_full = sites.found.len() >= MOST_SITES;
        if is_full || (self.overlays > 0 && sites.frames.get(self.frame).is_none()) {
            return Err(Reason::Limit);
        }
        let (start, before) = (sites.texts.len(), sites.laid.len());
        let order = sites.next_order();
        sites.texts.extend_from_slice(text);
        sites.laid.extend_from_slice(&sites.laying);
        sites.found.push(Site {
            doubted,
            check,
            text: start..sites.texts.len(),
            at,
            rank: (0, 0),
            order,
            frame: self.frame,
            laid: before..sites.laid.len(),
            may_fail: true,
        });
        Ok(())
    }

    /// Note something that fails no resource.
    fn note_harmless(&mut self, doubted: Doubted, check: Check, text: &[u8], at: usize) -> Asked {
        self.note(doubted, check, text, at)?;
        if let Some(site) = self.room.sites.found.last_mut() {
            site.may_fail = false;
        }
        Ok(())
    }

    /// Note that the value of a primitive, which is the next on the tape, is not certainly of its
    /// format. check: what tells of the text between its quotes that it is.
    #[cold]
    pub(super) fn format_in_doubt(
        &mut self,
        property: &Property,
        check: Check,
        asked: &[u8],
        text: &[u8],
        reason: Reason,
    ) -> Asked {
        if property.is_unique() {
            return Err(reason);
        }
        let (value, before) = (self.room.tape.len(), self.room.sites.found.len());
        self.told_at_site(Doubted::Value, check, asked, text, reason, value)?;
        if self.room.sites.found.len() > before {
            self.room.sites.faults.push((value, property.key));
        }
        Ok(())
    }

    /// A primitive of another form, where the lexer stands before it.
    #[cold]
    pub(super) fn misread(&mut self, property: &Property, key: Key, reason: Reason) -> Asked {
        if reason != Reason::Form {
            return Err(reason);
        }
        self.form_in_doubt(property, key)
    }

    /// No object where one belongs. start: where the walk looked for it; whatever was wrong inside
    /// an object, the lexer stands behind its brace.
    #[cold]
    pub(super) fn misread_object(
        &mut self,
        property: &Property,
        key: Key,
        start: usize,
        reason: Reason,
    ) -> Asked {
        match self.lexer.bytes.get(start..self.lexer.at) {
            Some(before) if before.trim_ascii().is_empty() => self.misread(property, key, reason),
            _ => Err(reason), // of a line that is cut off, the lexer may stand behind its end
        }
    }

    /// Step over a value of another form than its property's, which starts where the lexer stands.
    ///
    /// key: its key on the tape
    #[cold]
    pub(super) fn form_in_doubt(&mut self, property: &Property, key: Key) -> Asked {
        if !self.by_site {
            return Err(Reason::Form);
        }
        let is_null = self.lexer.peek() == b'n';
        let start = self.lexer.at;
        self.lexer.skip()?;
        let text = &self.lexer.bytes[start..self.lexer.at];
        let known = &self.table.known;
        let alone = [known.walk.resource_type, known.contained.contained];
        let held = |inside: &[u8]| memchr::memmem::find(text, inside).is_some();
        if (is_null && key == NO_KEY) // a filler, perhaps
            || property.is_unique()
            || alone.contains(&property.key)
            || text.len() > LONGEST_QUESTION
            || held(b"\"id\"")
            || held(b"\"#")
        {
            return Err(Reason::Form);
        }
        let at = self
            .room
            .tape
            .push(key, Form::Null, false, start, self.lexer.at);
        self.room.sites.faults.push((at, property.key));
        self.note(Doubted::Value, NO_CHECK, text, at)
    }

    /// Step over a member that the type does not have; the lexer stands behind its colon.
    #[cold]
    pub(super) fn name_in_doubt(&mut self, object: usize) -> Asked {
        if !self.by_site || self.room.sites.unknown_count >= MOST_UNKNOWN {
            return Err(Reason::UnknownName);
        }
        let (start, end) = self.room.sites.unknown;
        let name = &self.lexer.bytes[start..end];
        self.lexer.skip()?;
        let text = &self.lexer.bytes[start..self.lexer.at];
        let sites = &self.room.sites;
        let is_again = sites.found.iter().any(|site| {
            site.doubted == Doubted::Name
                && site.at == object
                && sites.texts[site.text.clone()].starts_with(name)
        });
        if is_again
            || name == b"\"resourceType\"" // FHIRPath takes the object for a resource
            || name == b"\"coding\"" // and rules take a Coding for a concept
            || name.contains(&b'\\')
            || memchr::memmem::find(text, b"\"div\"").is_some() // whose links count
            || text.len() > LONGEST_QUESTION
            || memchr::memmem::find(text, b"\"id\"").is_some()
            || memchr::memmem::find(text, b"\"#").is_some()
        {
            return Err(Reason::UnknownName);
        }
        self.room.sites.unknown_count += 1;
        let key = self.property_key(object);
        self.room.sites.unlisted.push((object, key));
        self.note(Doubted::Name, NO_CHECK, text, object)?;
        if let Some(site) = self.room.sites.found.last_mut() {
            site.rank.0 = self.lexer.at as u32;
        }
        Ok(())
    }

    /// Note which required elements an object lacks.
    #[cold]
    pub(super) fn missing(&mut self, node: &Node, object: usize, there: &Bits) -> Asked {
        if !self.by_site {
            return Err(Reason::Cardinality);
        }
        let lacking = node.required.iter().enumerate();
        let text: Vec<u8> = lacking
            .filter(|(_, names)| !names.meets(there))
            .flat_map(|(number, _)| (number as u32).to_ne_bytes())
            .collect();
        self.note(Doubted::Missing, NO_CHECK, &text, object)
    }

    /// Note that a rule on an object is in doubt.
    #[cold]
    pub(super) fn rule_in_doubt(&mut self, object: usize, reason: Reason) -> Asked {
        if !self.by_site {
            return Err(reason);
        }
        if self.in_bundle() {
            if self.place.is_contained {
                return Err(reason);
            }
            return self.note(Doubted::Rules, NO_CHECK, b"", object);
        }
        let text = self.json(object);
        if text.len() > LONGEST_QUESTION {
            return Err(reason);
        }
        self.note(Doubted::Rules, NO_CHECK, text, object)
    }

    /// Note that the rules on an object are in doubt where one of them may have read a value that
    /// is at fault.
    #[cold]
    pub(super) fn rules_read_a_fault(&mut self, node: &Node, object: usize) -> Asked {
        let sites = &self.room.sites;
        if sites.faults.is_empty() && sites.unlisted.is_empty() {
            return Ok(());
        }
        let tape = &self.room.tape;
        let twins = NodeFlag::IDENTIFIER
            | NodeFlag::ATTACHMENT
            | NodeFlag::SECURITY_LABELS
            | NodeFlag::PLAIN_REFERENCE;
        let is_read = if node.flags & twins != 0 {
            sites.has_fault(tape, object, |_| true)
        } else {
            node.conditions
                .iter()
                .any(|(op, later)| !later && sites.is_read(tape, object, |key| op.may_read(key)))
        };
        if is_read {
            return self.rule_in_doubt(object, Reason::Invariant);
        }
        Ok(())
    }

    /// Whether a condition that looks at the whole resource may read a value that is at fault.
    pub(super) fn reads_a_fault(&self, op: &Op) -> bool {
        let sites = &self.room.sites;
        let mut odd = sites.faults.iter().chain(&sites.unlisted);
        odd.any(|&(_, key)| op.may_read(key))
    }

    /// Whether a value is at fault, or may be, so that all checks of its property are left to the
    /// explainer.
    #[inline]
    pub(super) fn is_at_fault(&self, value: usize) -> bool {
        let last = self.room.sites.faults.last();
        last.is_some_and(|&(at, _)| at == value)
    }

    /// A text whose format and codes are one question.
    #[cold]
    pub(super) fn text_in_doubt(&mut self, check: Check, value: usize) -> Asked {
        let key = self.property_key(value);
        let before = self.room.sites.found.len();
        let (asked, text) = (self.content(value), self.json(value));
        self.told_at_site(Doubted::Value, check, asked, text, Reason::Code, value)?;
        if self.room.sites.found.len() > before {
            self.room.sites.faults.push((value, key));
        }
        Ok(())
    }

    /// The key of a value, or of the array that it is an item of.
    fn property_key(&self, value: usize) -> Key {
        let tape = &self.room.tape;
        let is_open = |&at: &usize| {
            let entry = tape.at(at);
            entry.form == Form::Array && entry.start == entry.end
        };
        match tape.at(value).key {
            NO_KEY => (0..value)
                .rev()
                .find(is_open)
                .map_or(NO_KEY, |at| tape.at(at).key),
            key => key,
        }
    }

    /// Whether a value holds one that is at fault.
    #[inline]
    pub(crate) fn holds_a_fault(&self, value: usize) -> bool {
        self.by_site && self.has_fault(value)
    }

    #[cold]
    fn has_fault(&self, value: usize) -> bool {
        self.room.sites.has_fault(&self.room.tape, value, |_| true)
    }

    /// Whether something else than a text stands in a Coding, or in one of a concept, where a
    /// question about codes wants a text.
    pub(super) fn holds_no_text(&self, value: usize) -> bool {
        let (tape, sites, known) = (&self.room.tape, &self.room.sites, &self.table.known.codes);
        let inside = value..tape.at(value).next as usize;
        sites.faults.iter().any(|&(at, key)| {
            inside.contains(&at)
                && tape.at(at).form == Form::Null
                && [known.coding, known.system, known.code].contains(&key)
        })
    }

    /// Whether an id is at fault that links of a narrative may lead to.
    pub(super) fn links_to_a_fault(&self) -> bool {
        let id = self.table.known.walk.id;
        self.room.anchors.has_links() && self.room.sites.faults.iter().any(|&(_, key)| key == id)
    }

    /// Lay the profiles that a resource claims over it.
    pub(super) fn claims_in_doubt(&mut self, node: &'a Node, resource: usize) -> Asked {
        let (tape, known) = (&self.room.tape, &self.table.known.claimed_profiles);
        let Some(meta) = tape.member(resource, known.meta) else {
            return Ok(());
        };
        if node.profile == NO_CHECK {
            return Ok(());
        }
        let profiles = tape.member(meta, known.profile);
        if tape.at(meta).form != Form::Object || (profiles.is_some() && self.place.is_contained) {
            return Err(Reason::Profile);
        }
        let Some(profiles) = profiles else {
            return Ok(());
        };
        let text = self.json(profiles);
        if text.len() > LONGEST_QUESTION {
            return Err(Reason::Profile);
        }
        let frame = self.open(CLAIMS, resource, text)?;
        let is_odd = self.room.sites.is_odd(&self.room.tape, resource);
        self.frame = frame;
        if is_odd || self.claimed_profiles(node, resource, None).is_err() {
            self.room.sites.frames.fail(frame);
        }
        self.frame = NO_FRAME;
        self.overlays = 0;
        self.room.sites.laying.clear();
        self.note_harmless(Doubted::Rebound, NO_CHECK, text, resource)
    }

    /// Open a frame, and note what is to be run where it fails.
    fn open(&mut self, overlay: u32, object: usize, text: &[u8]) -> Asked<FrameNumber> {
        let outer = self.frame;
        self.frame = self
            .room
            .sites
            .frames
            .open(outer, object)
            .ok_or(Reason::Limit)?;
        let doubted = match overlay {
            CLAIMS => Doubted::Claims,
            _ => Doubted::Profile,
        };
        let noted = self.note(doubted, overlay, text, object);
        let opened = std::mem::replace(&mut self.frame, outer);
        noted.map(|()| opened)
    }

    /// Lay a profile over something inside what is claimed, in a frame of its own.
    #[cold]
    pub(super) fn lay_in_frame(&mut self, number: u32, object: usize) -> Asked {
        let frame = self.open(number, object, b"")?;
        let (outer, overlays) = (self.frame, self.overlays);
        let (resource, place) = (self.resource, self.place);
        let laying = self.room.sites.laying.len();
        let part = self.room.sites.part.take();
        self.frame = frame;
        self.room.sites.laying.push(number);
        if self.lay(number, object).is_err() {
            self.room.sites.frames.fail(frame);
        }
        (self.frame, self.overlays) = (outer, overlays);
        (self.resource, self.place) = (resource, place);
        self.room.sites.part = part;
        self.room.sites.laying.truncate(laying);
        Ok(())
    }

    /// Whether what a frame is about is laid over an object itself.
    pub(super) fn is_laid_over(&self, frame: FrameNumber, object: usize) -> bool {
        let frame = self.room.sites.frames.get(frame);
        frame.is_some_and(|frame| frame.object == object)
    }

    /// Lay the parts of an overlay. Where a part of a profile is in doubt, the profile's frame
    /// fails as little as that part.
    pub(super) fn parts(&mut self, number: u32, overlay: &'a Overlay, object: usize) -> Asked {
        let own = overlay.own_checks.min(overlay.checks.len());
        let is_apart = overlay.is_profile
            && self.room.sites.laying.last() == Some(&number)
            && self.is_laid_over(self.frame, object)
            && !overlay.checks[..own]
                .iter()
                .any(|check| matches!(check, ValueCheck::Overlay(_)));
        for (at, check) in overlay.checks.iter().enumerate() {
            match is_apart && at < own {
                true => self.lay_part(at as u32, object, |walk| walk.check(check, object))?,
                false => self.check(check, object)?,
            }
        }
        let members = Members::of(&self.room.tape, object);
        for (at, group) in overlay.groups.iter().enumerate() {
            let part = OF_MEMBERS | at as u32;
            match is_apart {
                true => self.lay_part(part, object, |walk| walk.group(group, &members, object))?,
                false => self.group(group, &members, object)?,
            }
        }
        Ok(())
    }

    /// Lay one part of a profile; where it is in doubt, what was told of it is dropped, and it is
    /// run in its place.
    fn lay_part(
        &mut self,
        number: u32,
        object: usize,
        lay: impl FnOnce(&mut Self) -> Asked,
    ) -> Asked {
        let order = self.room.sites.next_order();
        let part = Part { number, order };
        let outer = self.room.sites.part.replace(part);
        let before = (self.frame, self.overlays, self.resource, self.place);
        let sites = &self.room.sites;
        let (found, laying) = (sites.found.len(), sites.laying.len());
        let laid = lay(self);
        self.room.sites.part = outer;
        if laid.is_err() && !self.pending {
            (self.frame, self.overlays, self.resource, self.place) = before;
            self.room.sites.found.truncate(found);
            self.room.sites.laying.truncate(laying);
            let said = self.saying();
            self.part_in_doubt(
                object,
                Saying {
                    part: Some(part),
                    ..said
                },
            );
            return Ok(());
        }
        laid
    }

    /// A reference to another resource of the line is in doubt.
    #[cold]
    pub(crate) fn mention_in_doubt(&mut self, mention: &Mention<'a>, reason: Reason) -> Asked {
        match mention.said.frame {
            FOLLOWED => self.room.sites.doubted.push(mention.place.container),
            NO_FRAME => {
                self.place = mention.place;
                if mention.reference.starts_with(b"#") {
                    self.rule_in_doubt(mention.value, reason)?; // ref-1
                }
                return self.placed(mention.value, reason);
            }
            _ => self.said_in_doubt(
                Doubted::Reference,
                mention.check,
                b"",
                mention.value,
                mention.said,
            ),
        }
        Ok(())
    }

    /// What profiles say now, to be told later.
    #[inline]
    pub(crate) fn saying(&mut self) -> Saying {
        if self.frame == NO_FRAME {
            return Saying::OF_TYPE;
        }
        let (frame, sites) = (self.frame, &mut self.room.sites);
        let laid = (sites.laying.len() as u32, sites.laid.len() as u32);
        sites.laid.extend_from_slice(&sites.laying);
        Saying {
            frame,
            laid,
            order: sites.next_order(),
            part: sites.part,
        }
    }

    /// Note that something a profile says is in doubt, which is run where it stands; where there is
    /// no room for that, its frame fails.
    fn said_in_doubt(
        &mut self,
        doubted: Doubted,
        check: Check,
        text: &[u8],
        value: usize,
        said: Saying,
    ) {
        let sites = &mut self.room.sites;
        if check == NO_CHECK || said.laid.0 == 0 || sites.found.len() >= MOST_SITES {
            return sites.frames.fail(said.frame);
        }
        let is_there = sites.found.iter().any(|site| {
            (site.doubted, site.check, site.at) == (doubted, check, value)
                && (site.frame, site.order) == (said.frame, said.order)
        });
        if is_there {
            return;
        }
        let (count, first) = (said.laid.0 as usize, said.laid.1 as usize);
        let start = sites.texts.len();
        sites.texts.extend_from_slice(text);
        sites.found.push(Site {
            doubted,
            check,
            text: start..sites.texts.len(),
            at: value,
            rank: (0, 0),
            order: said.order,
            frame: said.frame,
            laid: first..first + count,
            may_fail: true,
        });
    }

    /// Note that a part of what the innermost profile says of the object that it is laid over is in
    /// doubt.
    pub(super) fn part_in_doubt(&mut self, object: usize, said: Saying) {
        let (sites, (count, first)) = (&mut self.room.sites, said.laid);
        let profile = count
            .checked_sub(1)
            .and_then(|last| sites.laid.get((first + last) as usize));
        let (
            Some(&number),
            Some(Part {
                number: part,
                order,
            }),
        ) = (profile, said.part)
        else {
            return sites.frames.fail(said.frame);
        };
        let text = part.to_ne_bytes();
        self.said_in_doubt(
            Doubted::Part,
            number,
            &text,
            object,
            Saying { order, ..said },
        );
    }

    /// Lay a profile over what a reference leads to, which has to be in order.
    pub(crate) fn follow_by_site(
        &mut self,
        mention: &Mention<'a>,
        overlay: u32,
        target: usize,
        place: Place,
    ) -> Asked {
        let leaning = Leaning {
            value: mention.value,
            check: mention.check,
            overlay,
            said: mention.said,
            is_contained: mention.place.is_contained,
            from: mention.place.container,
            target: place.container,
            to_contained: place.is_contained,
            sliced: None,
        };
        self.room.sites.leanings.push(leaning);
        let followed = self.follow(overlay, target, place);
        followed.or_else(|reason| match leaning.said.frame {
            NO_FRAME => Err(reason),
            _ => self.leaning_in_doubt(&leaning),
        })
    }

    /// What a reference leans on is in doubt.
    #[cold]
    fn leaning_in_doubt(&mut self, leaning: &Leaning) -> Asked {
        match leaning.said.frame {
            FOLLOWED => self.room.sites.doubted.push(leaning.from),
            NO_FRAME => {
                self.place.is_contained = leaning.is_contained;
                return self.placed(leaning.value, Reason::Profile);
            }
            _ if leaning.sliced.is_some() => {
                let object = leaning.sliced.unwrap_or_default();
                self.slices_in_doubt(object, leaning.from, leaning.said);
            }
            _ => {
                let (check, value, said) = (leaning.check, leaning.value, leaning.said);
                let mut text = leaning.overlay.to_ne_bytes().to_vec();
                text.extend((leaning.target as u32).to_ne_bytes());
                let overlay = self.table.overlay_at(leaning.overlay);
                match overlay.is_some_and(|one| one.is_profile) && !leaning.to_contained {
                    true => self.said_in_doubt(Doubted::Leaning, check, &text, value, said),
                    false => self.said_in_doubt(Doubted::Reference, check, b"", value, said),
                }
            }
        }
        Ok(())
    }

    /// Links of narratives lead nowhere: a rule of the line's own resource, wherever they stand.
    /// Where nothing else is in doubt of its rules, each link is told.
    #[cold]
    pub(super) fn links_in_doubt(&mut self) -> Asked {
        self.place = Place::default();
        let sites = &self.room.sites;
        let is_in_doubt = sites.found.iter().any(|site| {
            let text = &sites.texts[site.text.clone()];
            match site.doubted {
                Doubted::Rules | Doubted::Missing => site.at == 0,
                // what narratives hold may be led to, wherever they stand
                Doubted::Value => {
                    memchr::memchr(b'\\', text).is_some()
                        || memchr::memmem::find(text, b"\"div\"").is_some()
                }
                _ => false,
            }
        });
        let astray = self.astray_for_certain().filter(|_| !is_in_doubt);
        let Some(astray) = astray.filter(|links| !links.is_empty()) else {
            return self.rule_in_doubt(0, Reason::Narrative);
        };
        for (div, target) in astray {
            self.note(Doubted::Link, NO_CHECK, &target, div)?;
        }
        Ok(())
    }

    /// A condition that a profile states certainly fails: what is said of that is told without a
    /// look at the object.
    pub(super) fn broken(&mut self, check: Check, object: usize) -> Asked {
        let reason = Reason::Invariant;
        if !self.by_site || self.frame >= FOLLOWED {
            return Err(reason);
        }
        self.told_at_site(Doubted::Answer, check, b"", b"", reason, object)
    }

    /// A condition on more than its object is in doubt, or certainly fails.
    #[cold]
    pub(super) fn later_in_doubt(&mut self, later: &Later<'a>, fails: bool) -> Asked {
        match later.said.frame {
            NO_FRAME if later.is_of_property => Err(Reason::Invariant),
            NO_FRAME => self.rule_in_doubt(later.object, Reason::Invariant),
            FOLLOWED => {
                let sites = &mut self.room.sites;
                let resource = sites.resource_of(later.object, &self.room.tape);
                sites.doubted.push(resource);
                Ok(())
            }
            _ if fails && self.is_told_broken(later) => Ok(()),
            frame => {
                match self.is_laid_over(frame, later.object) {
                    true => self.part_in_doubt(later.object, later.said),
                    false => self.room.sites.frames.fail(frame),
                }
                Ok(())
            }
        }
    }

    /// Tell what is said where such a condition certainly fails; false where that is not known.
    fn is_told_broken(&mut self, later: &Later<'a>) -> bool {
        let (check, before) = (later.broken, self.room.sites.found.len());
        match self.memo.get(check, b"") {
            _ if check == NO_CHECK => return false,
            Some(Answer {
                undecided: 0,
                value,
            }) => return value != 0,
            None if self.in_bundle() => {
                self.questions.add(check, b"");
                self.pending = true;
            }
            answer => {
                self.said_in_doubt(Doubted::Answer, check, b"", later.object, later.said);
                if let Some(site) = self.room.sites.found.get_mut(before) {
                    site.may_fail = answer.is_none_or(|answer| answer.value == 0);
                }
            }
        }
        true
    }

    /// Doubt whatever leans on a resource in doubt.
    pub(super) fn spread_by_site(&mut self) -> Asked {
        let mut leanings = std::mem::take(&mut self.room.sites.leanings);
        if leanings.is_empty() {
            return Ok(());
        }
        loop {
            let doubted = self.room.sites.in_doubt(&self.room.tape);
            let before = leanings.len();
            let mut left = Vec::new();
            for leaning in leanings {
                if !doubted.contains(&leaning.target) {
                    left.push(leaning);
                    continue;
                }
                self.room.sites.doubted.push(leaning.from);
                self.leaning_in_doubt(&leaning)?;
            }
            leanings = left;
            if leanings.len() == before {
                return Ok(());
            }
        }
    }

    /// Whether a profile around what is looked at has failed.
    pub(crate) fn is_dropped(&self, frame: FrameNumber) -> bool {
        self.by_site && self.room.sites.frames.is_dropped(frame)
    }

    /// Whether rules on the Bundle may read what is not on the tape: a value of another form than
    /// its property's, or the sections of a MessageHeader, which has none.
    ///
    /// with_links: whether they read all that entries may refer to others by
    #[cold]
    pub(crate) fn is_hidden_from_bundle(&self, with_links: bool) -> bool {
        let (tape, sites, known) = (&self.room.tape, &self.room.sites, &self.table.known.bundle);
        let read = [
            known.kind,
            known.link,
            known.relation,
            known.url,
            known.entry,
            known.full_url,
            known.search,
            known.mode,
            known.resource,
            known.meta,
            known.version_id,
        ];
        let holds_text = |at: usize| {
            let value = tape.at(at);
            self.lexer.bytes[value.start as usize..value.end as usize].contains(&b'"')
        };
        let mut misread = sites
            .faults
            .iter()
            .filter(|&&(at, _)| tape.at(at).form == Form::Null);
        let mut unknown = sites
            .found
            .iter()
            .filter(|site| site.doubted == Doubted::Name);
        misread.any(|&(at, key)| read.contains(&key) || (with_links && holds_text(at)))
            || with_links
                && unknown.any(|site| sites.texts[site.text.clone()].starts_with(b"\"section\""))
    }

    /// Note that rules on the Bundle, which tell what its entries are to one another, are in doubt.
    pub(crate) fn bundle_in_doubt(&mut self, reason: Reason) -> Asked {
        if !self.in_bundle() {
            return Err(reason);
        }
        self.place = Place::default();
        self.rule_in_doubt(0, reason)
    }
}
