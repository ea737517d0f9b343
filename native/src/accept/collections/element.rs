//! Elements of collections, and what they read as.

use std::cmp::Ordering;

use crate::accept::dates::order;
use crate::accept::literal::{certain_number, Literal, SURE_DIGITS};
use crate::accept::table::tags::ClassTag;
use crate::accept::tape::{Form, Key, Tape};

/// What cannot be told here.
#[derive(Debug)]
pub struct Doubt;

pub type Told<T> = Result<T, Doubt>;

/// An element of the line, or a value of FHIRPath's own.
#[derive(Clone, Copy, Debug)]
pub enum Element<'a> {
    /// A value, what stands beside it if it is a primitive, or both.
    Node {
        value: Spot,
        beside: Spot,
        kind: Key,
        class: ClassTag,
    },
    Text(&'a [u8]),
    /// A text that was made: where it starts among those of the run, and where it ends.
    Made(u32, u32),
    Number(f64),
    Boolean(bool),
}

/// Where on the tape something stands, or that it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot(u32);

impl Spot {
    pub const NONE: Spot = Spot(u32::MAX);

    pub fn at(index: usize) -> Spot {
        Spot(index as u32)
    }

    pub fn of(index: Option<usize>) -> Spot {
        index.map_or(Spot::NONE, Spot::at)
    }

    #[inline]
    pub fn get(self) -> Option<usize> {
        (self != Spot::NONE).then_some(self.0 as usize)
    }
}

/// What a value reads as.
pub enum Plain<'a> {
    /// With whether it may be a date or time.
    Text(&'a [u8], bool),
    Number(f64),
    Boolean(bool),
}

impl<'a> Element<'a> {
    pub fn node(value: usize, kind: Key, class: ClassTag) -> Element<'a> {
        Element::Node {
            value: Spot::at(value),
            beside: Spot::NONE,
            kind,
            class,
        }
    }

    pub fn constant(literal: &'a Literal) -> Element<'a> {
        match literal {
            Literal::Boolean(value) => Element::Boolean(*value),
            Literal::Number(value) => Element::Number(*value),
            Literal::Text(text) => Element::Text(text),
        }
    }

    /// The value of an item; in doubt for objects, for what has no value, and for numbers of many
    /// digits.
    ///
    /// made: the texts that the run made
    pub fn plain<'s>(&self, bytes: &'s [u8], tape: &Tape, made: &'s [u8]) -> Told<Plain<'s>>
    where
        'a: 's,
    {
        let (index, class) = match *self {
            Element::Text(text) => return Ok(Plain::Text(text, false)),
            Element::Made(start, end) => {
                return Ok(Plain::Text(&made[start as usize..end as usize], false))
            }
            Element::Number(value) => return Ok(Plain::Number(value)),
            Element::Boolean(value) => return Ok(Plain::Boolean(value)),
            Element::Node { value, class, .. } => (value.get().ok_or(Doubt)?, class),
        };
        let entry = tape.at(index);
        let text = &bytes[entry.start as usize..entry.end as usize];
        match entry.form {
            Form::True => Ok(Plain::Boolean(true)),
            Form::False => Ok(Plain::Boolean(false)),
            Form::Text if !entry.escaped => {
                let moment = matches!(class, ClassTag::Date | ClassTag::Mixed);
                Ok(Plain::Text(text, moment))
            }
            Form::Number => certain_number(text).map(Plain::Number).ok_or(Doubt),
            _ => Err(Doubt),
        }
    }

    /// Whether it counts where a boolean is wanted; nothing for a boolean without value.
    pub fn truth(&self, tape: &Tape) -> Told<Option<bool>> {
        match self {
            Element::Boolean(value) => Ok(Some(*value)),
            Element::Text(_) | Element::Made(..) | Element::Number(_) => Ok(Some(true)),
            Element::Node { value, class, .. } => match (value.get(), class) {
                (Some(index), _) => Ok(Some(tape.at(index).form != Form::False)),
                (None, ClassTag::Boolean) => Ok(None),
                (None, ClassTag::Mixed) => Err(Doubt),
                (None, _) => Ok(Some(true)),
            },
        }
    }

    pub fn is_date(&self) -> bool {
        matches!(
            self,
            Element::Node {
                class: ClassTag::Date,
                ..
            }
        )
    }
}

/// Whether two values are equal, as far as their texts tell.
pub fn equal(one: &Plain<'_>, other: &Plain<'_>) -> Told<bool> {
    match (one, other) {
        (Plain::Text(one, moment), Plain::Text(other, other_moment)) => {
            if *moment && *other_moment {
                Err(Doubt)
            } else {
                Ok(one == other)
            }
        }
        (Plain::Number(one), Plain::Number(other)) => Ok(one == other),
        (Plain::Boolean(one), Plain::Boolean(other)) => Ok(one == other),
        _ => Err(Doubt),
    }
}

/// Which value comes first, as far as their texts tell.
pub fn compare(one: &Plain<'_>, other: &Plain<'_>, dates: bool) -> Told<Ordering> {
    match (one, other) {
        (Plain::Text(one, false), Plain::Text(other, false)) => Ok(one.cmp(other)),
        (Plain::Text(one, true), Plain::Text(other, true)) if dates => {
            order(one, other).ok_or(Doubt)
        }
        (Plain::Number(one), Plain::Number(other)) => one.partial_cmp(other).ok_or(Doubt),
        _ => Err(Doubt),
    }
}

/// A number as `toString()` has it, where it is written so.
pub fn number_text(text: &[u8]) -> Told<&[u8]> {
    let is_plain = text
        .iter()
        .all(|b| b.is_ascii_digit() || *b == b'.' || *b == b'-');
    let has_zeros = text.contains(&b'.') && text.ends_with(b"0");
    if !is_plain || has_zeros || text.len() > SURE_DIGITS || text.starts_with(b"-0") {
        return Err(Doubt);
    }
    Ok(text)
}
