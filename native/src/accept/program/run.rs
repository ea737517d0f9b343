//! An expression, run on a tape.

use super::element::{compare, equal, number_text, Doubt, Element, Plain, Told};
use crate::accept::evaluation::Evaluation;
use crate::accept::expr::{Child, Expr};
use crate::accept::literal::{Literal, Sign};
use crate::accept::table::tags::{ClassTag, EachTag, FunctionTag, OperatorTag, TextTag};
use crate::accept::tape::{Form, Key, NO_KEY};

/// Elements that one run takes and gives at the most: fewer than would use up the explainer's steps.
const STEPS: usize = 4000;

/// Bytes of a text that uses up next to none of them.
const SHORT: usize = 64;

type Elements = Vec<Element>;

pub struct Run<'e, 'a, 'q> {
    evaluation: &'e mut Evaluation<'a, 'q>,
    context: Element,
    left: usize,
}

impl<'e, 'a, 'q> Run<'e, 'a, 'q> {
    /// Whether an expression holds for an object of a type: by HL7's rule one boolean counts as it
    /// is, nothing is a no, anything else a yes. Nothing where that is in doubt.
    pub fn holds(
        evaluation: &'e mut Evaluation<'a, 'q>,
        expr: &Expr,
        object: usize,
        kind: Key,
        class: ClassTag,
    ) -> Option<bool> {
        if let Some(holds) = told_by_length(evaluation, expr, object, kind, class) {
            return Some(holds);
        }
        let context = Element::node(object, kind, class);
        let mut run = Run {
            evaluation,
            context: context.clone(),
            left: STEPS,
        };
        let found = run
            .items(expr, std::slice::from_ref(&context), &context)
            .ok()?;
        match &found[..] {
            [] => Some(false),
            [item] => Some(item.truth(run.evaluation.tape).ok()? == Some(true)),
            _ => Some(true),
        }
    }

    fn take(&mut self, count: usize) -> Told<()> {
        self.left = self.left.checked_sub(count).ok_or(Doubt)?;
        Ok(())
    }

    fn items(&mut self, expr: &Expr, focus: &[Element], this: &Element) -> Told<Elements> {
        let found = self.found(expr, focus, this)?;
        self.take(1 + found.len())?;
        Ok(found)
    }

    fn found(&mut self, expr: &Expr, focus: &[Element], this: &Element) -> Told<Elements> {
        match expr {
            Expr::Focus => Ok(focus.to_vec()),
            Expr::This => Ok(vec![this.clone()]),
            Expr::Context => Ok(vec![self.context.clone()]),
            Expr::Resource => {
                let resource = self.evaluation.resource;
                Ok(vec![Element::node(resource, NO_KEY, ClassTag::Resource)])
            }
            Expr::Literals(literals) => Ok(literals.iter().map(constant).collect()),
            Expr::Step {
                source,
                children,
                plain,
            } => {
                let items = self.items(source, focus, this)?;
                self.step(&items, children, *plain)
            }
            Expr::Extension(source, url, children, wanted) => {
                let items = self.items(source, focus, this)?;
                let mut extensions = Vec::new();
                for child in children {
                    extensions.extend(self.step(&items, std::slice::from_ref(child), false)?);
                }
                self.take(extensions.len())?;
                self.chosen(extensions, |run, item| run.has_text(item, *url, wanted))
            }
            Expr::Typed { source, kinds, one } => {
                let items = self.items(source, focus, this)?;
                if *one && items.len() > 1 {
                    return Err(Doubt);
                }
                self.chosen(items, |run, item| run.is_of(item, kinds))
            }
            Expr::Is(source, kinds) => match &self.items(source, focus, this)?[..] {
                [] => Ok(Vec::new()),
                [item] => Ok(vec![Element::Boolean(self.is_of(item, kinds)?)]),
                _ => Err(Doubt),
            },
            Expr::Each(tag, source, criteria) => {
                let items = self.items(source, focus, this)?;
                self.each(*tag, items, criteria)
            }
            Expr::Function(function, source) => {
                let items = self.items(source, focus, this)?;
                self.function(*function, items)
            }
            Expr::Index(source, index) => {
                let items = self.items(source, focus, this)?;
                Ok(items.into_iter().skip(*index as usize).take(1).collect())
            }
            Expr::Operator(operator, left, right) => {
                self.operator(*operator, left, right, focus, this)
            }
            Expr::Compare(sign, left, right) => {
                let (one, other) = (
                    self.items(left, focus, this)?,
                    self.items(right, focus, this)?,
                );
                self.comparison(*sign, &one, &other)
            }
            Expr::Text(test, source, part) => {
                let items = self.items(source, focus, this)?;
                self.text_test(*test, &items, part)
            }
            Expr::Match(source, check) => {
                let items = self.items(source, focus, this)?;
                let Some(text) = self.only_text(&items)? else {
                    return Ok(Vec::new());
                };
                if matches!(items[0], Element::Text(_)) {
                    return Err(Doubt); // its bytes are no longer those of a JSON string
                }
                let text = text.to_vec();
                let found = self.evaluation.answer(*check, &text).ok_or(Doubt)?;
                Ok(vec![Element::Boolean(found)])
            }
        }
    }

