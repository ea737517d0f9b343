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

    /// Whether the condition may look at members with that key, wherever they stand. What it asks
    /// about is the JSON text, in which all is as it is.
    pub fn may_read(&self, key: Key) -> bool {
        let among = |keys: &[Key]| keys.contains(&key);
        match self {
            Op::Const(_) | Op::Doubt | Op::Asked(_) | Op::AskedOf(..) => false,
            Op::And(ops) | Op::Or(ops) => ops.iter().any(|op| op.may_read(key)),
            Op::Not(op) | Op::OnResource(op) => op.may_read(key),
            Op::Has(keys)
            | Op::Is(keys, _)
            | Op::Number(keys, ..)
            | Op::Prefix(keys, _)
            | Op::Part(keys, _)
            | Op::Match(keys, _) => among(keys),
            Op::Each(one, _) => *one == key,
            Op::Dates(left, _, right) => among(left) || among(right),
            Op::Count(groups, ..) => groups.iter().any(|keys| among(keys)),
            Op::One(keys, op) | Op::Some(keys, op) => among(keys) || op.may_read(key),
            Op::Distinct(steps, one, companion) => {
                *one == key
                    || *companion == key
                    || steps
                        .iter()
                        .any(|(keys, op)| among(keys) || op.may_read(key))
            }
            // Codings are told apart by texts alone
            Op::Shares(one, path) => *one == key || among(path),
            // an expression may compare whatever it likes
            Op::Program { .. } => true,
        }
    }
}
