//! JSON by RFC 8259, token by token, over the bytes of one line. Strings are UTF-8, and all else is
//! ASCII.

use std::ops::Range;

use crate::accept::primitives::{every, is_plain};
use crate::accept::reason::Reason;
use crate::accept::spelling::{unit, unneeded};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

pub struct Lexer<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    /// An escape was met that the line does not need: it is to be read without. The first one is
    /// met before all else.
    pub is_misspelled: bool,
    /// Bytes without escapes: a string among them ends at the next quote. Of nearly all lines these
    /// are all.
    clean: Range<usize>,
    /// Whether the line is UTF-8 without control characters, so that escapes are all there is to
    /// see in a string; looked at when it is first asked.
    is_sound: Option<bool>,
}

/// Of more digits a reader of numbers may lose some, and a remark is made.
const SURE_DIGITS: usize = 18;

/// A string's bytes between its quotes, and whether it holds a backslash.
#[derive(Clone, Copy)]
pub struct Text {
    pub start: usize,
    pub end: usize,
    pub escaped: bool,
}

/// A number's bytes; whether it has neither fraction nor exponent; whether it is written as every
/// reader takes it: without an exponent, no negative zero, of 18 digits at the most.
#[derive(Clone, Copy)]
pub struct Digits {
    pub start: usize,
    pub end: usize,
    pub whole: bool,
    pub plain: bool,
}