    /// Children of a name, as they stand under any of the JSON names.
    fn step(&mut self, items: &[Element], children: &[Child], plain: bool) -> Told<Elements> {
        let tape = self.evaluation.tape;
        let mut found = Vec::new();
        for item in items {
            let Element::Node { value, beside, .. } = item else {
                continue;
            };
            let is_object = value.is_some_and(|value| tape.at(value).form == Form::Object);
            if plain && !is_object {
                if value.is_some() {
                    found.push(Element::Text(self.text(item)?.into()));
                }
                continue;
            }
            let Some(holder) = (if is_object { *value } else { *beside }) else {
                continue;
            };
            for child in children {
                let values = tape.member(holder, child.key);
                let others = (child.companion != NO_KEY)
                    .then(|| tape.member(holder, child.companion))
                    .flatten();
                self.collect(values, others, child, &mut found);
            }
            self.take(children.len())?;
        }
        Ok(found)
    }

    /// A member's values, each with what stands beside it.
    fn collect(
        &self,
        values: Option<usize>,
        others: Option<usize>,
        child: &Child,
        found: &mut Elements,
    ) {
        let tape = self.evaluation.tape;
        let list = |index: Option<usize>| -> Vec<Option<usize>> {
            match index {
                Some(index) if tape.at(index).form == Form::Array => {
                    let of_null = |item| (tape.at(item).form != Form::Null).then_some(item);
                    tape.inside(index).map(of_null).collect()
                }
                other => vec![other],
            }
        };
        let (values, others) = (list(values), list(others));
        for at in 0..values.len().max(others.len()) {
            let value = values.get(at).copied().flatten();
            let beside = others.get(at).copied().flatten();
            if value.is_some() || beside.is_some() {
                found.push(Element::Node {
                    value,
                    beside,
                    kind: child.kind,
                    class: child.class,
                });
            }
        }
    }

    fn chosen(
        &mut self,
        items: Elements,
        test: impl Fn(&mut Self, &Element) -> Told<bool>,
    ) -> Told<Elements> {
        let mut kept = Vec::new();
        for item in items {
            if test(self, &item)? {
                kept.push(item);
            }
        }
        Ok(kept)
    }

    fn has_text(&self, item: &Element, key: Key, wanted: &[u8]) -> Told<bool> {
        let tape = self.evaluation.tape;
        let Element::Node {
            value: Some(value), ..
        } = item
        else {
            return Ok(false);
        };
        let Some(found) = tape.member(*value, key) else {
            return Ok(false);
        };
        let entry = tape.at(found);
        if entry.escaped || entry.form != Form::Text {
            return Err(Doubt);
        }
        Ok(self.evaluation.bytes(entry) == wanted)
    }

    /// Whether an item is of one of some types.
    fn is_of(&self, item: &Element, kinds: &[Key]) -> Told<bool> {
        let Element::Node {
            value, kind, class, ..
        } = item
        else {
            return Err(Doubt);
        };
        if *class == ClassTag::Resource {
            let tape = self.evaluation.tape;
            let name = tape
                .member(
                    value.ok_or(Doubt)?,
                    self.evaluation.known.walk.resource_type,
                )
                .ok_or(Doubt)?;
            let name = self.evaluation.bytes(tape.at(name));
            return Ok(kinds.iter().any(|&kind| {
                self.evaluation
                    .names
                    .get(kind as usize)
                    .is_some_and(|n| **n == *name)
            }));
        }
        if *kind == NO_KEY {
            return Err(Doubt);
        }
        Ok(kinds.contains(kind))
    }

    /// Whether an expression is true for an item.
    fn is_true(&mut self, criteria: &Expr, item: &Element) -> Told<bool> {
        let found = self.items(criteria, std::slice::from_ref(item), item)?;
        Ok(self.truth(&found)? == Some(true))
    }

