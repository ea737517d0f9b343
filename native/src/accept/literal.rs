//! Literals of conditions, and how values compare with them.

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
