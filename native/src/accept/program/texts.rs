//! Texts and numbers: what items read as, and sums of them.

use super::run::Run;
use crate::accept::collections::{number_text, Doubt, Element, Plain, Span, Told};
use crate::accept::evaluation::Evaluation;

impl<'a> Run<'_, 'a, '_> {
    pub(super) fn plain(&self, item: Element<'a>) -> Told<Plain<'_>> {
        let Evaluation { bytes, tape, .. } = *self.evaluation;
        item.plain(bytes, tape, &self.evaluation.bench.made)
    }

    /// The text of the one item; nothing for no item.
    pub(super) fn only_text(&self, items: Span) -> Told<Option<&[u8]>> {
        match items.len() {
            0 => Ok(None),
            1 => match self.plain(self.item(items.start))? {
                Plain::Text(text, _) => Ok(Some(text)),
                _ => Err(Doubt),
            },
            _ => Err(Doubt),
        }
    }

    /// An item as `toString()` has it, and how many bytes that takes.
    pub(super) fn as_text(&self, item: Element<'a>) -> Told<(Element<'a>, usize)> {
        let content = |value: usize| self.evaluation.bytes(self.evaluation.tape.at(value));
        let text = match (self.plain(item)?, item) {
            (Plain::Text(text, _), Element::Made(..)) => return Ok((item, text.len())),
            (Plain::Text(..), Element::Text(text)) => text,
            (Plain::Text(..), Element::Node { value, .. }) => content(value.get().ok_or(Doubt)?),
            (Plain::Boolean(true), _) => b"true",
            (Plain::Boolean(false), _) => b"false",
            (Plain::Number(_), Element::Node { value, .. }) => {
                number_text(content(value.get().ok_or(Doubt)?))?
            }
            _ => return Err(Doubt),
        };
        Ok((Element::Text(text), text.len()))
    }

    /// `+` of two texts, or of two numbers that are counts.
    pub(super) fn sum(&mut self, left: Span, right: Span) -> Told<()> {
        if left.len() > 1 || right.len() > 1 {
            return Err(Doubt);
        }
        let both = (left.len() + right.len() == 2)
            .then(|| (self.item(left.start), self.item(right.start)));
        self.bench().items.truncate(left.start);
        let Some((one, other)) = both else {
            return Ok(());
        };
        let sum = match (self.plain(one)?, self.plain(other)?) {
            (Plain::Text(one, false), Plain::Text(other, false)) => {
                let text = [one, other].concat();
                self.take(text.len() / 16)?;
                let made = &mut self.bench().made;
                let start = made.len();
                made.extend_from_slice(&text);
                Element::Made(start as u32, made.len() as u32)
            }
            (Plain::Number(one), Plain::Number(other)) if is_count(one) && is_count(other) => {
                Element::Number(one + other)
            }
            _ => return Err(Doubt),
        };
        self.bench().items.push(sum);
        Ok(())
    }
}

/// Whether a number is a whole one that a sum of a few keeps exact.
fn is_count(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() < 1e9
}