impl<'a> Lexer<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let clean = escape_or_end(bytes, 0);
        Lexer {
            bytes,
            at: 0,
            is_misspelled: unneeded(&bytes[clean..]).is_some(),
            clean: 0..clean,
            is_sound: None,
        }
    }

    #[inline]
    fn is_sound(&mut self) -> bool {
        match self.is_sound {
            Some(is_sound) => is_sound,
            None => *self.is_sound.insert(is_sound(self.bytes)),
        }
    }

    /// What follows in the line up to the next escape.
    #[inline]
    pub fn plain_rest(&self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..self.clean.end);
        rest.filter(|_| self.at >= self.clean.start)
    }

    #[inline]
    pub fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    pub fn space(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    /// The next byte that is no white space, without taking it; 0 at the end.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        self.space();
        self.byte()
    }

    #[inline]
    pub fn eat(&mut self, byte: u8) -> Result<(), Reason> {
        if self.byte() != byte && self.peek() != byte {
            return Err(Reason::Json);
        }
        self.at += 1;
        Ok(())
    }

    /// After a member or item: whether another one follows, or the closing byte ends it all.
    #[inline]
    pub fn more(&mut self, close: u8) -> Result<bool, Reason> {
        let byte = self.byte();
        if byte == b',' || byte == close {
            self.at += 1;
            return Ok(byte == b',');
        }
        self.more_behind_space(close)
    }

    #[inline(never)]
    fn more_behind_space(&mut self, close: u8) -> Result<bool, Reason> {
        let byte = self.peek();
        self.at += 1;
        match byte {
            b',' => Ok(true),
            _ if byte == close => Ok(false),
            _ => Err(Reason::Json),
        }
    }

    pub fn text(&mut self) -> Result<Text, Reason> {
        match self.plain_text() {
            Some(text) => Ok(text),
            None => self.text_of_any_line(),
        }
    }

    /// A string that stands here and has no escapes, where it is ASCII without control characters,
    /// or the line is UTF-8 without them.
    #[inline]
    fn plain_text(&mut self) -> Option<Text> {
        let rest = self.plain_rest()?.strip_prefix(b"\"")?;
        let length = quote(rest)?;
        if !is_plain(&rest[..length]) && !self.is_sound() {
            return None;
        }
        let start = self.at + 1;
        self.at = start + length + 1;
        Some(Text {
            start,
            end: start + length,
            escaped: false,
        })
    }

    /// The same where strings may hold escapes, control characters and what is no UTF-8, and white
    /// space may stand before them.
    #[inline(never)]
    fn text_of_any_line(&mut self) -> Result<Text, Reason> {
        if self.peek() != b'"' {
            return Err(Reason::Form);
        }
        let start = self.at + 1;
        if !self.is_sound() {
            return self.text_in_doubt(start);
        }
        let (mut at, mut escaped) = (start, false);
        loop {
            at += memchr::memchr2(b'"', b'\\', &self.bytes[at..]).ok_or(Reason::Json)?;
            if self.bytes[at] == b'"' {
                break;
            }
            escaped = true;
            at = self.escape(at)?;
        }
        self.at = at + 1;
        if at >= self.clean.end {
            self.clean = self.at..escape_or_end(self.bytes, self.at);
        }
        Ok(Text {
            start,
            end: at,
            escaped,
        })
    }

    /// The bytes behind the quote of a string, to be read in another way: where the lexer stands
    /// before one, the line is UTF-8 without control characters, and no byte behind was read
    /// before.
    pub fn behind_quote(&mut self) -> Option<&'a [u8]> {
        let is_ahead = self.peek() == b'"' && self.at >= self.clean.start && self.is_sound();
        is_ahead.then(|| &self.bytes[self.at + 1..])
    }

    /// Take such a string, which was found to be in order, by its length.
    pub fn take_text(&mut self, length: usize) -> Text {
        let start = self.at + 1;
        let end = start + length;
        let escaped = self.clean.end < end;
        self.at = end + 1;
        if escaped {
            self.clean = self.at..escape_or_end(self.bytes, self.at);
        }
        Text {
            start,
            end,
            escaped,
        }
    }

    fn text_in_doubt(&mut self, start: usize) -> Result<Text, Reason> {
        let mut at = start;
        let mut escaped = false;
        let mut seen = 0; // every byte looked at, or-ed: whether one is no ASCII
        loop {
            while let Some(chunk) = self
                .bytes
                .get(at..)
                .and_then(|rest| rest.first_chunk::<8>())
            {
                let word = u64::from_le_bytes(*chunk);
                seen |= word;
                let found = marks(word);
                if found != 0 {
                    at += found.trailing_zeros() as usize / 8;
                    break;
                }
                at += 8;
            }
            match self.bytes.get(at) {
                None => return Err(Reason::Json),
                Some(b'"') => {
                    if seen & HIGHS != 0 && std::str::from_utf8(&self.bytes[start..at]).is_err() {
                        return Err(Reason::Json);
                    }
                    self.at = at + 1;
                    return Ok(Text {
                        start,
                        end: at,
                        escaped,
                    });
                }
                Some(b'\\') => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                Some(0..=0x1f) => return Err(Reason::Json),
                Some(&byte) => {
                    seen |= u64::from(byte);
                    at += 1;
                }
            }
        }
    }

    /// Where an escape ends. Halves of surrogate pairs are left to the explainer, and an escape
    /// that is not needed to whoever asked for the walk.
    fn escape(&mut self, at: usize) -> Result<usize, Reason> {
        if unneeded(&self.bytes[at..]).is_some() {
            self.is_misspelled = true;
            return Err(Reason::Json);
        }
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => {
                let unit = self.unit(at)?;
                match unit {
                    0xd800..=0xdbff => match self.unit(at + 6)? {
                        0xdc00..=0xdfff => Ok(at + 12),
                        _ => Err(Reason::Json),
                    },
                    0xdc00..=0xdfff => Err(Reason::Json),
                    _ => Ok(at + 6),
                }
            }
            _ => Err(Reason::Json),
        }
    }

    fn unit(&self, at: usize) -> Result<u32, Reason> {
        let six = self.bytes.get(at..at + 6).ok_or(Reason::Json)?;
        if &six[..2] != b"\\u" {
            return Err(Reason::Json);
        }
        unit(&six[2..]).ok_or(Reason::Json)
    }

    pub fn number(&mut self) -> Result<Digits, Reason> {
        self.space();
        let start = self.at;
        let byte = |at: usize| self.bytes.get(at).copied().unwrap_or(0);
        let digits = |mut at: usize| {
            while byte(at).is_ascii_digit() {
                at += 1;
            }
            at
        };
        let minus = byte(start) == b'-';
        let first = start + usize::from(minus);
        let mut at = digits(first);
        let zero = byte(first) == b'0';
        if at == first {
            return Err(if minus { Reason::Json } else { Reason::Form });
        }
        if zero && at > first + 1 {
            return Err(Reason::Json);
        }
        let (mut whole, mut plain) = (true, !(zero && minus));
        if byte(at) == b'.' {
            whole = false;
            let fraction = at + 1;
            at = digits(fraction);
            if at == fraction {
                return Err(Reason::Json);
            }
        }
        if matches!(byte(at), b'e' | b'E') {
            (whole, plain) = (false, false);
            let exponent = at + 1 + usize::from(matches!(byte(at + 1), b'+' | b'-'));
            at = digits(exponent);
            if at == exponent {
                return Err(Reason::Json);
            }
        }
        plain = plain && at - first - usize::from(!whole) <= SURE_DIGITS;
        self.at = at;
        Ok(Digits {
            start,
            end: at,
            whole,
            plain,
        })
    }

    pub fn boolean(&mut self) -> Result<bool, Reason> {
        self.space();
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"true") {
            self.at += 4;
            Ok(true)
        } else if rest.starts_with(b"false") {
            self.at += 5;
            Ok(false)
        } else {
            Err(Reason::Form)
        }
    }

    /// Where a null stands, which is taken.
    pub fn null(&mut self) -> Result<usize, Reason> {
        self.space();
        if !self.bytes[self.at..].starts_with(b"null") {
            return Err(Reason::Json);
        }
        self.at += 4;
        Ok(self.at - 4)
    }

    /// Step over a value of any kind without a look at names: only its nesting and strings are
    /// read.
    pub fn skip(&mut self) -> Result<(), Reason> {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                b'"' => {
                    self.text()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                0 | b',' | b':' | b'}' | b']' => return Err(Reason::Json),
                _ => {
                    while !matches!(
                        self.byte(),
                        0 | b','
                            | b':'
                            | b'}'
                            | b']'
                            | b'"'
                            | b'{'
                            | b'['
                            | b' '
                            | b'\t'
                            | b'\r'
                            | b'\n'
                    ) {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// Bytes of a string that are looked at eight by eight; a longer one is worth a call.
const SHORT: usize = 64;

/// Where the first backslash from there on stands, or how many bytes there are.
fn escape_or_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memchr::memchr(b'\\', rest).map_or(bytes.len(), |found| from + found)
}

/// How many bytes stand before the first quote.
#[inline(always)]
pub fn quote(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < SHORT {
        let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
            break;
        };
        // Only the quote becomes 0; what a difference borrows lies behind the first one.
        let others = u64::from_le_bytes(*chunk) ^ (ONES * b'"' as u64);
        let found = others.wrapping_sub(ONES) & !others & HIGHS;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr::memchr(b'"', &bytes[at..]).map(|found| at + found)
}

/// Whether bytes are UTF-8 without control characters.
#[inline(never)]
fn is_sound(bytes: &[u8]) -> bool {
    every(bytes, |b| b as i8 > 0x1f)
        || every(bytes, |b| b > 0x1f) && std::str::from_utf8(bytes).is_ok()
}

/// The high bit of every byte that is a quote, a backslash or a control character; bytes before the
/// first such one are clean.
#[inline]
fn marks(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    ((quote.wrapping_sub(ONES) & !quote) | (slash.wrapping_sub(ONES) & !slash) | control) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> Result<(usize, bool), Reason> {
        let mut lexer = Lexer::new(line.as_bytes());
        lexer.text().map(|t| (t.end - t.start, t.escaped))
    }

    #[test]
    fn strings_end_at_their_quote() {
        assert_eq!(text("\"abcdefghijklmnop\"x"), Ok((16, false)));
        assert_eq!(text("\"\""), Ok((0, false)));
        assert_eq!(text(r#""a\"b""#), Ok((4, true)));
        assert_eq!(text(r#""\ud83d\ude00""#), Ok((12, true)));
    }

    #[test]
    fn broken_strings_are_refused() {
        for line in [
            "\"abc",
            "\"a\nb\"",
            r#""\x""#,
            r#""\u12g4""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            "\"12345678\u{1}\"",
            r#""\"#,
        ] {
            assert!(text(line).is_err(), "{line}");
        }
    }

    #[test]
    fn strings_of_plain_lines_end_where_those_of_others_do() {
        for length in 0..80 {
            for tail in ["", " ", "                "] {
                let line = format!("\"{}\"{tail}", "a~\u{7f} ".repeat(20).split_at(length).0);
                let read = |line: &str| {
                    let mut lexer = Lexer::new(line.as_bytes());
                    let text = lexer.text().map(|t| (t.start, t.end, t.escaped));
                    (text, lexer.at)
                };
                let (text, at) = read(&line);
                assert_eq!((text, at), (Ok((1, length + 1, false)), length + 2));
                for other in ["é", "\\n", "\u{1}", "é\u{1}"] {
                    assert_eq!(read(&format!("{line}{other}")), (text, at));
                }
                assert_eq!(read(&line[..length + 1]).0, Err(Reason::Json));
            }
        }
    }

    #[test]
    fn strings_are_utf_8() {
        for (bytes, length) in [
            ("\"é\"".as_bytes(), 2),
            ("\"abcdefgh€\"        ".as_bytes(), 11),
            (&b"\"abc\"\xff\xff\xff\xff"[..], 3),
        ] {
            assert_eq!(
                Lexer::new(bytes).text().map(|text| text.end - text.start),
                Ok(length),
                "{bytes:?}"
            );
        }
        for bytes in [
            &b"\"\xff\""[..],
            b"\"\xc3\"",
            b"\"abcdefgh\xed\xa0\x80ijklmnopq\"",
            b"\"\\n\xc3\x28\"",
            b"\"1234567\x80\"        ",
        ] {
            assert!(Lexer::new(bytes).text().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn numbers_are_those_of_json() {
        let number = |line: &str| {
            let mut lexer = Lexer::new(line.as_bytes());
            lexer.number().map(|d| (d.end, d.whole, d.plain))
        };
        assert_eq!(number("-12"), Ok((3, true, true)));
        assert_eq!(number("0.10,"), Ok((4, false, true)));
        assert_eq!(number("1e5"), Ok((3, false, false)));
        assert_eq!(number("-0"), Ok((2, true, false)));
        assert_eq!(number("-94.92258199999999"), Ok((18, false, true)));
        assert_eq!(number("1.23456789012345678"), Ok((19, false, true)));
        assert_eq!(number("1.234567890123456789"), Ok((20, false, false)));
        for line in ["01", "1.", "-", "1e", ".5", "NaN", "+1"] {
            assert!(number(line).is_err(), "{line}");
        }
    }

    #[test]
    fn values_are_stepped_over() {
        for (line, end) in [
            ("{\"a\":[1,{\"b\":\"}\"}]},", 19),
            ("12,", 2),
            ("\"a\" ", 3),
            ("true}", 4),
        ] {
            let mut lexer = Lexer::new(line.as_bytes());
            assert_eq!(lexer.skip().map(|()| lexer.at), Ok(end), "{line}");
        }
    }
}
