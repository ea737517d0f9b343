//! Paths: children of names, extensions, and what is of a type.

use super::run::Run;
use crate::accept::collections::{Doubt, Element, Span, Spot, Start, Told};
use crate::accept::expr::{Child, Children, Expr};
use crate::accept::table::tags::ClassTag;
use crate::accept::tape::{Form, Key, NO_KEY};

impl<'a> Run<'_, 'a, '_> {
    /// What a path finds, as it did before where it began at the same object.
    pub(super) fn path(
        &mut self,
        path: u32,
        inside: &'a Expr,
        focus: Span,
        this: Element<'a>,
    ) -> Told<()> {
        let start = (focus.len() == 1 && self.evaluation.paths.is_shared(path))
            .then(|| self.start(path, focus.start))
            .flatten();
        let Some(start) = start else {
            return self.items(inside, focus, this).map(|_| ());
        };
        let bench = &mut *self.evaluation.bench;
        if let Some((items, steps)) = bench.kept.find(&start) {
            bench.items.extend_from_slice(items);
            return self.take(steps);
        }
        let before = self.left;
        let found = self.items(inside, focus, this)?;
        let (steps, bench) = (before - self.left, &mut *self.evaluation.bench);
        bench
            .kept
            .keep(start, &bench.items[found.start..found.end], steps);
        Ok(())
    }

    fn start(&self, path: u32, at: usize) -> Option<Start> {
        match self.item(at) {
            Element::Node {
                value,
                beside: Spot::NONE,
                kind,
                ..
            } => Some(Start {
                path,
                object: value.get()? as u32,
                bundle: self.evaluation.bundle.map_or(0, |bundle| bundle as u32 + 1),
                kind,
            }),
            _ => None,
        }
    }

    /// Put children of a name behind all others, as they stand under any of the JSON names.
    pub(super) fn step(&mut self, items: Span, children: &Children, plain: bool) -> Told<()> {
        for at in items.start..items.end {
            self.step_from(self.item(at), children, plain)?;
        }
        Ok(())
    }

    fn step_from(&mut self, item: Element<'a>, children: &Children, plain: bool) -> Told<()> {
        let Element::Node { value, beside, .. } = item else {
            return Ok(());
        };
        let tape = self.evaluation.tape;
        let object = value.get().filter(|&at| tape.at(at).form == Form::Object);
        if plain && object.is_none() {
            if value != Spot::NONE {
                let (text, _) = self.as_text(item)?;
                self.bench().items.push(text);
            }
            return Ok(());
        }
        let Some(holder) = object.or_else(|| beside.get()) else {
            return Ok(());
        };
        children.each_in(tape, holder, |child| self.children_of(holder, child));
        self.take(children.len())
    }

    /// Put the values of a member, each with what stands beside it, behind all others.
    fn children_of(&mut self, holder: usize, child: &Child) {
        let tape = self.evaluation.tape;
        let items = &mut self.evaluation.bench.items;
        let mut put = |value, beside| {
            if value != Spot::NONE || beside != Spot::NONE {
                items.push(Element::Node {
                    value,
                    beside,
                    kind: child.kind,
                    class: child.class,
                });
            }
        };
        let values = tape.member(holder, child.key);
        let others = (child.companion != NO_KEY)
            .then(|| tape.member(holder, child.companion))
            .flatten();
        let is_list =
            |index: Option<usize>| index.is_some_and(|index| tape.at(index).form == Form::Array);
        if !is_list(values) && !is_list(others) {
            return put(Spot::of(values), Spot::of(others));
        }
        let list = |index: Option<usize>| {
            let (list, single) = match is_list(index) {
                true => (index.map(|index| tape.inside(index)), None),
                false => (None, index),
            };
            let of_null = |at: usize| match tape.at(at).form {
                Form::Null => Spot::NONE,
                _ => Spot::at(at),
            };
            let items = list.into_iter().flatten().map(of_null);
            items.chain(single.map(Spot::at))
        };
        let (mut values, mut others) = (list(values), list(others));
        loop {
            match (values.next(), others.next()) {
                (None, None) => break,
                (value, beside) => {
                    put(value.unwrap_or(Spot::NONE), beside.unwrap_or(Spot::NONE));
                }
            }
        }
    }

    /// Put the extensions of a url, whose member is the key, behind all others, those of one name
    /// after those of the other.
    pub(super) fn extensions(
        &mut self,
        items: Span,
        url: Key,
        children: &[Children],
        wanted: &[u8],
    ) -> Told<()> {
        let start = self.height();
        for child in children {
            self.step(items, child, false)?;
        }
        self.take(self.height() - start)?;
        self.retain(start, |run, item| run.has_text(&item, url, wanted))
    }

    fn has_text(&self, item: &Element<'a>, key: Key, wanted: &[u8]) -> Told<bool> {
        let Element::Node { value, .. } = item else {
            return Ok(false);
        };
        let Some(value) = value.get() else {
            return Ok(false);
        };
        let text = self.evaluation.text_of(value, key).ok_or(Doubt)?;
        Ok(text == Some(wanted))
    }

    /// Whether an item is of one of some types.
    pub(super) fn is_of(&self, item: &Element<'a>, kinds: &[Key]) -> Told<bool> {
        let Element::Node {
            value, kind, class, ..
        } = item
        else {
            return Err(Doubt);
        };
        if *class == ClassTag::Resource {
            let (tape, names) = (self.evaluation.tape, self.evaluation.names);
            let name = tape
                .member(
                    value.get().ok_or(Doubt)?,
                    self.evaluation.known.walk.resource_type,
                )
                .ok_or(Doubt)?;
            let name = self.evaluation.bytes(tape.at(name));
            let is_it = |&kind: &Key| names.get(kind as usize).is_some_and(|one| **one == *name);
            return Ok(kinds.iter().any(is_it));
        }
        if *kind == NO_KEY {
            return Err(Doubt);
        }
        Ok(kinds.contains(kind))
    }
}
