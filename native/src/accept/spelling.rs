//! JSON strings by another spelling: their text without escapes, and lines without the escapes that
//! JSON does not need.
//!
//! Many writers escape what has no need of it: PHP and pandas a slash (`\/`), .NET a plus
//! (`\u002B`), Gson an equals sign (`\u003d`). Such a line says what the same line without says, so
//! that is what is walked: no rule has to know of it.

/// The character that an escape stands for where it could stand there itself, in ASCII; and how
/// many bytes the escape has. escape: the bytes from its backslash on.
#[inline]
pub fn unneeded(escape: &[u8]) -> Option<(u8, usize)> {
    match escape.get(1)? {
        b'/' => Some((b'/', 2)),
        b'u' => {
            let unit = unit(escape.get(2..6)?)?;
            let character = u8::try_from(unit).ok()?;
            let is_plain = matches!(character, 0x20..0x7f) && !matches!(character, b'"' | b'\\');
            is_plain.then_some((character, 6))
        }
        _ => None,
    }
}

/// A UTF-16 unit by its four digits.
#[inline]
pub fn unit(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |unit, &byte| {
        (byte as char).to_digit(16).map(|digit| unit * 16 + digit)
    })
}

/// Whether a line has an escape that it does not need, as far as the first one tells.
#[inline]
pub fn is_misspelled(line: &[u8]) -> bool {
    memchr::memchr(b'\\', line).is_some_and(|at| unneeded(&line[at..]).is_some())
}

/// Bytes that are copied at once: backslashes stand close to one another where there are many.
const CHUNK: usize = 16;

/// Write a line without the escapes that it does not need to a place in a room, and say where it
/// ends; what stands behind is not to be relied on. A backslash outside a string is no escape, and
/// no JSON: it stays, or becomes a slash, which is no JSON there either.
pub fn respell(line: &[u8], room: &mut Vec<u8>, start: usize) -> usize {
    if room.len() < start + line.len() {
        room.resize(start + line.len(), 0);
    }
    start + respell_into(line, &mut room[start..])
}

#[inline(never)] // so that it has all registers
fn respell_into(line: &[u8], room: &mut [u8]) -> usize {
    let (mut at, mut to) = (0, 0);
    let mut quotes = Quotes::default();
    loop {
        (at, to) = copy_to_escape(line, at, room, to);
        if at == line.len() {
            return to;
        }
        match unneeded(&line[at..]) {
            Some((character, length)) if length == 2 || quotes.are_open(line, at) => {
                room[to] = character;
                (at, to) = (at + length, to + 1);
            }
            None if is_escape(&line[at..]) => {
                let kept = &line[at..line.len().min(at + 2)];
                quotes.escaped += usize::from(kept == b"\\\"");
                room[to..to + kept.len()].copy_from_slice(kept);
                (at, to) = (at + kept.len(), to + kept.len());
            }
            // This is no JSON, and stays so: `\u0\u00300` would become an escape.
            _ => {
                let rest = &line[at..];
                room[to..to + rest.len()].copy_from_slice(rest);
                return to + rest.len();
            }
        }
    }
}

/// Whether bytes that open with a backslash open with an escape: one by a number has its four
/// digits.
fn is_escape(escape: &[u8]) -> bool {
    match escape.get(1) {
        Some(b'u') => escape.get(2..6).and_then(unit).is_some(),
        next => next.is_some(),
    }
}

/// Copy bytes, without the backslashes before slashes, up to another backslash or to the end.
#[inline(always)]
fn copy_to_escape(line: &[u8], from: usize, room: &mut [u8], into: usize) -> (usize, usize) {
    let (mut at, mut to) = (from, into);
    loop {
        let plain = match copy_near(line, at, room, to) {
            Some(plain) => plain,
            None => copy_far(&line[at..], &mut room[to..]),
        };
        (at, to) = (at + plain, to + plain);
        if line.get(at + 1) != Some(&b'/') {
            return (at, to);
        }
        at += 1;
    }
}

/// How many bytes stand before the next backslash, where that is near, and those copied.
#[inline(always)]
fn copy_near(line: &[u8], at: usize, room: &mut [u8], to: usize) -> Option<usize> {
    for offset in [0, CHUNK] {
        let chunk = line.get(at + offset..)?.first_chunk::<CHUNK>()?;
        *room.get_mut(to + offset..)?.first_chunk_mut()? = *chunk;
        if chunk.iter().fold(false, |any, &byte| any | (byte == b'\\')) {
            return Some(offset + before_backslash(chunk));
        }
    }
    None
}

/// Where the first backslash stands in bytes that have one.
#[inline(always)]
fn before_backslash(chunk: &[u8; CHUNK]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let found = |at: usize| {
        let word = chunk[at..]
            .first_chunk()
            .map_or(0, |&word| u64::from_le_bytes(word));
        let apart = word ^ (ONES * u64::from(b'\\'));
        apart.wrapping_sub(ONES) & !apart & (ONES << 7)
    };
    match found(0) {
        0 => 8 + found(8).trailing_zeros() as usize / 8,
        first => first.trailing_zeros() as usize / 8,
    }
}

/// The same wherever it is.
fn copy_far(line: &[u8], room: &mut [u8]) -> usize {
    let plain = memchr::memchr(b'\\', line).unwrap_or(line.len());
    room[..plain].copy_from_slice(&line[..plain]);
    plain
}

