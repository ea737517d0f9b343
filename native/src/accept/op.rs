//! Conditions on objects, as the table has them, evaluated on a tape.
//!
//! A condition is true, false, or in doubt (`None`): what it would take to tell is left to the
//! explainer.

use std::cmp::Ordering;

use crate::accept::memo::{Check, Memo, Questions, LONGEST_QUESTION};
use crate::accept::projection::Projection;
use crate::accept::tape::{Entry, Form, Key, Tape};

#[derive(Debug)]
pub enum Literal {
    Boolean(bool),
    Number(f64),
    Text(Box<[u8]>),
}

#[derive(Clone, Copy, Debug)]
pub enum Sign {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
}

impl Sign {
    fn of<T: PartialOrd>(self, one: &T, other: &T) -> bool {
        match self {
            Sign::Less => one < other,
            Sign::LessOrEqual => one <= other,
            Sign::Greater => one > other,
            Sign::GreaterOrEqual => one >= other,
            Sign::Equal => one == other,
            Sign::Unequal => one != other,
        }
    }
}

#[derive(Debug)]
pub enum Op {
    Const(bool),
    And(Box<[Op]>),
    Or(Box<[Op]>),
    Not(Box<Op>),
    Has(Box<[Key]>),
    Is(Box<[Key]>, Box<[Literal]>),
    Each(Key, Box<[Literal]>),
    Number(Box<[Key]>, Sign, f64),
    Prefix(Box<[Key]>, Box<[u8]>),
    Part(Box<[Key]>, Box<[u8]>),
    /// A pattern, tried by the explainer: one question for each text.
    Match(Box<[Key]>, Check),
    Dates(Box<[Key]>, Sign, Box<[Key]>),
    Count(Box<[Box<[Key]>]>, Sign, i64),
    One(Box<[Key]>, Box<Op>),
    Some(Box<[Key]>, Box<Op>),
    /// The values of the first key, whose companion is the second, differ in all objects that the
    /// steps reach.
    Distinct(Box<[(Box<[Key]>, Op)]>, Key, Key),
    Shares(Key, Box<[Key]>),
    OnResource(Box<Op>),
    Doubt,
    /// Asked of the explainer about the whole object: 1 for true, 2 for false.
    Asked(Check),
    /// The same about some of its members.
    AskedOf(Check, Projection),
}

impl Op {
    /// Whether the whole resource has to be on the tape.
    pub fn reads_resource(&self) -> bool {
        match self {
            Op::OnResource(_) | Op::Shares(..) => true,
            Op::And(ops) | Op::Or(ops) => ops.iter().any(Op::reads_resource),
            Op::Not(op) | Op::One(_, op) | Op::Some(_, op) => op.reads_resource(),
            Op::Distinct(steps, _, _) => steps.iter().any(|(_, op)| op.reads_resource()),
            _ => false,
        }
    }
}

/// Pairs of items of two lists that are compared.
const MOST_PAIRS: usize = 4096;

pub struct Evaluation<'a, 'q> {
    pub names: &'a [Box<[u8]>],
    /// Members that tell Codings apart: code and system.
    pub apart: [Key; 2],
    pub bytes: &'a [u8],
    pub tape: &'a Tape,
    pub resource: usize,
    pub memo: &'a Memo,
    pub questions: &'q mut Questions,
    /// Set where a question was raised: the line is to be walked again.
    pub pending: &'q mut bool,
}

