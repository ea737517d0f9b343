//! How dates and moments compare, as far as their texts tell.

use std::cmp::Ordering;

/// How two dates compare where that is easily told: of one form, both moments, or days apart.
/// Nothing where precision leaves it open.
pub fn order(one: &[u8], other: &[u8]) -> Option<Ordering> {
    if one.len() == other.len() && one.len() <= 10 {
        return Some(one.cmp(other));
    }
    if one.len() >= 20 && other.len() >= 20 {
        if one[19..] == other[19..] && [one, other].iter().all(|text| is_of_use(text)) {
            return Some(one[..19].cmp(&other[..19])); // of one zone and one fraction
        }
        return Some(moment(one)?.cmp(&moment(other)?));
    }
    let ((first, last), (begin, end)) = (days(one)?, days(other)?);
    if last < begin {
        return Some(Ordering::Less);
    }
    (first > end).then_some(Ordering::Greater)
}

/// Whether a moment's year is one of which every other zone's is a year, too.
fn is_of_use(moment: &[u8]) -> bool {
    (&b"0002"[..]..&b"9998"[..]).contains(&&moment[..4])
}

#[inline]
fn number(text: &[u8], from: usize, to: usize) -> Option<i64> {
    text.get(from..to)?.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i64::from(byte - b'0'))
    })
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
    if !is_of_use(text) {
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
        assert_eq!(
            order(b"2020-01-01T00:00:00.5Z", b"2020-01-01T00:00:01.5Z"),
            Some(Ordering::Less)
        );
        for year in ["0001", "9998"] {
            let moment = format!("{year}-01-01T00:00:00Z");
            assert_eq!(order(moment.as_bytes(), moment.as_bytes()), None);
        }
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