    fn truth(&self, items: &[Element]) -> Told<Option<bool>> {
        match items {
            [] => Ok(None),
            [item] => item.truth(self.evaluation.tape),
            _ => Err(Doubt),
        }
    }

    fn each(&mut self, tag: EachTag, items: Elements, criteria: &Expr) -> Told<Elements> {
        match tag {
            EachTag::Where => self.chosen(items, |run, item| run.is_true(criteria, item)),
            EachTag::Any => {
                let found = self.chosen(items, |run, item| run.is_true(criteria, item))?;
                Ok(vec![Element::Boolean(!found.is_empty())])
            }
            EachTag::All => {
                for item in &items {
                    if !self.is_true(criteria, item)? {
                        return Ok(vec![Element::Boolean(false)]);
                    }
                }
                Ok(vec![Element::Boolean(true)])
            }
            EachTag::Select => {
                let mut found = Vec::new();
                for item in &items {
                    found.extend(self.items(criteria, std::slice::from_ref(item), item)?);
                }
                Ok(found)
            }
        }
    }

    fn function(&mut self, function: FunctionTag, items: Elements) -> Told<Elements> {
        Ok(match function {
            FunctionTag::Exists => {
                vec![Element::Boolean(
                    items.iter().any(|item| self.is_there(item)),
                )]
            }
            FunctionTag::Empty => {
                vec![Element::Boolean(
                    !items.iter().any(|item| self.is_there(item)),
                )]
            }
            FunctionTag::Not => match self.truth(&items)? {
                None => Vec::new(),
                Some(value) => vec![Element::Boolean(!value)],
            },
            FunctionTag::Count => vec![Element::Number(items.len() as f64)],
            FunctionTag::First => items.into_iter().take(1).collect(),
            FunctionTag::Last => items.into_iter().next_back().into_iter().collect(),
            FunctionTag::Length => match self.only_text(&items)? {
                None => Vec::new(),
                Some(text) => vec![Element::Number(
                    text.iter().filter(|&&b| b & 0xc0 != 0x80).count() as f64,
                )],
            },
            FunctionTag::ToString => match &items[..] {
                [] => Vec::new(),
                [item] => {
                    let text: Box<[u8]> = self.text(item)?.into();
                    self.take(text.len() / 16)?;
                    vec![Element::Text(text)]
                }
                _ => return Err(Doubt),
            },
            FunctionTag::Resolve => self.resolved(&items)?,
            FunctionTag::HasValue => vec![Element::Boolean(match &items[..] {
                [Element::Node { value, .. }] => value.is_some_and(|value| {
                    !matches!(self.evaluation.tape.at(value).form, Form::Object)
                }),
                [_] => true,
                _ => false,
            })],
        })
    }

    /// Whether an item counts for `exists()`: not a resource that is nothing but its type.
    fn is_there(&self, item: &Element) -> bool {
        let tape = self.evaluation.tape;
        match item {
            Element::Node {
                value: Some(value),
                beside: None,
                ..
            } if tape.at(*value).form == Form::Object => tape
                .inside(*value)
                .any(|member| tape.at(member).key != self.evaluation.known.walk.resource_type),
            _ => true,
        }
    }

    /// The text of the one item; nothing for no item.
    fn only_text<'s>(&'s self, items: &'s [Element]) -> Told<Option<&'s [u8]>> {
        match items {
            [] => Ok(None),
            [item] => match item.plain(self.evaluation.bytes, self.evaluation.tape)? {
                Plain::Text(text, _) => Ok(Some(text)),
                _ => Err(Doubt),
            },
            _ => Err(Doubt),
        }
    }

    /// An item as `toString()` has it.
    fn text<'s>(&'s self, item: &'s Element) -> Told<&'s [u8]> {
        match item.plain(self.evaluation.bytes, self.evaluation.tape)? {
            Plain::Text(text, _) => Ok(text),
            Plain::Boolean(true) => Ok(b"true"),
            Plain::Boolean(false) => Ok(b"false"),
            Plain::Number(_) => match item {
                Element::Node {
                    value: Some(value), ..
                } => number_text(self.evaluation.bytes(self.evaluation.tape.at(*value))),
                _ => Err(Doubt),
            },
        }
    }

    fn text_test(&self, test: TextTag, items: &[Element], part: &[u8]) -> Told<Elements> {
        let Some(text) = self.only_text(items)? else {
            return Ok(Vec::new());
        };
        Ok(vec![Element::Boolean(match test {
            TextTag::StartsWith => text.starts_with(part),
            TextTag::EndsWith => text.ends_with(part),
            TextTag::Contains => memchr::memmem::find(text, part).is_some(),
        })])
    }

