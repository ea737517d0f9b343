//! Elements of collections, and what they read as.

use std::cmp::Ordering;

use crate::accept::dates::order;
use crate::accept::table::tags::ClassTag;
use crate::accept::tape::{Form, Key, Tape};

/// What cannot be told here.
#[derive(Debug)]
pub struct Doubt;

pub type Told<T> = Result<T, Doubt>;

/// Digits of a number that has one value in every reader.
const SURE_DIGITS: usize = 15;

/// An element of the line, or a value of FHIRPath's own.
#[derive(Clone, Debug)]
pub enum Element {
    /// A value, what stands beside it if it is a primitive, or both.
    Node {
        value: Option<usize>,
        beside: Option<usize>,
        kind: Key,
        class: ClassTag,
    },
    Text(Box<[u8]>),
    Number(f64),
    Boolean(bool),
}

/// What a value reads as.
pub enum Plain<'a> {
    /// With whether it may be a date or time.
    Text(&'a [u8], bool),
    Number(f64),
    Boolean(bool),
}

impl Element {
    pub fn node(value: usize, kind: Key, class: ClassTag) -> Element {
        Element::Node {
            value: Some(value),
            beside: None,
            kind,
            class,
        }
    }

    /// The value of an item; in doubt for objects, for what has no value, and for numbers of many
    /// digits.
    pub fn plain<'s>(&'s self, bytes: &'s [u8], tape: &Tape) -> Told<Plain<'s>> {
        let (index, class) = match self {
            Element::Text(text) => return Ok(Plain::Text(text, false)),
            Element::Number(value) => return Ok(Plain::Number(*value)),
            Element::Boolean(value) => return Ok(Plain::Boolean(*value)),
            Element::Node { value, class, .. } => (value.ok_or(Doubt)?, *class),
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
            Form::Number if text.len() <= SURE_DIGITS => std::str::from_utf8(text)
                .ok()
                .and_then(|text| text.parse().ok())
                .map(Plain::Number)
                .ok_or(Doubt),
            _ => Err(Doubt),
        }
    }

    /// Whether it counts where a boolean is wanted; nothing for a boolean without value.
    pub fn truth(&self, tape: &Tape) -> Told<Option<bool>> {
        match self {
            Element::Boolean(value) => Ok(Some(*value)),
            Element::Text(_) | Element::Number(_) => Ok(Some(true)),
            Element::Node {
                value: Some(index), ..
            } => Ok(Some(tape.at(*index).form != Form::False)),
            Element::Node { class, .. } => match class {
                ClassTag::Boolean => Ok(None),
                ClassTag::Mixed => Err(Doubt),
                _ => Ok(Some(true)),
            },
        }
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
