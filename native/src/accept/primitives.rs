//! The primitive types that the table may name: what is certainly of one. `None` leaves a value to
//! the explainer.

use crate::accept::table::Primitive;

/// Bytes of a string up to which it cannot be longer than R4 allows.
const SURELY_SHORT: usize = 1 << 19;

/// Whether a string without escapes is certainly a value of the type.
#[inline(always)]
pub fn is_certainly(primitive: Primitive, text: &[u8], escaped: bool) -> bool {
    match primitive {
        Primitive::Text => !text.is_empty() && text.len() <= SURELY_SHORT,
        _ => !text.is_empty() && is_certainly_of_form(primitive, text, escaped),
    }
}

fn is_certainly_of_form(primitive: Primitive, text: &[u8], escaped: bool) -> bool {
    match primitive {
        Primitive::QuietText => text.len() <= SURELY_SHORT && is_quiet(text, escaped),
        _ if escaped => false,
        Primitive::Code => is_code(text),
        Primitive::Id => is_id(text),
        Primitive::Uri => is_uri(text),
        Primitive::Canonical => is_canonical(text),
        Primitive::Date => is_date(text),
        Primitive::DateTime => {
            if text.len() <= 10 {
                is_date(text)
            } else {
                is_moment(text)
            }
        }
        Primitive::Instant => is_moment(text),
        Primitive::Time => is_clock(text),
        Primitive::Base64 => {
            text.len() % 4 == 0
                && every(text, |b| {
                    b.is_ascii_alphanumeric() | (b == b'+') | (b == b'/') | (b == b'=')
                })
        }
        _ => false,
    }
}

/// Whether a test holds for every byte. It looks at all of them, which many at once are quicker for
/// than one by one.
#[inline]
pub fn every(text: &[u8], test: impl Fn(u8) -> bool) -> bool {
    text.iter().fold(true, |holds, &byte| holds & test(byte))
}

/// The same of a text that is short, or is soon told: 16 bytes at once, the last ones twice.
#[inline(always)]
fn each(text: &[u8], test: impl Fn(u8) -> bool) -> bool {
    let all = |bytes: &[u8; 16]| bytes.iter().fold(true, |holds, &byte| holds & test(byte));
    let Some(last) = text.last_chunk() else {
        return text.iter().all(|&byte| test(byte));
    };
    let mut rest = text;
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        if !all(chunk) {
            return false;
        }
        rest = behind;
    }
    all(last)
}

pub const LONGEST_ID: usize = 64;

pub fn is_id(text: &[u8]) -> bool {
    !text.is_empty() && text.len() <= LONGEST_ID && each(text, is_of_word)
}

/// What `not_of_words` finds, where bytes may be more than ASCII.
#[inline(always)]
fn not_of_any_word(bytes: &[u8; 8]) -> u64 {
    let word = u64::from_le_bytes(*bytes);
    not_of_words(word & !HIGHS) | word & HIGHS
}

#[inline(always)]
fn is_of_word(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    is_letter | (byte.wrapping_sub(b'-') < 13) & (byte != b'/')
}

/// The high bits of those of eight bytes of ASCII that are no letter, no digit, and no `-` or `.`.
#[inline(always)]
fn not_of_words(word: u64) -> u64 {
    let least = |word: u64, byte: u8| word + ONES * u64::from(0x80 - byte);
    let letter = word | ONES << 5;
    let is_letter = least(letter, b'a') & !least(letter, b'z' + 1);
    let is_slash = !((word ^ (ONES * u64::from(b'/'))) + ONES * 0x7f);
    let is_other = least(word, b'-') & !least(word, b'9' + 1) & !is_slash;
    !(is_letter | is_other) & HIGHS
}