    fn operator(
        &mut self,
        operator: OperatorTag,
        left: &Expr,
        right: &Expr,
        focus: &[Element],
        this: &Element,
    ) -> Told<Elements> {
        let one = self.items(left, focus, this)?;
        let logic = |value: Option<bool>| value.map(Element::Boolean).into_iter().collect();
        if matches!(operator, OperatorTag::SubsetOf | OperatorTag::Intersect) {
            let other = self.items(right, std::slice::from_ref(this), this)?;
            if operator == OperatorTag::Intersect {
                return self.intersection(one, &other);
            }
            return match one.is_empty() {
                true => Ok(vec![Element::Boolean(true)]),
                false => self.among(&one, &other),
            };
        }
        if matches!(operator, OperatorTag::In | OperatorTag::Plus) {
            let other = self.items(right, focus, this)?;
            return match operator {
                OperatorTag::In => self.among(&one, &other),
                _ => self.sum(&one, &other),
            };
        }
        let one = self.truth(&one)?;
        let decides = match operator {
            OperatorTag::And | OperatorTag::Implies => one == Some(false),
            OperatorTag::Or => one == Some(true),
            _ => false,
        };
        if decides {
            return Ok(logic(Some(operator != OperatorTag::And)));
        }
        let other = self.items(right, focus, this)?;
        let other = self.truth(&other)?;
        Ok(logic(match (operator, one, other) {
            (OperatorTag::And, _, Some(false)) => Some(false),
            (OperatorTag::Or | OperatorTag::Implies, _, Some(true)) => Some(true),
            (_, None, _) | (_, _, None) => None,
            (OperatorTag::And, ..) => Some(true),
            (OperatorTag::Xor, one, other) => Some(one != other),
            _ => Some(false),
        }))
    }

    /// `=`, `!=` and the order of two items.
    fn comparison(&mut self, sign: Sign, left: &[Element], right: &[Element]) -> Told<Elements> {
        let equality = matches!(sign, Sign::Equal | Sign::Unequal);
        if left.is_empty() || right.is_empty() || (!equality && (left.len(), right.len()) != (1, 1))
        {
            return Ok(Vec::new());
        }
        let (bytes, tape) = (self.evaluation.bytes, self.evaluation.tape);
        if !equality {
            let (one, other) = (left[0].plain(bytes, tape)?, right[0].plain(bytes, tape)?);
            let dates = [&left[0], &right[0]].iter().all(|item| is_date(item));
            let order = compare(&one, &other, dates)?;
            return Ok(vec![Element::Boolean(sign.of(&(order as i8), &0))]);
        }
        let mut same = left.len() == right.len();
        if same {
            for (one, other) in left.iter().zip(right) {
                if !equal(&one.plain(bytes, tape)?, &other.plain(bytes, tape)?)? {
                    same = false;
                    break;
                }
            }
        }
        Ok(vec![Element::Boolean(same == matches!(sign, Sign::Equal))])
    }

