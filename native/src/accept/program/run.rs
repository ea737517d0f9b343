//! An expression, run on a tape.

use super::lengths::told_by_length;
use crate::accept::collections::{Bench, Doubt, Element, Span, Told};
use crate::accept::evaluation::Evaluation;
use crate::accept::expr::Expr;
use crate::accept::table::tags::{ClassTag, EachTag, FunctionTag, OperatorTag};
use crate::accept::tape::{Key, NO_KEY};

/// Elements that one run takes and gives at the most: fewer than would use up the explainer's
/// steps.
const STEPS: usize = 4000;

/// Every method that gives a collection puts it behind the items that are there.
pub struct Run<'e, 'a, 'q> {
    pub(super) evaluation: &'e mut Evaluation<'a, 'q>,
    context: Element<'a>,
    pub(super) left: usize,
}

impl<'e, 'a, 'q> Run<'e, 'a, 'q> {
    /// Whether an expression holds for an object of a type: by HL7's rule one boolean counts as it
    /// is, nothing is a no, anything else a yes. Nothing where that is in doubt.
    pub fn holds(
        evaluation: &'e mut Evaluation<'a, 'q>,
        expr: &'a Expr,
        object: usize,
        kind: Key,
        class: ClassTag,
    ) -> Option<bool> {
        if let Some(holds) = told_by_length(evaluation, expr, object, kind, class) {
            return Some(holds);
        }
        let context = Element::node(object, kind, class);
        evaluation.bench.items.clear();
        evaluation.bench.made.clear();
        evaluation.bench.items.push(context);
        let mut run = Run {
            evaluation,
            context,
            left: STEPS,
        };
        run.verdict(expr).ok()
    }

    fn verdict(&mut self, expr: &'a Expr) -> Told<bool> {
        let focus = Span::one(0);
        if let Some(told) = self.logic(expr, focus, self.context) {
            return Ok(told? == Some(true));
        }
        let found = self.items(expr, focus, self.context)?;
        match found.len() {
            0 => Ok(false),
            1 => Ok(self.item(found.start).truth(self.evaluation.tape)? == Some(true)),
            _ => Ok(true),
        }
    }

    pub(super) fn take(&mut self, count: usize) -> Told<()> {
        self.left = self.left.checked_sub(count).ok_or(Doubt)?;
        Ok(())
    }

