//! What many a profile says of dates: how long they are as text. It takes no run.

use crate::accept::evaluation::Evaluation;
use crate::accept::expr::Expr;
use crate::accept::literal::Literal;
use crate::accept::table::tags::{ClassTag, FunctionTag};
use crate::accept::tape::{Form, Key};

/// Bytes of a text that uses up next to none of the explainer's steps.
const SHORT: usize = 64;

/// Whether `toString().length()` of a primitive compares with a number as it should, which many a
/// profile says of dates. Nothing for other expressions, and for what is left to a run.
pub(super) fn told_by_length(
    evaluation: &Evaluation<'_, '_>,
    expr: &Expr,
    object: usize,
    kind: Key,
    class: ClassTag,
) -> Option<bool> {
    let Expr::Compare(sign, left, right) = expr else {
        return None;
    };
    let (Expr::Function(FunctionTag::Length, text), Expr::Literals(literals)) = (&**left, &**right)
    else {
        return None;
    };
    let (Expr::Function(FunctionTag::ToString, source), [Literal::Number(wanted)]) =
        (&**text, &**literals)
    else {
        return None;
    };
    let is_it = match &**source {
        Expr::This => true,
        Expr::Typed { source, kinds, .. } => {
            matches!(**source, Expr::This) && kinds.contains(&kind)
        }
        _ => false,
    };
    let entry = evaluation.tape.at(object);
    let text = evaluation.bytes(entry);
    let is_plain = entry.form == Form::Text && !entry.escaped && text.is_ascii();
    let is_primitive = class == ClassTag::Text || class == ClassTag::Date;
    (is_it && is_plain && is_primitive && text.len() <= SHORT)
        .then(|| sign.of(&(text.len() as f64), wanted))
}
