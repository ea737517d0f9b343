//! What is true, false or empty.

use super::run::Run;
use crate::accept::collections::{compare, equal, Doubt, Element, Span, Told};
use crate::accept::expr::Expr;
use crate::accept::literal::Sign;
use crate::accept::memo::Check;
use crate::accept::table::tags::{EachTag, FunctionTag, OperatorTag, TextTag};
use crate::accept::tape::Form;

impl<'a> Run<'_, 'a, '_> {
    /// What an expression says; nothing in place of that for one that may have other items.
    pub(super) fn logic(
        &mut self,
        expr: &'a Expr,
        focus: Span,
        this: Element<'a>,
    ) -> Option<Told<Option<bool>>> {
        let start = self.height();
        let said = match expr {
            Expr::Operator(operator @ (OperatorTag::In | OperatorTag::SubsetOf), left, right) => {
                let is_subset = *operator == OperatorTag::SubsetOf;
                self.contained(left, right, is_subset, focus, this)
            }
            Expr::Operator(
                operator @ (OperatorTag::And
                | OperatorTag::Or
                | OperatorTag::Xor
                | OperatorTag::Implies),
                left,
                right,
            ) => self.joined(*operator, left, right, focus, this),
            Expr::Compare(sign, left, right) => self.compared(*sign, left, right, focus, this),
            Expr::Is(source, kinds) => {
                self.source(source, focus, this)
                    .and_then(|items| match items.len() {
                        0 => Ok(None),
                        1 => self.is_of(&self.item(items.start), kinds).map(Some),
                        _ => Err(Doubt),
                    })
            }
            Expr::Each(tag @ (EachTag::All | EachTag::Any), source, criteria) => {
                self.each(*tag == EachTag::All, source, criteria, focus, this)
            }
            Expr::Function(
                function @ (FunctionTag::Exists | FunctionTag::Empty | FunctionTag::HasValue),
                source,
            ) => self.source(source, focus, this).map(|items| {
                Some(match function {
                    FunctionTag::Exists => self.are_there(items),
                    FunctionTag::Empty => !self.are_there(items),
                    _ => items.len() == 1 && self.has_value(items.start),
                })
            }),
            Expr::Function(FunctionTag::Not, source) => {
                let truth = self.truth(source, focus, this);
                truth.map(|value| value.map(|value| !value))
            }
            Expr::Text(test, source, part) => self
                .source(source, focus, this)
                .and_then(|items| self.text_test(*test, items, part)),
            Expr::Match(source, check) => self
                .source(source, focus, this)
                .and_then(|items| self.matching(*check, items)),
            _ => return None,
        };
        Some(said.and_then(|value| {
            self.bench().items.truncate(start);
            self.take(1 + usize::from(value.is_some()))?;
            Ok(value)
        }))
    }

    /// What an expression counts as where a boolean is wanted.
    pub(super) fn truth(
        &mut self,
        expr: &'a Expr,
        focus: Span,
        this: Element<'a>,
    ) -> Told<Option<bool>> {
        if let Some(told) = self.logic(expr, focus, this) {
            return told;
        }
        let start = self.height();
        let items = self.source(expr, focus, this)?;
        let truth = match items.len() {
            0 => None,
            1 => self.item(items.start).truth(self.evaluation.tape)?,
            _ => return Err(Doubt),
        };
        self.bench().items.truncate(start);
        Ok(truth)
    }

    /// Whether an expression is true for the item at a place.
    pub(super) fn is_true(&mut self, criteria: &'a Expr, at: usize) -> Told<bool> {
        let item = self.item(at);
        Ok(self.truth(criteria, Span::one(at), item)? == Some(true))
    }

    fn joined(
        &mut self,
        operator: OperatorTag,
        left: &'a Expr,
        right: &'a Expr,
        focus: Span,
        this: Element<'a>,
    ) -> Told<Option<bool>> {
        let one = self.truth(left, focus, this)?;
        let decides = match operator {
            OperatorTag::And | OperatorTag::Implies => one == Some(false),
            OperatorTag::Or => one == Some(true),
            _ => false,
        };
        if decides {
            return Ok(Some(operator != OperatorTag::And));
        }
        let other = self.truth(right, focus, this)?;
        Ok(match (operator, one, other) {
            (OperatorTag::And, _, Some(false)) => Some(false),
            (OperatorTag::Or | OperatorTag::Implies, _, Some(true)) => Some(true),
            (_, None, _) | (_, _, None) => None,
            (OperatorTag::And, ..) => Some(true),
            (OperatorTag::Xor, one, other) => Some(one != other),
            _ => Some(false),
        })
    }

