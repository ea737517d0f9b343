//! Conditions on objects, as the table has them.

use crate::accept::expr::Expr;
use crate::accept::literal::{Literal, Sign};
use crate::accept::memo::Check;
use crate::accept::projection::Projection;
use crate::accept::table::tags::ClassTag;
use crate::accept::tape::Key;

#[derive(Debug)]
pub enum Op {
    Const(bool),
    And(Box<[Op]>),
    Or(Box<[Op]>),
    Not(Box<Op>),
    Has(Box<[Key]>),
    Is(Box<[Key]>, Box<[Literal]>),
    Each(Key, Box<[Literal]>),
    Number(Box<[Key]>, Sign, f64),
    Prefix(Box<[Key]>, Box<[u8]>),
    Part(Box<[Key]>, Box<[u8]>),
    /// A pattern, tried by the explainer: one question for each text.
    Match(Box<[Key]>, Check),
    Dates(Box<[Key]>, Sign, Box<[Key]>),
    Count(Box<[Box<[Key]>]>, Sign, i64),
    One(Box<[Key]>, Box<Op>),
    Some(Box<[Key]>, Box<Op>),
    /// The values of the first key, whose companion is the second, differ in all objects that the
    /// steps reach.
    Distinct(Box<[(Box<[Key]>, Op)]>, Key, Key),
    Shares(Key, Box<[Key]>),
    OnResource(Box<Op>),
    Doubt,
    /// Asked of the explainer about the whole object: 1 for true, 2 for false.
    Asked(Check),
    /// The same about some of its members.
    AskedOf(Check, Projection),
    /// An expression about an object of a type, and what tells where that is in doubt.
    Program {
        expr: Box<Expr>,
        kind: Key,
        class: ClassTag,
        otherwise: Box<Op>,
    },
}

impl Op {
    /// Whether the whole resource has to be on the tape.
    pub fn reads_resource(&self) -> bool {
        match self {
            Op::OnResource(_) | Op::Shares(..) => true,
            Op::And(ops) | Op::Or(ops) => ops.iter().any(Op::reads_resource),
            Op::Not(op) | Op::One(_, op) | Op::Some(_, op) => op.reads_resource(),
            Op::Distinct(steps, _, _) => steps.iter().any(|(_, op)| op.reads_resource()),
            Op::Program {
                expr, otherwise, ..
            } => expr.reads_resource() || otherwise.reads_resource(),
            _ => false,
        }
    }
}
