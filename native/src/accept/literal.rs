//! Literals of conditions, and how values compare with them.

#[derive(Debug)]
pub enum Literal {
    Boolean(bool),
    Number(f64),
    Text(Box<[u8]>),
}

/// Characters of a number that has one value in every reader.
pub const SURE_DIGITS: usize = 15;

/// The value of a number's text; none where a float does not hold it: where it has too many digits,
/// or lies so near to zero that a float takes it for zero or for its neighbour.
pub fn certain_number(text: &[u8]) -> Option<f64> {
    if text.len() > SURE_DIGITS {
        return None;
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let is_zero = || {
        let mut digits = text.iter().take_while(|byte| !b"eE".contains(byte));
        digits.all(|byte| !(b'1'..=b'9').contains(byte))
    };
    (value.is_normal() || is_zero()).then_some(value)
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
    pub fn of<T: PartialOrd>(self, one: &T, other: &T) -> bool {
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

#[cfg(test)]
mod tests {
    use super::certain_number;

    #[test]
    fn what_a_float_does_not_hold_is_no_number() {
        let held = [
            ("-0.0", -0.0),
            ("0e7", 0.0),
            ("12.5", 12.5),
            ("1e-300", 1e-300),
        ];
        for (text, value) in held {
            assert_eq!(certain_number(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["-1e-400", "1E-310", "1e400", "1234567890.12345"] {
            assert_eq!(certain_number(text.as_bytes()), None, "{text}");
        }
    }
}
