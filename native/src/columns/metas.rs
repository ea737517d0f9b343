//! Metas: where `meta` of a resource stands in its line, without the rest of the line read as JSON.
//! engine/columns/plain_metas.py says the same in Python.

use std::collections::HashMap;

use memchr::memmem::Finder;

use super::words::{words, Mismatch};

const NAME: &[u8] = b"\"meta\"";
const ESCAPE: &[u8] = b"\\u00";
/// Ends that are tried of an object.
const MOST_BRACES: usize = 32;
/// What a line's number says where it is not of a text.
const NONE: u32 = 0;
const UNCLEAR: u32 = 1;
const FIRST: u32 = 2;

/// For every line the number of its meta, as 32-bit words, and the different metas by these numbers
/// less 2: 0 is none, 1 says that the line has to be read.
pub fn metas<'a>(
    data: &'a [u8],
    starts: &[u8],
    ends: &[u8],
) -> Result<(Vec<u32>, Vec<&'a [u8]>), Mismatch> {
    let (starts, ends) = (words(starts)?, words(ends)?);
    if starts.len() != ends.len() {
        return Err("columns of different lengths");
    }
    let (name, escape) = (Finder::new(NAME), Finder::new(ESCAPE));
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    let mut texts = Vec::new();
    let mut found = Vec::with_capacity(starts.len());
    for (start, end) in starts.zip(ends) {
        let line = data
            .get(start as usize..end as usize)
            .ok_or("a line beyond the data")?;
        found.push(match meta(line, &name, &escape) {
            Ok(None) => NONE,
            Err(Unclear) => UNCLEAR,
            Ok(Some(text)) => *numbers.entry(text).or_insert_with(|| {
                texts.push(text);
                FIRST + (texts.len() - 1) as u32
            }),
        });
    }
    Ok((found, texts))
}

struct Unclear;

/// The text of the member, or of its beginning up to a brace; nothing where there is none.
fn meta<'a>(line: &'a [u8], name: &Finder, escape: &Finder) -> Result<Option<&'a [u8]>, Unclear> {
    let escaped = memchr::memchr(b'\\', line).is_some() && escape.find(line).is_some();
    let start = name.find(line);
    if escaped {
        return Err(Unclear);
    }
    let Some(start) = start else {
        return Ok(None);
    };
    let rest = &line[start + NAME.len()..];
    let value = object(rest).ok_or(Unclear)?;
    if !is_at_top(&line[..start]) || name.find(value).is_some() {
        return Err(Unclear); // of a member that comes twice the last counts
    }
    let (mut from, mut open) = (0, 0);
    for _ in 0..MOST_BRACES {
        let end = memchr::memchr(b'}', &value[from..]).ok_or(Unclear)?;
        open += count(b'{', &value[from..from + end]);
        from += end + 1;
        open -= 1;
        if open == 0 {
            return Ok(Some(&value[..from]));
        }
    }
    Err(Unclear)
}

/// What follows a member's name, from the brace of its value on.
fn object(rest: &[u8]) -> Option<&[u8]> {
    let value = unspaced(unspaced(rest).strip_prefix(b":")?);
    value.starts_with(b"{").then_some(value)
}

fn unspaced(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| b" \t\r\n".contains(byte));
    &text[spaces.count()..]
}

/// Whether what follows a resource's beginning is surely a member of its own.
fn is_at_top(head: &[u8]) -> bool {
    count(b'{', head) == 1
        && memchr::memchr2(b'[', b'\\', head).is_none()
        && count(b'"', head) % 2 == 0
}

fn count(byte: u8, text: &[u8]) -> i64 {
    memchr::memchr_iter(byte, text).count() as i64
}