impl Evaluation<'_, '_> {
    pub fn holds(&mut self, op: &Op, object: usize) -> Option<bool> {
        match op {
            Op::Const(value) => Some(*value),
            Op::And(ops) => self.all(ops, object, true),
            Op::Or(ops) => self.all(ops, object, false).map(|none| !none),
            Op::Not(op) => self.holds(op, object).map(|holds| !holds),
            Op::Has(keys) => Some(self.first(object, keys).is_some()),
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
                self.answer(
                    *check,
                    &self.bytes[entry.start as usize..entry.end as usize],
                )
            }
            Op::AskedOf(check, projection) => {
                let mut text = Vec::new();
                projection.write(&mut text, self.names, self.bytes, self.tape, object);
                self.answer(*check, &text)
            }
        }
    }

    /// With `wanted` true: whether all are true. With `wanted` false: whether all are false.
    fn all(&mut self, ops: &[Op], object: usize, wanted: bool) -> Option<bool> {
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

    /// The first of the keys, in their order, that the object has.
    fn first(&self, object: usize, keys: &[Key]) -> Option<usize> {
        keys.iter().find_map(|&key| self.tape.member(object, key))
    }

    fn bytes(&self, entry: Entry) -> &[u8] {
        &self.bytes[entry.start as usize..entry.end as usize]
    }

    fn equals(&self, entry: Entry, literal: &Literal) -> Option<bool> {
        match (entry.form, literal) {
            (Form::True, Literal::Boolean(value)) => Some(*value),
            (Form::False, Literal::Boolean(value)) => Some(!*value),
            (Form::Number, Literal::Number(value)) => {
                self.value(entry).map(|found| found == *value)
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

    /// A number of so few digits that it has one value in every reader.
    fn value(&self, entry: Entry) -> Option<f64> {
        std::str::from_utf8(self.bytes(entry))
            .ok()
            .filter(|text| text.len() <= 15)
            .and_then(|text| text.parse().ok())
    }

    fn number(&self, object: usize, keys: &[Key], sign: Sign, literal: f64) -> Option<bool> {
        for &key in keys {
            if let Some(found) = self.tape.member(object, key) {
                let entry = self.tape.at(found);
                if entry.form == Form::Number {
                    return self.value(entry).map(|value| sign.of(&value, &literal));
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

    fn answer(&mut self, check: Check, text: &[u8]) -> Option<bool> {
        match self.memo.get(check, text) {
            Some(answer) if answer.value == 0 => None,
            Some(answer) => Some(answer.value == 1),
            None if text.len() > LONGEST_QUESTION => None,
            None => {
                self.questions.add(check, text);
                *self.pending = true;
                None
            }
        }
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

    fn any(&mut self, object: usize, keys: &[Key], op: &Op) -> Option<bool> {
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
        steps: &[(Box<[Key]>, Op)],
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
        steps: &[(Box<[Key]>, Op)],
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

    /// False for sure where one of the two lists is missing, or where every two Codings of them have
    /// other codes or other systems; whether objects are equal is left to the explainer.
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
                if !self.apart.iter().any(|&key| self.differ(one, other, key)) {
                    return None;
                }
            }
        }
        Some(false)
    }

    /// Whether two objects certainly have other texts under one key.
    fn differ(&self, one: usize, other: usize, key: Key) -> bool {
        let text = |object| {
            let entry = self.tape.at(self.tape.member(object, key)?);
            (entry.form == Form::Text && !entry.escaped).then(|| self.bytes(entry))
        };
        matches!((text(one), text(other)), (Some(one), Some(other)) if one != other)
    }
}

/// How two dates compare where that is easily told: of one form, both moments, or days apart.
/// Nothing where precision leaves it open.
fn order(one: &[u8], other: &[u8]) -> Option<Ordering> {
    if one.len() == other.len() && one.len() <= 10 {
        return Some(one.cmp(other));
    }
    if one.len() >= 20 && other.len() >= 20 {
        return Some(moment(one)?.cmp(&moment(other)?));
    }
    let ((first, last), (begin, end)) = (days(one)?, days(other)?);
    if last < begin {
        return Some(Ordering::Less);
    }
    (first > end).then_some(Ordering::Greater)
}

fn number(text: &[u8], from: usize, to: usize) -> Option<i64> {
    std::str::from_utf8(text.get(from..to)?).ok()?.parse().ok()
}

/// The first and the last day of a year, a month or a day; the day in UTC of a moment.
fn days(text: &[u8]) -> Option<(i64, i64)> {
    if text.len() >= 20 {
        let day = moment(text)?.0.div_euclid(24 * 60);
        return Some((day, day));
    }
    let year = number(text, 0, 4)?;
    match text.len() {
        4 => Some((day_number(year, 1, 1), day_number(year + 1, 1, 1) - 1)),
        7 => {
            let month = number(text, 5, 7)?;
            let (next_year, next) = (year + month / 12, month % 12 + 1);
            Some((
                day_number(year, month, 1),
                day_number(next_year, next, 1) - 1,
            ))
        }
        10 => {
            let day = day_number(year, number(text, 5, 7)?, number(text, 8, 10)?);
            Some((day, day))
        }
        _ => None,
    }
}

/// Days since some day before the year 1.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    // Years that start in March have their leap day at the end.
    let (year, month) = if month < 3 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 153 + 2) / 5
        + day
}

/// Minutes since the year 0 in UTC, the second, and the fraction of a second without zeros at its
/// end.
fn moment(text: &[u8]) -> Option<(i64, &[u8], &[u8])> {
    let number = |from: usize, to: usize| number(text, from, to);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !(2..9998).contains(&year) {
        return None;
    }
    let zone = match text.last()? {
        b'Z' => text.len() - 1,
        _ => text.len() - 6,
    };
    let offset = match text[zone] {
        b'Z' => 0,
        sign => {
            (number(zone + 1, zone + 3)? * 60 + number(zone + 4, zone + 6)?)
                * if sign == b'-' { -1 } else { 1 }
        }
    };
    let fraction = text.get(19..zone)?.strip_prefix(b".").unwrap_or(b"");
    let zeros = fraction.iter().rev().take_while(|&&b| b == b'0').count();
    Some((
        (day_number(year, month, day) * 24 + number(11, 13)?) * 60 + number(14, 16)? - offset,
        &text[17..19],
        &fraction[..fraction.len() - zeros],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_compare_where_their_text_tells() {
        assert_eq!(order(b"2020-01-01", b"2020-01-02"), Some(Ordering::Less));
        assert_eq!(
            order(b"2020-01-01T00:00:00Z", b"2020-01-01T00:00:00Z"),
            Some(Ordering::Equal)
        );
        assert_eq!(
            order(b"2020-01-02T00:00:00+01:00", b"2020-01-01T00:00:00+01:00"),
            Some(Ordering::Greater)
        );
        assert_eq!(
            order(b"2020-01-01T01:00:00+01:00", b"2020-01-01T00:00:00Z"),
            Some(Ordering::Equal)
        );
        assert_eq!(
            order(b"2020-02-29T23:30:00.50-01:00", b"2020-03-01T00:30:00.5Z"),
            Some(Ordering::Equal)
        );
        assert_eq!(
            order(b"2020-03-01T00:30:00.05Z", b"2020-03-01T00:30:00.5Z"),
            Some(Ordering::Less)
        );
        assert_eq!(
            order(b"2019-12-31T23:59:60Z", b"2020-01-01T00:00:00Z"),
            Some(Ordering::Less)
        );
        assert_eq!(order(b"2020-01", b"2020-02"), Some(Ordering::Less));
        for (one, other) in [
            ("2020-01", "2020-01-05"),
            ("2020", "2020-12-31"),
            ("2020-01-05", "2020-01-05T00:00:00Z"),
            ("2020-01-05", "2020-01-04T23:30:00-01:00"),
            ("2020-12", "2020-12-31T23:59:59Z"),
        ] {
            assert_eq!(
                order(one.as_bytes(), other.as_bytes()),
                None,
                "{one} {other}"
            );
        }
        for (one, other) in [
            ("2020-01-01", "2020-01-05T00:00:00Z"),
            ("2020-01-05", "2020-01-05T23:30:00-01:00"),
            ("2020-02", "2020-03-01"),
            ("2020-12", "2021-01-01T00:00:00Z"),
            ("2019", "2020-01"),
            ("0001", "0002-01-01"),
        ] {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            assert_eq!(order(one, other), Some(Ordering::Less));
            assert_eq!(order(other, one), Some(Ordering::Greater));
        }
    }
}