    /// Whether every item is equal to one of others.
    fn among(&mut self, items: &[Element], others: &[Element]) -> Told<Elements> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        self.take(items.len() * others.len())?;
        let (bytes, tape) = (self.evaluation.bytes, self.evaluation.tape);
        for item in items {
            let value = item.plain(bytes, tape)?;
            let mut found = false;
            for other in others {
                found = found || equal(&value, &other.plain(bytes, tape)?)?;
            }
            if !found {
                return Ok(vec![Element::Boolean(false)]);
            }
        }
        Ok(vec![Element::Boolean(true)])
    }

    /// Elements that others are equal to, each once.
    fn intersection(&mut self, items: Elements, others: &[Element]) -> Told<Elements> {
        let mut found: Elements = Vec::new();
        for item in items {
            let one = std::slice::from_ref(&item);
            let is_theirs = self.is_among(one, others)?;
            if is_theirs && !self.is_among(one, &found)? {
                found.push(item);
            }
        }
        Ok(found)
    }

    /// Whether every item is equal to one of others.
    fn is_among(&mut self, items: &[Element], others: &[Element]) -> Told<bool> {
        Ok(matches!(
            self.among(items, others)?[..],
            [Element::Boolean(true)]
        ))
    }

    /// `+` of two texts, or of two numbers that are counts.
    fn sum(&mut self, left: &[Element], right: &[Element]) -> Told<Elements> {
        if left.len() > 1 || right.len() > 1 {
            return Err(Doubt);
        }
        let (Some(one), Some(other)) = (left.first(), right.first()) else {
            return Ok(Vec::new());
        };
        let (bytes, tape) = (self.evaluation.bytes, self.evaluation.tape);
        match (one.plain(bytes, tape)?, other.plain(bytes, tape)?) {
            (Plain::Text(one, false), Plain::Text(other, false)) => {
                let text = [one, other].concat();
                self.take(text.len() / 16)?;
                Ok(vec![Element::Text(text.into())])
            }
            (Plain::Number(one), Plain::Number(other)) if is_count(one) && is_count(other) => {
                Ok(vec![Element::Number(one + other)])
            }
            _ => Err(Doubt),
        }
    }

    /// The entries of the Bundle that references lead to; those that lead out of the line are left
    /// out.
    fn resolved(&mut self, items: &[Element]) -> Told<Elements> {
        if self.evaluation.by_entry {
            return Err(Doubt); // an entry may not be whole on the tape
        }
        let mut found = Vec::new();
        for item in items {
            let reference = match item {
                Element::Node {
                    value: Some(value), ..
                } if self.evaluation.tape.at(*value).form == Form::Object => {
                    let key = self.evaluation.known.reference.reference;
                    match self.evaluation.tape.member(*value, key) {
                        None => continue,
                        Some(found) => {
                            let entry = self.evaluation.tape.at(found);
                            if entry.escaped || entry.form != Form::Text {
                                return Err(Doubt);
                            }
                            self.evaluation.bytes(entry)
                        }
                    }
                }
                item => self.text(item)?,
            };
            let (target, seen) = self.entry_of(reference)?;
            self.take(seen)?;
            found.extend(target.map(|target| Element::node(target, NO_KEY, ClassTag::Resource)));
        }
        Ok(found)
    }

    /// The resource of the first entry that a reference means, by full url or by type and id; and
    /// how many entries were looked at.
    fn entry_of(&self, reference: &[u8]) -> Told<(Option<usize>, usize)> {
        if reference.contains(&b'#') || memchr::memmem::find(reference, b"_history").is_some() {
            return Err(Doubt);
        }
        let (tape, known) = (self.evaluation.tape, self.evaluation.known.bundle);
        let Some(bundle) = self.evaluation.bundle else {
            return Ok((None, 0));
        };
        let Some(list) = tape.member(bundle, known.entry) else {
            return Ok((None, 0));
        };
        let text = |object: usize, key: Key| -> Told<Option<&[u8]>> {
            match tape.member(object, key).map(|found| tape.at(found)) {
                None => Ok(None),
                Some(entry) if entry.form == Form::Text && !entry.escaped => {
                    Ok(Some(self.evaluation.bytes(entry)))
                }
                Some(_) => Err(Doubt),
            }
        };
        let named = type_and_id(reference);
        let mut seen = 0;
        for entry in tape.inside(list) {
            seen += 1;
            let Some(resource) = tape.member(entry, known.resource) else {
                continue;
            };
            let by_url = text(entry, known.full_url)? == Some(reference);
            let by_name = match named {
                Some((name, id)) => {
                    text(resource, known.resource_type)? == Some(name)
                        && text(resource, known.id)? == Some(id)
                }
                None => false,
            };
            if by_url || by_name {
                return Ok((Some(resource), seen));
            }
        }
        Ok((None, seen))
    }
}

/// Whether `toString().length()` of a primitive compares with a number as it should, which many a
/// profile says of dates. Nothing for other expressions, and for what is left to a run.
fn told_by_length(
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

/// The type and id of a relative reference.
fn type_and_id(reference: &[u8]) -> Option<(&[u8], &[u8])> {
    if reference.contains(&b':') {
        return None;
    }
    let mut parts = reference.rsplit(|&b| b == b'/');
    let (id, name) = (parts.next()?, parts.next()?);
    Some((name, id))
}

fn constant(literal: &Literal) -> Element {
    match literal {
        Literal::Boolean(value) => Element::Boolean(*value),
        Literal::Number(value) => Element::Number(*value),
        Literal::Text(text) => Element::Text(text.clone()),
    }
}

fn is_date(item: &Element) -> bool {
    matches!(
        item,
        Element::Node {
            class: ClassTag::Date,
            ..
        }
    )
}

/// Whether a number is a whole one that a sum of a few keeps exact.
fn is_count(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() < 1e9
}
