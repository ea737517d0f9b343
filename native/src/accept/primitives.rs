//! The primitive types that the table may name: what is certainly of one. `None` leaves a value to
//! the explainer.

use crate::accept::table::Primitive;

/// Bytes of a string up to which it cannot be longer than R4 allows.
const SURELY_SHORT: usize = 1 << 19;

/// Whether a string without escapes is certainly a value of the type.
pub fn is_certainly(primitive: Primitive, text: &[u8], escaped: bool) -> bool {
    if text.is_empty() {
        return false;
    }
    match primitive {
        Primitive::Text => text.len() <= SURELY_SHORT,
        Primitive::QuietText => text.len() <= SURELY_SHORT && is_quiet(text, escaped),
        _ if escaped => false,
        Primitive::Code => is_code(text),
        Primitive::Id => is_id(text),
        Primitive::Uri => is_uri(text),
        Primitive::Canonical => is_canonical(text),
        Primitive::Date => text.len() <= 10 && is_date(text),
        Primitive::DateTime => {
            if text.len() <= 10 {
                is_date(text)
            } else {
                is_moment(text)
            }
        }
        Primitive::Instant => is_moment(text),
        Primitive::Time => text.len() == 8 && is_clock(text),
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

pub fn is_id(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && every(text, |b| {
            b.is_ascii_alphanumeric() | (b == b'-') | (b == b'.')
        })
}

/// Whether a text neither starts nor ends with white space and holds no control character: where it
/// starts or ends with anything beyond ASCII or with an escape, that is in doubt, and so it is where
/// an escape is more than a quote, a backslash, a tab or a new line.
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

/// The high bits of bytes of which the first is no visible ASCII; 0 where all are.
#[inline]
pub fn doubt(word: u64) -> u64 {
    // A difference or sum that reaches the next byte comes of a byte that is in doubt itself.
    (word.wrapping_sub(ONES * 0x21) | word | word.wrapping_add(ONES)) & (ONES << 7)
}

/// Whether every byte is visible ASCII, told eight by eight: values are short.
#[inline]
pub fn is_visible(text: &[u8]) -> bool {
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
        return text.iter().all(|b| (0x21..0x7f).contains(b));
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

#[inline]
fn two(text: &[u8], at: usize) -> u32 {
    let (one, other) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    if one > 9 || other > 9 {
        return 1000;
    }
    u32::from(one) * 10 + u32::from(other)
}

fn is_date(text: &[u8]) -> bool {
    if !matches!(text.len(), 4 | 7 | 10) {
        return false;
    }
    let (century, year) = (two(text, 0), two(text, 2));
    if century > 99 || year > 99 || century + year == 0 {
        return false;
    }
    if text.len() == 4 {
        return true;
    }
    let month = two(text, 5);
    if text[4] != b'-' || !(1..=12).contains(&month) {
        return false;
    }
    if text.len() == 7 {
        return true;
    }
    let day = two(text, 8);
    text[7] == b'-' && day >= 1 && day <= days(century * 100 + year, month)
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
    two(text, 0) < 24
        && text[2] == b':'
        && two(text, 3) < 60
        && text[5] == b':'
        && two(text, 6) <= 60
}

fn is_moment(text: &[u8]) -> bool {
    if text.len() < 20 || !is_date(&text[..10]) || text[10] != b'T' || !is_clock(&text[11..19]) {
        return false;
    }
    let mut zone = &text[19..];
    if zone[0] == b'.' {
        let digits = zone[1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        zone = &zone[1 + digits..];
    }
    match zone {
        [b'Z'] => true,
        [b'+' | b'-', ..] if zone.len() == 6 => {
            zone[3] == b':' && two(zone, 4) < 60 && (two(zone, 1) < 14 || &zone[1..] == b"14:00")
        }
        _ => false,
    }
}

/// Whether a whole number is certainly in the range of its type.
pub fn is_whole(primitive: Primitive, digits: &[u8]) -> bool {
    let Some(value) = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.len() <= 11)
        .and_then(|text| text.parse::<i64>().ok())
    else {
        return false;
    };
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
