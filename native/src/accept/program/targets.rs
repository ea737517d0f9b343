//! What references lead to.

use super::run::Run;
use crate::accept::collections::{Doubt, Element, Plain, Span, Told};
use crate::accept::table::tags::ClassTag;
use crate::accept::tape::{Form, NO_KEY};

impl<'a> Run<'_, 'a, '_> {
    /// The entries of the Bundle that references lead to, in the place of these, which are the last
    /// items; those that lead out of the line are left out.
    pub(super) fn resolved(&mut self, items: Span) -> Told<()> {
        if self.evaluation.by_entry {
            return Err(Doubt); // an entry may not be whole on the tape
        }
        let mut end = items.start;
        for at in items.start..items.end {
            let (target, seen) = match self.reference_of(self.item(at))? {
                None => continue,
                Some(reference) => self.evaluation.entry_of(reference).ok_or(Doubt)?,
            };
            self.take(seen)?;
            if let Some(target) = target {
                self.bench().items[end] = Element::node(target, NO_KEY, ClassTag::Resource);
                end += 1;
            }
        }
        self.bench().items.truncate(end);
        Ok(())
    }

    fn reference_of(&self, item: Element<'a>) -> Told<Option<&[u8]>> {
        let tape = self.evaluation.tape;
        let value = match item {
            Element::Node { value, .. } => value.get(),
            _ => None,
        };
        let Some(object) = value.filter(|&value| tape.at(value).form == Form::Object) else {
            let (text, _) = self.as_text(item)?;
            return match self.plain(text)? {
                Plain::Text(text, _) => Ok(Some(text)),
                _ => Err(Doubt),
            };
        };
        let key = self.evaluation.known.reference.reference;
        self.evaluation.text_of(object, key).ok_or(Doubt)
    }
}