    /// `all(…)`, or `exists(…)`.
    fn each(
        &mut self,
        all: bool,
        source: &'a Expr,
        criteria: &'a Expr,
        focus: Span,
        this: Element<'a>,
    ) -> Told<Option<bool>> {
        let items = self.source(source, focus, this)?;
        let mut found = all;
        for at in items.start..items.end {
            let is_true = self.is_true(criteria, at)?;
            if all && !is_true {
                return Ok(Some(false));
            }
            found |= is_true;
        }
        Ok(Some(found))
    }

    /// `=`, `!=` and the order of two items.
    fn compared(
        &mut self,
        sign: Sign,
        left: &'a Expr,
        right: &'a Expr,
        focus: Span,
        this: Element<'a>,
    ) -> Told<Option<bool>> {
        let (left, right) = (
            self.source(left, focus, this)?,
            self.source(right, focus, this)?,
        );
        let equality = matches!(sign, Sign::Equal | Sign::Unequal);
        let counts = (left.len(), right.len());
        if counts.0 == 0 || counts.1 == 0 || (!equality && counts != (1, 1)) {
            return Ok(None);
        }
        if !equality {
            let (one, other) = (self.item(left.start), self.item(right.start));
            let dates = one.is_date() && other.is_date();
            let order = compare(&self.plain(one)?, &self.plain(other)?, dates)?;
            return Ok(Some(sign.of(&(order as i8), &0)));
        }
        let mut same = counts.0 == counts.1;
        for number in 0..if same { counts.0 } else { 0 } {
            let (one, other) = (
                self.item(left.start + number),
                self.item(right.start + number),
            );
            if !equal(&self.plain(one)?, &self.plain(other)?)? {
                same = false;
                break;
            }
        }
        Ok(Some(same == matches!(sign, Sign::Equal)))
    }

    /// `in`, or `subsetOf()`.
    fn contained(
        &mut self,
        left: &'a Expr,
        right: &'a Expr,
        is_subset: bool,
        focus: Span,
        this: Element<'a>,
    ) -> Told<Option<bool>> {
        let items = self.source(left, focus, this)?;
        let others = match is_subset {
            true => self.of_this(right, this)?,
            false => self.source(right, focus, this)?,
        };
        match is_subset && items.len() == 0 {
            true => Ok(Some(true)),
            false => self.among(items, others),
        }
    }

    /// Whether every item is equal to one of others; nothing where there is none.
    pub(super) fn among(&mut self, items: Span, others: Span) -> Told<Option<bool>> {
        if items.len() == 0 {
            return Ok(None);
        }
        self.take(items.len() * others.len())?;
        for at in items.start..items.end {
            let value = self.plain(self.item(at))?;
            let mut found = false;
            for other in others.start..others.end {
                found = found || equal(&value, &self.plain(self.item(other))?)?;
            }
            if !found {
                return Ok(Some(false));
            }
        }
        Ok(Some(true))
    }

    /// Whether any item counts for `exists()`: not a resource that is nothing but its type.
    fn are_there(&self, items: Span) -> bool {
        let tape = self.evaluation.tape;
        let is_there = |item: &Element| {
            let Element::Node { value, beside, .. } = item else {
                return true;
            };
            match (value.get(), beside.get()) {
                (Some(value), None) if tape.at(value).form == Form::Object => tape
                    .inside(value)
                    .any(|member| tape.at(member).key != self.evaluation.known.walk.resource_type),
                _ => true,
            }
        };
        self.evaluation.bench.of(items).iter().any(is_there)
    }

    fn has_value(&self, at: usize) -> bool {
        let tape = self.evaluation.tape;
        let is_object = |value: usize| tape.at(value).form == Form::Object;
        match self.item(at) {
            Element::Node { value, .. } => value.get().is_some_and(|value| !is_object(value)),
            _ => true,
        }
    }

    fn text_test(&self, test: TextTag, items: Span, part: &[u8]) -> Told<Option<bool>> {
        let Some(text) = self.only_text(items)? else {
            return Ok(None);
        };
        Ok(Some(match test {
            TextTag::StartsWith => text.starts_with(part),
            TextTag::EndsWith => text.ends_with(part),
            TextTag::Contains => memchr::memmem::find(text, part).is_some(),
        }))
    }

    fn matching(&mut self, check: Check, items: Span) -> Told<Option<bool>> {
        if self.only_text(items)?.is_none() {
            return Ok(None);
        }
        let Element::Node { value, .. } = self.item(items.start) else {
            return Err(Doubt); // its bytes are no longer those of a JSON string
        };
        let entry = self.evaluation.tape.at(value.get().ok_or(Doubt)?);
        let text = self.evaluation.bytes(entry);
        self.evaluation.answer(check, text).ok_or(Doubt).map(Some)
    }
}