/// The quotes of a line up to a place, counted as far as anybody asks.
#[derive(Default)]
struct Quotes {
    counted_to: usize,
    count: usize,
    /// Those that are escaped, and are to be noted by whoever meets them.
    escaped: usize,
}

impl Quotes {
    /// Whether a string is open there.
    fn are_open(&mut self, line: &[u8], at: usize) -> bool {
        self.count += memchr::memchr_iter(b'"', &line[self.counted_to..at]).count();
        self.counted_to = at;
        (self.count - self.escaped) % 2 == 1
    }
}

/// Where some bytes of the respelled line stand in the line itself; nothing where they are spelled
/// otherwise there.
pub fn place_before(line: &[u8], (start, end): (u32, u32)) -> Option<(u32, u32)> {
    let (mut at, mut respelled) = (0usize, 0usize);
    let wanted = start as usize;
    loop {
        let next = memchr::memchr(b'\\', &line[at..]).map_or(line.len(), |found| at + found);
        if respelled + (next - at) > wanted || next == line.len() {
            let found = at + wanted - respelled;
            let last = found + (end - start) as usize;
            return (last <= next).then_some((found as u32, last as u32));
        }
        let (bytes, length) = unneeded(&line[next..]).map_or((2, 2), |(_, length)| (1, length));
        respelled += next - at + bytes;
        if respelled > wanted {
            return None;
        }
        at = line.len().min(next + length);
    }
}

/// Write the text of a string whose bytes between the quotes are given. They are a string's as the
/// lexer takes it; of others nothing is to be relied on.
pub fn unescape(inside: &[u8], into: &mut Vec<u8>) {
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        into.extend_from_slice(&rest[..at]);
        let (character, length) = character(&rest[at..]);
        let mut room = [0; 4];
        into.extend_from_slice(character.encode_utf8(&mut room).as_bytes());
        rest = &rest[rest.len().min(at + length)..];
    }
    into.extend_from_slice(rest);
}

/// The character of an escape, and how many bytes the escape has.
fn character(escape: &[u8]) -> (char, usize) {
    let unit_at = |at: usize| escape.get(at..at + 4).and_then(unit);
    let short = match escape.get(1) {
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => {
            let first = unit_at(2).unwrap_or(0xfffd);
            let pair = (0xd800..0xdc00)
                .contains(&first)
                .then(|| unit_at(8))
                .flatten()
                .filter(|second| (0xdc00..0xe000).contains(second))
                .map(|second| 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            let length = if pair.is_some() { 12 } else { 6 };
            let number = pair.unwrap_or(first);
            return (char::from_u32(number).unwrap_or('\u{fffd}'), length);
        }
        Some(&other) => char::from(other),
        None => '\u{fffd}',
    };
    (short, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelled(line: &str) -> String {
        let mut room = b"xyz".to_vec();
        let length = respell(line.as_bytes(), &mut room, 0);
        room.truncate(length);
        String::from_utf8(room).expect("a string")
    }

    #[test]
    fn escapes_without_need_go() {
        for (line, plain) in [
            (r#"{"a":"Patient\/1"}"#, r#"{"a":"Patient/1"}"#),
            (r#""\u002B\u003d\u003D""#, r#""+==""#),
            (
                r#""\\/\"\n\u0022\u005c\u00e9\u001f\u007f""#,
                r#""\\/\"\n\u0022\u005c\u00e9\u001f\u007f""#,
            ),
            (r#""\\\/""#, r#""\\/""#),
            (r#""\"\/\"":\u0020"#, r#""\"/\"":\u0020"#),
            (r#"{"a\/":\u0020"\/"}"#, r#"{"a/":\u0020"\/"}"#),
            (r#""\"#, r#""\"#),
            (r#""\u00"#, r#""\u00"#),
            (r#""\/\u064\u0065b""#, r#""/\u064\u0065b""#),
            (r#""\/\ud8\u0033d\ude00""#, r#""/\ud8\u0033d\ude00""#),
            (r#""\/\u00\/1""#, r#""/\u00\/1""#),
        ] {
            assert_eq!(respelled(line), plain);
        }
    }

    #[test]
    fn places_are_found_again() {
        let line = r#"{"a":"x\/y\n","id":"b-1","c":"\/"}"#;
        let plain = respelled(line);
        for part in ["b-1", "x", "}"] {
            let start = plain.find(part).expect("a part") as u32;
            let end = start + part.len() as u32;
            let (from, to) = place_before(line.as_bytes(), (start, end)).expect("a place");
            assert_eq!(&line[from as usize..to as usize], part);
        }
        for part in ["x/y", "/y"] {
            let start = plain.find(part).expect("a part") as u32;
            let end = start + part.len() as u32;
            assert_eq!(place_before(line.as_bytes(), (start, end)), None);
        }
    }

    #[test]
    fn strings_are_read_without_escapes() {
        let mut text = Vec::new();
        unescape(
            r#"a\"b\\c\/d\n\u00e9\ud83d\ude00\u0000"#.as_bytes(),
            &mut text,
        );
        assert_eq!(text, "a\"b\\c/d\né😀\0".as_bytes());
        for odd in [r"\", r"\u", r"\u12", r"\ud83d", r"\ud83dx"] {
            unescape(odd.as_bytes(), &mut text);
        }
    }
}