    pub(super) fn bench(&mut self) -> &mut Bench<'a> {
        self.evaluation.bench
    }

    pub(super) fn height(&self) -> usize {
        self.evaluation.bench.items.len()
    }

    pub(super) fn item(&self, at: usize) -> Element<'a> {
        self.evaluation.bench.items[at]
    }

    /// The items of an expression, behind all others.
    pub(super) fn items(&mut self, expr: &'a Expr, focus: Span, this: Element<'a>) -> Told<Span> {
        let start = self.height();
        if let Expr::Path(path, inside) = expr {
            self.path(*path, inside, focus, this)?;
        } else if let Some(told) = self.logic(expr, focus, this) {
            if let Some(value) = told? {
                self.bench().items.push(Element::Boolean(value));
            }
        } else {
            self.find(expr, focus, this)?;
            self.take(1 + self.height() - start)?;
        }
        Ok(Span {
            start,
            end: self.height(),
        })
    }

    /// The same, or where they stand already.
    pub(super) fn source(&mut self, expr: &'a Expr, focus: Span, this: Element<'a>) -> Told<Span> {
        if matches!(expr, Expr::Focus) {
            self.take(1 + focus.len())?;
            return Ok(focus);
        }
        self.items(expr, focus, this)
    }

    /// Put the items of an expression that is no truth behind all others.
    fn find(&mut self, expr: &'a Expr, focus: Span, this: Element<'a>) -> Told<()> {
        let start = self.height();
        match expr {
            Expr::Focus => self
                .bench()
                .items
                .extend_from_within(focus.start..focus.end),
            Expr::This => self.bench().items.push(this),
            Expr::Context => {
                let context = self.context;
                self.bench().items.push(context);
            }
            Expr::Resource => {
                let resource = self.evaluation.resource;
                let resource = Element::node(resource, NO_KEY, ClassTag::Resource);
                self.bench().items.push(resource);
            }
            Expr::Literals(literals) => {
                let constants = literals.iter().map(Element::constant);
                self.bench().items.extend(constants);
            }
            Expr::Step {
                source,
                children,
                plain,
            } => {
                let items = self.source(source, focus, this)?;
                let from = self.height();
                self.step(items, children, *plain)?;
                self.bench().close_up(start, from);
            }
            Expr::Extension(source, url, children, wanted) => {
                let items = self.source(source, focus, this)?;
                let from = self.height();
                self.extensions(items, *url, children, wanted)?;
                self.bench().close_up(start, from);
            }
            Expr::Typed { source, kinds, one } => {
                let items = self.items(source, focus, this)?;
                if *one && items.len() > 1 {
                    return Err(Doubt);
                }
                self.retain(items.start, |run, item| run.is_of(&item, kinds))?;
            }
            Expr::Each(EachTag::Where, source, criteria) => {
                let items = self.items(source, focus, this)?;
                let mut kept = items.start;
                for at in items.start..items.end {
                    if self.is_true(criteria, at)? {
                        self.bench().items.swap(kept, at);
                        kept += 1;
                    }
                }
                self.bench().items.truncate(kept);
            }
            Expr::Each(EachTag::Select, source, criteria) => {
                let items = self.source(source, focus, this)?;
                let from = self.height();
                for at in items.start..items.end {
                    let item = self.item(at);
                    self.items(criteria, Span::one(at), item)?;
                }
                self.bench().close_up(start, from);
            }
            Expr::Function(function, source) => {
                let items = self.items(source, focus, this)?;
                self.function(*function, items)?;
            }
            Expr::Index(source, index) => {
                let items = self.items(source, focus, this)?;
                let index = (*index as usize).min(items.len());
                self.bench().close_up(start, start + index);
                self.bench().items.truncate(start + 1);
            }
            Expr::Operator(OperatorTag::Intersect, left, right) => {
                let items = self.items(left, focus, this)?;
                let others = self.of_this(right, this)?;
                self.intersection(items, others)?;
            }
            Expr::Operator(_, left, right) => {
                let (one, other) = (
                    self.items(left, focus, this)?,
                    self.items(right, focus, this)?,
                );
                self.sum(one, other)?;
            }
            Expr::Path(..)
            | Expr::Each(..)
            | Expr::Is(..)
            | Expr::Compare(..)
            | Expr::Text(..)
            | Expr::Match(..) => return Err(Doubt), // it is told otherwise
        }
        Ok(())
    }

    /// The items of an expression whose focus is `$this`.
    pub(super) fn of_this(&mut self, expr: &'a Expr, this: Element<'a>) -> Told<Span> {
        let at = self.height();
        self.bench().items.push(this);
        self.items(expr, Span::one(at), this)
    }

    /// Keep the items from a place on that meet a test.
    pub(super) fn retain(
        &mut self,
        start: usize,
        test: impl Fn(&Self, Element<'a>) -> Told<bool>,
    ) -> Told<()> {
        let mut kept = start;
        for at in start..self.height() {
            let item = self.item(at);
            if test(self, item)? {
                self.bench().items[kept] = item;
                kept += 1;
            }
        }
        self.bench().items.truncate(kept);
        Ok(())
    }

    /// A function of the last items, in whose place its own come.
    fn function(&mut self, function: FunctionTag, items: Span) -> Told<()> {
        let bench = &mut *self.evaluation.bench;
        let given = match function {
            FunctionTag::Count => Some(Element::Number(items.len() as f64)),
            FunctionTag::First => bench.of(items).first().copied(),
            FunctionTag::Last => bench.of(items).last().copied(),
            FunctionTag::Length => {
                let letters =
                    |text: &[u8]| text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
                let length = self.only_text(items)?.map(letters);
                length.map(|length| Element::Number(length as f64))
            }
            FunctionTag::ToString => match items.len() {
                0 => None,
                1 => {
                    let (text, length) = self.as_text(self.item(items.start))?;
                    self.take(length / 16)?;
                    Some(text)
                }
                _ => return Err(Doubt),
            },
            FunctionTag::Resolve => return self.resolved(items),
            FunctionTag::Exists | FunctionTag::Empty | FunctionTag::Not | FunctionTag::HasValue => {
                return Err(Doubt); // it is told otherwise
            }
        };
        let bench = self.bench();
        bench.items.truncate(items.start);
        bench.items.extend(given);
        Ok(())
    }

    /// Items that others are equal to, each once.
    fn intersection(&mut self, items: Span, others: Span) -> Told<()> {
        let mut found = Span {
            start: items.start,
            end: items.start,
        };
        for at in items.start..items.end {
            let one = Span::one(at);
            let is_theirs = self.among(one, others)? == Some(true);
            if is_theirs && self.among(one, found)? != Some(true) {
                self.bench().items.swap(found.end, at);
                found.end += 1;
            }
        }
        self.bench().items.truncate(found.end);
        Ok(())
    }
}
