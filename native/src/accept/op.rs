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
    /// What holds for an object whose members have these keys, whatever they hold; nothing where
    /// that decides.
    pub fn by_names(&self, keys: &[Key]) -> Option<bool> {
        let lacks = |wanted: &[Key]| !wanted.iter().any(|key| keys.contains(key));
        let all = |ops: &[Op], wanted: bool| {
            let all: Vec<_> = ops.iter().map(|op| op.by_names(keys)).collect();
            if all.contains(&Some(!wanted)) {
                return Some(!wanted);
            }
            all.iter().all(|one| *one == Some(wanted)).then_some(wanted)
        };
        let is_false = match self {
            Op::Const(value) => return Some(*value),
            Op::And(ops) => return all(ops, true),
            Op::Or(ops) => return all(ops, false),
            Op::Not(op) => return op.by_names(keys).map(|holds| !holds),
            Op::Has(wanted) => return Some(!lacks(wanted)),
            Op::Is(wanted, _)
            | Op::Number(wanted, ..)
            | Op::Prefix(wanted, _)
            | Op::Part(wanted, _)
            | Op::Match(wanted, _)
            | Op::One(wanted, _)
            | Op::Some(wanted, _) => lacks(wanted),
            Op::Each(wanted, _) | Op::Shares(wanted, _) => lacks(&[*wanted]),
            Op::Dates(left, _, right) => lacks(left) || lacks(right),
            _ => false,
        };
        is_false.then_some(false)
    }

    /// Where in the condition that stands which decides, if the names of members settle all else:
    /// the alternatives, or parts, to choose from the top down. Nothing for all of it.
    pub fn decisive(&self, keys: &[Key]) -> Vec<u8> {
        let (Op::And(ops) | Op::Or(ops)) = self else {
            return Vec::new();
        };
        let settled = matches!(self, Op::And(_));
        let mut open = (0..)
            .zip(ops)
            .filter(|(_, op)| op.by_names(keys) != Some(settled));
        match (open.next(), open.next()) {
            (Some((number, op)), None) if ops.len() < usize::from(u8::MAX) => {
                [vec![number], op.decisive(keys)].concat()
            }
            _ => Vec::new(),
        }
    }

    /// The condition at the end of such a way.
    #[inline]
    pub fn at(&self, way: &[u8]) -> &Op {
        way.iter().fold(self, |op, &number| match op {
            Op::And(ops) | Op::Or(ops) => &ops[usize::from(number)],
            _ => op,
        })
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn has(key: Key) -> Op {
        Op::Has(Box::new([key]))
    }

    #[test]
    fn what_decides_stands_where_all_else_is_settled() {
        let or = |ops: Vec<Op>| Op::Or(ops.into());
        let and = |ops: Vec<Op>| Op::And(ops.into());
        let decides = || and(vec![has(1), or(vec![has(2), Op::Asked(7), has(2)])]);
        let way = decides().decisive(&[1, 3]);
        assert_eq!(way, [1, 1]);
        assert!(matches!(decides().at(&way), Op::Asked(7)));
        let both = || or(vec![Op::Asked(1), has(2), Op::Asked(2)]);
        for whole in [
            both(),
            and(vec![both(), Op::Asked(3)]),
            Op::Not(both().into()),
        ] {
            assert!(whole.decisive(&[1]).is_empty(), "{whole:?}");
        }
        assert_eq!(and(vec![has(1), both()]).decisive(&[1]), [1]);
        assert!(and(vec![has(1)]).decisive(&[1]).is_empty());
    }

    #[test]
    fn names_settle_what_they_can() {
        let asked = || Op::Asked(0);
        let is = |key: Key| Op::Is(Box::new([key]), Box::new([Literal::Boolean(true)]));
        for (op, held) in [
            (has(1), Some(true)),
            (has(2), Some(false)),
            (is(1), None),
            (is(2), Some(false)),
            (Op::Not(Box::new(is(2))), Some(true)),
            (Op::Or(Box::new([asked(), has(1)])), Some(true)),
            (Op::Or(Box::new([asked(), has(2)])), None),
            (Op::And(Box::new([asked(), has(2)])), Some(false)),
            (Op::And(Box::new([asked(), has(1)])), None),
            (
                Op::And(Box::new([Op::Not(Box::new(has(2))), has(1)])),
                Some(true),
            ),
            (
                Op::Dates(Box::new([1]), Sign::Less, Box::new([2])),
                Some(false),
            ),
            (Op::Dates(Box::new([1]), Sign::Less, Box::new([3])), None),
            (Op::Some(Box::new([2]), Box::new(has(1))), Some(false)),
            (Op::OnResource(Box::new(has(1))), None),
            (Op::Doubt, None),
        ] {
            assert_eq!(op.by_names(&[1, 3]), held, "{op:?}");
        }
    }
}