/// Whether a text neither starts nor ends with white space and holds no control character: where it
/// starts or ends with anything beyond ASCII or with an escape, that is in doubt, and so it is
/// where an escape is more than a quote, a backslash, a tab or a new line.
fn is_quiet(text: &[u8], escaped: bool) -> bool {
    let seen = |byte: u8| (0x21..0x7f).contains(&byte);
    let bare = || {
        let tail = &text[text.len().saturating_sub(6)..];
        let mut at = 0;
        text[0] != b'\\'
            && !tail.contains(&b'\\')
            && std::iter::from_fn(|| {
                at += memchr::memchr(b'\\', &text[at..])? + 2;
                Some(text[at - 1])
            })
            .all(|escape| matches!(escape, b'"' | b'\\' | b't' | b'n' | b'r'))
    };
    seen(text[0]) && seen(text[text.len() - 1]) && (!escaped || bare())
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = ONES << 7;

/// The high bits of bytes of which the first is no visible ASCII; 0 where all are.
#[inline]
pub fn doubt(word: u64) -> u64 {
    // A difference or sum that reaches the next byte comes of a byte that is in doubt itself.
    (word.wrapping_sub(ONES * 0x21) | word | word.wrapping_add(ONES)) & (ONES << 7)
}

/// How many letters, digits, `-` and `.` the bytes start with, all of them ASCII; nothing where it
/// is all of them but the last few.
///
/// last: how many they were the last time, which they mostly are again, and a quote behind them
#[inline]
pub fn word(bytes: &[u8], last: &mut usize) -> Option<usize> {
    if *last >= 16 && bytes.get(*last) == Some(&b'"') && each(&bytes[..*last], is_of_word) {
        return Some(*last);
    }
    *last = word_of_any_length(bytes)?;
    Some(*last)
}

#[inline(never)]
fn word_of_any_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk::<16>() {
        if !chunk.iter().fold(true, |all, &byte| all & is_of_word(byte)) {
            break;
        }
        at += 16;
    }
    loop {
        let found = not_of_any_word(bytes.get(at..)?.first_chunk()?);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
}

/// Whether every byte is visible ASCII.
#[inline]
pub fn is_visible(text: &[u8]) -> bool {
    eight_by_eight(text, doubt, |byte| (0x21..0x7f).contains(&byte))
}

/// Whether every byte is ASCII and no control character.
#[inline]
pub fn is_plain(text: &[u8]) -> bool {
    let is_it = |byte: u8| byte as i8 > 0x1f;
    if text.len() >= 16 {
        return each(text, is_it);
    }
    let odd = |word: u64| (word.wrapping_sub(ONES * 0x20) | word) & HIGHS;
    eight_by_eight(text, odd, is_it)
}

/// Whether a test holds for every byte, told eight by eight: values are short.
///
/// doubt: 0 where it holds for all bytes of a word
#[inline(always)]
fn eight_by_eight(text: &[u8], doubt: impl Fn(u64) -> u64, test: impl Fn(u8) -> bool) -> bool {
    let mut doubts = 0;
    if let Some(last) = text.last_chunk::<8>() {
        for chunk in text.chunks_exact(8) {
            doubts |= chunk
                .first_chunk::<8>()
                .map_or(0, |chunk| doubt(u64::from_le_bytes(*chunk)));
        }
        doubts |= doubt(u64::from_le_bytes(*last));
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        doubts = doubt(u64::from(first) | u64::from(last) << 32);
    } else {
        return text.iter().all(|&byte| test(byte));
    }
    doubts == 0
}

fn is_code(text: &[u8]) -> bool {
    is_visible(text) || is_spaced_code(text)
}

fn is_spaced_code(text: &[u8]) -> bool {
    every(text, |b| (0x20..0x7f).contains(&b))
        && text[0] != b' '
        && text[text.len() - 1] != b' '
        && !text.windows(2).any(|two| two == b"  ")
}

fn is_uri(text: &[u8]) -> bool {
    if !is_visible(text) || text.starts_with(b"oid:") || text.starts_with(b"uuid:") {
        return false;
    }
    match text.strip_prefix(b"urn:") {
        None => true,
        Some(rest) => match rest.strip_prefix(b"uuid:") {
            Some(uuid) => is_uuid(uuid),
            None => !rest.starts_with(b"oid:"),
        },
    }
}

fn is_canonical(text: &[u8]) -> bool {
    (text.starts_with(b"http://") || text.starts_with(b"https://"))
        && text.len() > 8
        && is_uri(text)
}

pub fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// Eight bytes of a date or time, each of which is a digit or a mark between digits.
struct Form {
    text: u64,
    /// What may be added to the distance of each byte from that of the text, and not more.
    room: u64,
    /// The same for the numbers that pairs of digits make, where the first of a pair stands, in
    /// what is usual; and what lifts them over their least.
    above: u64,
    below: u64,
}

/// usual: where pairs of digits stand, with the least and the most that they make
const fn form(text: [u8; 8], usual: &[(usize, u8, u8)]) -> Form {
    let mut room = [0x7f; 8];
    let mut at = 0;
    while at < 8 {
        if text[at] == b'0' {
            room[at] = 0x7f - 9;
        }
        at += 1;
    }
    let (mut above, mut below) = ([0; 8], [0x80; 8]);
    let mut number = 0;
    while number < usual.len() {
        let (at, least, most) = usual[number];
        above[at] = 0x7f - most;
        below[at] = 0x80 - least;
        number += 1;
    }
    Form {
        text: u64::from_le_bytes(text),
        room: u64::from_le_bytes(room),
        above: u64::from_le_bytes(above),
        below: u64::from_le_bytes(below),
    }
}

const YEAR_MONTH: Form = form(*b"0000-00-", &[(5, 1, 12)]);
const DAY_HOUR_MINUTE: Form = form(*b"00T00:00", &[]);
const DAY: Form = form(*b"00T\0\0\0\0\0", &[(0, 1, 28)]);
const CLOCK: Form = form(*b"00:00:00", &[(0, 0, 23), (3, 0, 59), (6, 0, 60)]);
/// A second, a zone's sign, and its hours and minutes.
const ZONE: Form = form(*b"00-00:00", &[(3, 0, 13), (6, 0, 59)]);

impl Form {
    /// The digits of a text of this form, each in its byte.
    #[inline]
    fn digits(&self, text: &[u8; 8]) -> Option<u64> {
        let apart = u64::from_le_bytes(*text) ^ self.text;
        let is_other = (((apart & !HIGHS) + self.room) | apart) & HIGHS;
        (is_other == 0).then_some(apart)
    }

    /// Whether a text is of this form, and its pairs of digits make what is usual.
    #[inline]
    fn in_usual_range(&self, text: u64) -> bool {
        let apart = text ^ self.text;
        let is_other = ((apart & !HIGHS) + self.room) | apart;
        let digits = apart & (ONES * 0xf);
        // two digits make 99 at the most, so that then no sum reaches the next byte
        let pairs = (digits * 10).wrapping_add(digits >> 8);
        let is_unusual = pairs.wrapping_add(self.above) | !pairs.wrapping_add(self.below);
        (is_other | is_unusual) & HIGHS == 0
    }
}

/// The number that two digits make, the first of which stands in a byte.
#[inline]
fn two(digits: u64, at: u32) -> u32 {
    let digit = |at: u32| (digits >> (8 * at)) as u32 & 0xf;
    digit(at) * 10 + digit(at + 1)
}

fn is_date(text: &[u8]) -> bool {
    let mut padded = *b"0001-01-";
    let rest = match (text.len(), text.first_chunk()) {
        (10, Some(first)) => {
            padded = *first;
            &text[8..]
        }
        (4 | 7, _) => {
            padded[..text.len()].copy_from_slice(text);
            b"01"
        }
        _ => return false,
    };
    let Some(digits) = YEAR_MONTH.digits(&padded) else {
        return false;
    };
    let (one, other) = (rest[0].wrapping_sub(b'0'), rest[1].wrapping_sub(b'0'));
    one <= 9 && other <= 9 && is_day(digits, u32::from(one) * 10 + u32::from(other))
}

/// Whether there is such a day. digits: those of `YEAR_MONTH`.
#[inline]
fn is_day(digits: u64, day: u32) -> bool {
    let month = two(digits, 5);
    let is_plain = (1..=28).contains(&day) && (1..=12).contains(&month);
    digits as u32 != 0 && (is_plain || is_late_day(digits, month, day))
}

#[inline(never)]
fn is_late_day(digits: u64, month: u32, day: u32) -> bool {
    let year = two(digits, 0) * 100 + two(digits, 2);
    (1..=12).contains(&month) && (1..=days(year, month)).contains(&day)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_clock(text: &[u8]) -> bool {
    let digits = text.try_into().ok().and_then(|text| CLOCK.digits(text));
    digits.is_some_and(is_on_clock)
}

/// Whether there is such a time of the day. digits: those of `CLOCK`.
#[inline]
fn is_on_clock(digits: u64) -> bool {
    two(digits, 0) < 24 && two(digits, 3) < 60 && two(digits, 6) <= 60
}

/// Whether a text of 25 bytes is a moment as most are: with a zone, and a day that every month has.
pub fn is_usual_moment(text: &[u8; 25]) -> bool {
    let word = |at: usize| {
        text[at..]
            .first_chunk()
            .map_or(0, |&w| u64::from_le_bytes(w))
    };
    let (date, clock, mut zone) = (word(0), word(11), word(17));
    let day = u64::from(text[8]) | u64::from(text[9]) << 8 | u64::from(text[10]) << 16;
    if text[19] == b'+' {
        zone ^= u64::from(b'+' ^ b'-') << 16;
    }
    let months = YEAR_MONTH.in_usual_range(date);
    let days = DAY.in_usual_range(day);
    let times = CLOCK.in_usual_range(clock) & ZONE.in_usual_range(zone);
    months & days & times && date as u32 != YEAR_MONTH.text as u32
}

fn is_moment(text: &[u8]) -> bool {
    if text.first_chunk().is_some_and(is_usual_moment) && text.len() == 25 {
        return true;
    }
    let Some((head, mut zone)) = text.split_first_chunk::<19>() else {
        return false;
    };
    let digits = |form: &Form, at: usize| form.digits(head[at..].first_chunk()?);
    let (date, minute) = (digits(&YEAR_MONTH, 0), digits(&DAY_HOUR_MINUTE, 8));
    let (Some(date), Some(minute), Some(clock)) = (date, minute, digits(&CLOCK, 11)) else {
        return false;
    };
    if !is_on_clock(clock) || !is_day(date, two(minute, 0)) {
        return false;
    }
    if zone.first() == Some(&b'.') {
        let digits = zone[1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        zone = &zone[1 + digits..];
    }
    match zone {
        [b'Z'] => true,
        [b'+' | b'-', rest @ ..] => is_zone(rest),
        _ => false,
    }
}

/// Whether a text is hours and minutes of a zone.
fn is_zone(text: &[u8]) -> bool {
    let &[a, b, b':', c, d] = text else {
        return false;
    };
    let digits = CLOCK.digits(&[a, b, b':', c, d, b':', b'0', b'0']);
    digits.is_some_and(|digits| {
        let (hours, minutes) = (two(digits, 0), two(digits, 3));
        minutes < 60 && (hours < 14 || (hours, minutes) == (14, 0))
    })
}

/// Whether a whole number is certainly in the range of its type.
pub fn is_whole(primitive: Primitive, digits: &[u8]) -> bool {
    let (is_negative, digits) = match digits {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, digits),
    };
    if digits.is_empty() || digits.len() > 10 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let value = (digits.iter()).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    let value = if is_negative { -value } else { value };
    let least = match primitive {
        Primitive::Integer => i64::from(i32::MIN),
        Primitive::Positive => 1,
        _ => 0,
    };
    (least..=i64::from(i32::MAX)).contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure(primitive: Primitive, text: &str) -> bool {
        is_certainly(primitive, text.as_bytes(), false)
    }

    #[test]
    fn words_are_told_wherever_they_end() {
        for length in 0..30 {
            for byte in 0..=255 {
                let mut text = "aZ09-.zA".repeat(4).into_bytes();
                text[length] = byte;
                let is_it = is_of_word(byte);
                assert_eq!(is_id(&text), is_it, "{byte} at {length}");
                assert_eq!(is_id(&text[..length + 1]), is_it, "{byte} at {length}");
                text.extend_from_slice(b"\"       ");
                let wanted = if is_it { 32 } else { length };
                if byte < 0x80 {
                    for last in [0, 16, 31, 32, 33, 64] {
                        let word = |text: &[u8]| word(text, &mut { last });
                        assert_eq!(word(&text), Some(wanted), "{byte} at {length}");
                        assert_eq!(word(&text[..length]), None);
                    }
                }
            }
        }
        assert!(!is_id(b"") && is_id(&[b'a'; 64]) && !is_id(&[b'a'; 65]));
    }

    #[test]
    fn any_byte_breaks_what_holds_it() {
        let texts = [
            (Primitive::Date, "2020-02-28"),
            (Primitive::Date, "1999-12"),
            (Primitive::Date, "1999"),
            (Primitive::Time, "23:59:60"),
            (Primitive::Instant, "2020-02-28T23:59:09.1+13:59"),
            (Primitive::Instant, "2020-02-28T23:59:09+13:59"),
            (Primitive::Instant, "2020-02-28T23:59:09Z"),
        ];
        for (primitive, text) in texts {
            for at in 0..text.len() {
                for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
                    let mut other = text.as_bytes().to_vec();
                    other[at] = byte;
                    let is_it = byte == text.as_bytes()[at]
                        || matches!((&other[at..], byte), ([_, rest @ ..], b'-') if rest == b"13:59");
                    assert_eq!(is_certainly(primitive, &other, false), is_it, "{other:?}");
                }
            }
        }
    }

    #[test]
    fn usual_moments_are_moments() {
        let usual = *b"2011-05-03T10:22:33-04:00";
        let pairs = [
            (5, 1..13),
            (8, 1..29),
            (11, 0..24),
            (14, 0..60),
            (17, 0..61),
            (20, 0..14),
            (23, 0..60),
        ];
        for (at, numbers) in pairs {
            for number in 0..100 {
                let mut text = usual;
                text[at..at + 2].copy_from_slice(format!("{number:02}").as_bytes());
                assert_eq!(
                    is_usual_moment(&text),
                    numbers.contains(&number),
                    "{at} {number}"
                );
            }
        }
        for (year, is_it) in [(b"0000", false), (b"0001", true), (b"9999", true)] {
            let mut text = usual;
            text[..4].copy_from_slice(year);
            assert_eq!(is_usual_moment(&text), is_it);
        }
        for at in 0..25 {
            for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
                let mut text = usual;
                text[at] = byte;
                let is_it = byte == usual[at] || at == 19 && byte == b'+';
                assert_eq!(is_usual_moment(&text), is_it, "{at} {byte}");
            }
        }
    }

    #[test]
    fn texts_without_control_characters_are_plain() {
        for length in 0..50 {
            for at in 0..length {
                for byte in 0..=255 {
                    let mut text = vec![b'x'; length];
                    text[at] = byte;
                    assert_eq!(is_plain(&text), (0x20..0x80).contains(&byte), "{byte} {at}");
                }
            }
        }
    }

    #[test]
    fn dates_are_in_the_calendar() {
        for text in ["2020", "2020-02", "2020-02-29", "2000-02-29"] {
            assert!(sure(Primitive::Date, text), "{text}");
        }
        for text in [
            "0000",
            "2020-13",
            "2019-02-29",
            "1900-02-29",
            "2020-1-1",
            "20",
            "2020-02-29T00:00:00Z",
            "202a",
            "",
        ] {
            assert!(!sure(Primitive::Date, text), "{text}");
        }
    }

    #[test]
    fn moments_have_a_zone() {
        for text in [
            "2020-02-29T10:00:00Z",
            "2020-02-29T23:59:60.123+14:00",
            "2020-02-29T10:00:00-05:30",
        ] {
            assert!(
                sure(Primitive::Instant, text) && sure(Primitive::DateTime, text),
                "{text}"
            );
        }
        for text in [
            "2020-02-29T10:00:00",
            "2020-02-29T24:00:00Z",
            "2020-02-29T10:00:00.Z",
            "2020-02-29T10:00:00+14:01",
            "2020-02-29T10:00Z",
            "2020-02-29T10:00:00Z\n",
        ] {
            assert!(
                !sure(Primitive::Instant, text) && !sure(Primitive::DateTime, text),
                "{text}"
            );
        }
    }

    #[test]
    fn uris_with_doubts_are_left() {
        for text in [
            "http://a/b",
            "Patient/1",
            "urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d",
            "urn:ietf:rfc:3986",
            "#a",
        ] {
            assert!(sure(Primitive::Uri, text), "{text}");
        }
        for text in [
            "a b",
            "urn:uuid:3FDC72F4-a11d-4a9d-9260-a9f745779e1d",
            "urn:oid:1.2",
            "oid:1.2",
            "é",
            " a",
        ] {
            assert!(!sure(Primitive::Uri, text), "{text}");
        }
        assert!(!sure(Primitive::Canonical, "Patient/1"));
    }

    #[test]
    fn visible_ascii_is_told_wherever_it_stands() {
        for length in 0..20 {
            for byte in 0..=255 {
                for at in 0..length {
                    for other in [b'!', b'a', b'~'] {
                        let mut text = vec![other; length];
                        text[at] = byte;
                        assert_eq!(is_visible(&text), (0x21..0x7f).contains(&byte), "{text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn codes_have_single_spaces_inside() {
        assert!(sure(Primitive::Code, "a b"));
        for text in [" a", "a ", "a  b", "a\tb", "a\u{a0}b"] {
            assert!(!sure(Primitive::Code, text), "{text}");
        }
        assert!(!is_certainly(Primitive::Code, b"a\\u0020", true));
    }

    #[test]
    fn a_word_ends_before_what_is_no_ascii() {
        assert_eq!(
            word("r45536\u{702}],\"status\"".as_bytes(), &mut 0),
            Some(6)
        );
        assert_eq!(word("abcdefgh\u{e9}jklmnopq".as_bytes(), &mut 0), Some(8));
    }

    #[test]
    fn integers_have_32_bits() {
        assert!(
            is_whole(Primitive::Integer, b"-2147483648")
                && is_whole(Primitive::Unsigned, b"0")
                && is_whole(Primitive::Positive, b"2147483647")
        );
        assert!(
            !is_whole(Primitive::Integer, b"2147483648")
                && !is_whole(Primitive::Positive, b"0")
                && !is_whole(Primitive::Unsigned, b"-1")
        );
    }
}
