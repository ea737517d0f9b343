//! Conditions, evaluated on a tape.
//!
//! A condition is true, false, or in doubt (`None`): what it would take to tell is left to the
//! explainer.

use crate::accept::dates::order;
use crate::accept::evaluation::Evaluation;
use crate::accept::literal::{certain_number, Literal, Sign};
use crate::accept::memo::Check;
use crate::accept::op::Op;
use crate::accept::program::Run;
use crate::accept::tape::{Entry, Form, Key};

/// Pairs of items of two lists that are compared.
const MOST_PAIRS: usize = 4096;
/// Keys that are looked for one by one.
const FEW_KEYS: usize = 4;

impl<'a> Evaluation<'a, '_> {
    pub fn holds(&mut self, op: &'a Op, object: usize) -> Option<bool> {
        match op {
            Op::Const(value) => Some(*value),
            Op::And(ops) => self.all(ops, object, true),
            Op::Or(ops) => self.all(ops, object, false).map(|none| !none),
            Op::Not(op) => self.holds(op, object).map(|holds| !holds),
            Op::Has(keys) => Some(self.has(object, keys)),
            Op::Is(keys, literals) => self.is(object, keys, literals),
            Op::Each(key, literals) => self.each(object, *key, literals),
            Op::Number(keys, sign, literal) => self.number(object, keys, *sign, *literal),
            Op::Prefix(keys, text) => self.text(object, keys, |value| value.starts_with(text)),
            Op::Part(keys, text) => self.text(object, keys, |value| {
                memchr::memmem::find(value, text).is_some()
            }),
            Op::Match(keys, check) => self.matches(object, keys, *check),
            Op::Dates(left, sign, right) => self.dates(object, left, *sign, right),
            Op::Count(groups, sign, number) => Some(sign.of(
                &groups.iter().map(|keys| self.most(object, keys)).sum(),
                number,
            )),
            Op::One(keys, op) => match self.first(object, keys) {
                Some(found) if self.tape.at(found).form == Form::Object => self.holds(op, found),
                _ => Some(false),
            },
            Op::Some(keys, op) => self.any(object, keys, op),
            Op::Distinct(steps, key, companion) => self.distinct(object, steps, *key, *companion),
            Op::Shares(key, path) => self.shares(object, *key, path),
            Op::OnResource(op) => self.holds(op, self.resource),
            Op::Doubt => None,
            Op::Asked(check) => {
                let entry = self.tape.at(object);
                let quote = usize::from(entry.form == Form::Text);
                self.answer(
                    *check,
                    &self.bytes[entry.start as usize - quote..entry.end as usize + quote],
                )
            }
            Op::AskedOf(check, projection) => {
                let mut text = Vec::new();
                projection.write(&mut text, self.names, self.bytes, self.tape, object);
                self.answer(*check, &text)
            }
            Op::Program {
                expr,
                kind,
                class,
                otherwise,
            } => match Run::holds(self, expr, object, *kind, *class) {
                Some(holds) => Some(holds),
                None if *self.pending => None, // the line is walked again with the answer
                None => self.holds(otherwise, object),
            },
        }
    }

    /// With `wanted` true: whether all are true. With `wanted` false: whether all are false.
    fn all(&mut self, ops: &'a [Op], object: usize, wanted: bool) -> Option<bool> {
        let mut doubt = false;
        for op in ops {
            match self.holds(op, object) {
                Some(holds) if holds != wanted => return Some(false),
                None => doubt = true,
                Some(_) => {}
            }
        }
        (!doubt).then_some(true)
    }

    /// Whether the object has one of the keys. Where these are many (`value[x]`) its members are
    /// few.
    fn has(&self, object: usize, keys: &[Key]) -> bool {
        if keys.len() <= FEW_KEYS {
            return self.first(object, keys).is_some();
        }
        let mut members = self.tape.inside(object);
        members.any(|member| keys.contains(&self.tape.at(member).key))
    }

    /// The first of the keys, in their order, that the object has.
    fn first(&self, object: usize, keys: &[Key]) -> Option<usize> {
        keys.iter().find_map(|&key| self.tape.member(object, key))
    }

    fn equals(&self, entry: Entry, literal: &Literal) -> Option<bool> {
        match (entry.form, literal) {
            (Form::True, Literal::Boolean(value)) => Some(*value),
            (Form::False, Literal::Boolean(value)) => Some(!*value),
            (Form::Number, Literal::Number(value)) => {
                certain_number(self.bytes(entry)).map(|found| found == *value)
            }
            (Form::Text, Literal::Text(value)) if !entry.escaped => {
                Some(self.bytes(entry) == &**value)
            }
            (Form::Text, Literal::Text(_)) => None,
            (Form::Text, Literal::Number(_) | Literal::Boolean(_))
            | (Form::Number, Literal::Text(_)) => Some(false),
            (Form::True | Form::False, Literal::Text(_)) => Some(false),
            _ => None,
        }
    }

    fn among(&self, entry: Entry, literals: &[Literal]) -> Option<bool> {
        let mut doubt = false;
        for literal in literals {
            match self.equals(entry, literal) {
                Some(true) => return Some(true),
                None => doubt = true,
                Some(false) => {}
            }
        }
        (!doubt).then_some(false)
    }

    fn is(&self, object: usize, keys: &[Key], literals: &[Literal]) -> Option<bool> {
        let mut doubt = false;
        for &key in keys {
            match self
                .tape
                .member(object, key)
                .map(|found| self.among(self.tape.at(found), literals))
            {
                Some(Some(true)) => return Some(true),
                Some(None) => doubt = true,
                _ => {}
            }
        }
        (!doubt).then_some(false)
    }

    fn each(&self, object: usize, key: Key, literals: &[Literal]) -> Option<bool> {
        let Some(list) = self.tape.member(object, key) else {
            return Some(false);
        };
        let mut doubt = false;
        for item in self.tape.inside(list) {
            match self.among(self.tape.at(item), literals) {
                Some(false) => return Some(false),
                None => doubt = true,
                Some(true) => {}
            }
        }
        (!doubt).then_some(true)
    }

    fn number(&self, object: usize, keys: &[Key], sign: Sign, literal: f64) -> Option<bool> {
        for &key in keys {
            if let Some(found) = self.tape.member(object, key) {
                let entry = self.tape.at(found);
                if entry.form == Form::Number {
                    return certain_number(self.bytes(entry))
                        .map(|value| sign.of(&value, &literal));
                }
            }
        }
        Some(false)
    }

    fn first_text(&self, object: usize, keys: &[Key]) -> Option<Entry> {
        keys.iter().find_map(|&key| {
            self.tape
                .member(object, key)
                .map(|found| self.tape.at(found))
                .filter(|entry| entry.form == Form::Text)
        })
    }

    fn text(&self, object: usize, keys: &[Key], test: impl Fn(&[u8]) -> bool) -> Option<bool> {
        match self.first_text(object, keys) {
            None => Some(false),
            Some(entry) if entry.escaped => None,
            Some(entry) => Some(test(self.bytes(entry))),
        }
    }

    fn matches(&mut self, object: usize, keys: &[Key], check: Check) -> Option<bool> {
        let Some(entry) = self.first_text(object, keys) else {
            return Some(false);
        };
        self.answer(check, &self.bytes[entry.start as usize..entry.end as usize])
    }

    fn dates(&self, object: usize, left: &[Key], sign: Sign, right: &[Key]) -> Option<bool> {
        let (Some(one), Some(other)) = (self.first(object, left), self.first(object, right)) else {
            return Some(false);
        };
        let (one, other) = (self.tape.at(one), self.tape.at(other));
        if one.form != Form::Text || other.form != Form::Text || one.escaped || other.escaped {
            return None;
        }
        order(self.bytes(one), self.bytes(other)).map(|order| sign.of(&(order as i8), &0))
    }

    fn most(&self, object: usize, keys: &[Key]) -> i64 {
        let items = |found: usize| {
            if self.tape.at(found).form == Form::Array {
                self.tape.inside(found).count()
            } else {
                1
            }
        };
        keys.iter()
            .filter_map(|&key| self.tape.member(object, key))
            .map(items)
            .max()
            .unwrap_or(0) as i64
    }

    fn any(&mut self, object: usize, keys: &[Key], op: &'a Op) -> Option<bool> {
        let tape = self.tape;
        let mut doubt = false;
        for &key in keys {
            let Some(list) = tape.member(object, key) else {
                continue;
            };
            if tape.at(list).form != Form::Array {
                continue;
            }
            for item in tape.inside(list) {
                if tape.at(item).form == Form::Object {
                    match self.holds(op, item) {
                        Some(true) => return Some(true),
                        None => doubt = true,
                        Some(false) => {}
                    }
                }
            }
        }
        (!doubt).then_some(false)
    }

    fn distinct(
        &mut self,
        object: usize,
        steps: &'a [(Box<[Key]>, Op)],
        key: Key,
        companion: Key,
    ) -> Option<bool> {
        let mut reached = Vec::new();
        self.reach(object, steps, &mut reached)?;
        let mut seen: Vec<&[u8]> = Vec::with_capacity(reached.len());
        for found in reached {
            if self.tape.member(found, companion).is_some() {
                return None;
            }
            if let Some(value) = self.tape.member(found, key) {
                let entry = self.tape.at(value);
                if entry.escaped || entry.form != Form::Text {
                    return None;
                }
                seen.push(&self.bytes[entry.start as usize..entry.end as usize]);
            }
        }
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        Some(seen.len() == all)
    }

    /// The objects at the end of the steps; `None` where a filter on the way is in doubt.
    fn reach(
        &mut self,
        object: usize,
        steps: &'a [(Box<[Key]>, Op)],
        reached: &mut Vec<usize>,
    ) -> Option<()> {
        let Some(((keys, op), rest)) = steps.split_first() else {
            reached.push(object);
            return Some(());
        };
        let tape = self.tape;
        for &key in keys {
            let Some(found) = tape.member(object, key) else {
                continue;
            };
            let mut visit = |child: usize| -> Option<()> {
                if tape.at(child).form == Form::Object && self.holds(op, child)? {
                    self.reach(child, rest, reached)?;
                }
                Some(())
            };
            if tape.at(found).form == Form::Array {
                tape.inside(found).try_for_each(&mut visit)?;
            } else {
                visit(found)?;
            }
        }
        Some(())
    }

    /// False for sure where one of the two lists is missing, or where every two Codings of them
    /// have other codes or other systems; whether objects are equal is left to the explainer.
    fn shares(&self, object: usize, key: Key, path: &[Key]) -> Option<bool> {
        let theirs = path
            .iter()
            .try_fold(self.resource, |at, &key| self.tape.member(at, key));
        let (Some(ours), Some(theirs)) = (self.tape.member(object, key), theirs) else {
            return Some(false);
        };
        let (ours, theirs) = (self.tape.inside(ours), self.tape.inside(theirs));
        let mut left = MOST_PAIRS;
        for one in ours {
            for other in theirs.clone() {
                left = left.checked_sub(1)?;
                let codes = self.known.codes;
                if ![codes.code, codes.system]
                    .iter()
                    .any(|&key| self.differ(one, other, key))
                {
                    return None;
                }
            }
        }
        Some(false)
    }

    /// Whether two objects certainly have other texts under one key.
    fn differ(&self, one: usize, other: usize, key: Key) -> bool {
        let text = |object| self.text_of(object, key).flatten();
        matches!((text(one), text(other)), (Some(one), Some(other)) if one != other)
    }
}
