//! The walk by site: what of a line that is not accepted is in doubt, value by value. The explainer
//! then looks at these places, and at nothing else of the line.
//!
//! A value that is no certain one is noted, and the walk goes on behind it. Whatever is not noted here
//! is proven as it is in a line that is accepted; a condition that reads a member at fault is in doubt
//! itself. Where a doubt is of another kind (of the text as JSON, of what is in another resource, of a
//! profile), or one place hangs on another, the line is in doubt as a whole.

use super::sites::{Doubted, Site, MOST_SITES, MOST_UNKNOWN};
use super::walker::{Asked, Walk};
use crate::accept::memo::{Answer, Check, LONGEST_QUESTION, NO_CHECK};
use crate::accept::op::Op;
use crate::accept::reason::Reason;
use crate::accept::table::{Bits, Node, NodeFlag, Property};
use crate::accept::tape::{Form, Key, NO_KEY};

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
        if self.by_site && self.overlays == 0 {
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
            }) => Err(reason),
            Some(Answer { undecided: 0, .. }) => Ok(()),
            _ => self.note(doubted, check, text, value),
        }
    }

    fn note(&mut self, doubted: Doubted, check: Check, text: &[u8], at: usize) -> Asked {
        let is_full = self.room.sites.found.len() >= MOST_SITES;
        if is_full || self.overlays > 0 {
            return Err(Reason::Limit);
        }
        let of_object = matches!(doubted, Doubted::Missing | Doubted::Rules);
        let sites = &mut self.room.sites;
        let start = sites.texts.len();
        sites.texts.extend_from_slice(text);
        sites.found.push(Site {
            doubted,
            check,
            text: start..sites.texts.len(),
            at,
            rank: (0, !of_object),
        });
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

    /// No object where one belongs. start: where the walk looked for it; whatever was wrong inside an
    /// object, the lexer stands behind its brace.
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
            || name.contains(&b'\\')
            || text.len() > LONGEST_QUESTION
            || memchr::memmem::find(text, b"\"id\"").is_some()
            || memchr::memmem::find(text, b"\"#").is_some()
        {
            return Err(Reason::UnknownName);
        }
        self.room.sites.unknown_count += 1;
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
        let text = self.json(object);
        if text.len() > LONGEST_QUESTION {
            return Err(reason);
        }
        self.note(Doubted::Rules, NO_CHECK, text, object)
    }

    /// Note that the rules on an object are in doubt where one of them may have read a value that is at
    /// fault.
    #[cold]
    pub(super) fn rules_read_a_fault(&mut self, node: &Node, object: usize) -> Asked {
        let sites = &self.room.sites;
        if sites.faults.is_empty() {
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
                .any(|(op, later)| !later && sites.has_fault(tape, object, |key| op.may_read(key)))
        };
        if is_read {
            return self.rule_in_doubt(object, Reason::Invariant);
        }
        Ok(())
    }

    /// Whether a condition that looks at the whole resource may read a value that is at fault.
    pub(super) fn reads_a_fault(&self, op: &Op) -> bool {
        let faults = &self.room.sites.faults;
        faults.iter().any(|&(_, key)| op.may_read(key))
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

    /// Whether something else than a text stands in a Coding, or in one of a concept, where a question
    /// about codes wants a text.
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

    /// A profile that a resource names may look at whatever it likes: then the line is in doubt as a
    /// whole.
    pub(super) fn claims_nothing(&self, node: &Node, resource: usize) -> Asked {
        let (tape, known) = (&self.room.tape, &self.table.known.claimed_profiles);
        let Some(meta) = tape.member(resource, known.meta) else {
            return Ok(());
        };
        let may_claim =
            tape.at(meta).form != Form::Object || tape.member(meta, known.profile).is_some();
        if node.profile != NO_CHECK && may_claim {
            return Err(Reason::Profile);
        }
        Ok(())
    }
}
