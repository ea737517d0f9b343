//! FHIRPath expressions as the table has them.

use crate::accept::literal::{Literal, Sign};
use crate::accept::memo::Check;
use crate::accept::table::tags::{ClassTag, EachTag, FunctionTag, OperatorTag, TextTag};
use crate::accept::tape::{Key, Tape, NO_KEY};

/// One JSON name under which children of a name stand.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    pub key: Key,
    /// Of what stands beside a primitive; NO_KEY for other types.
    pub companion: Key,
    /// The name of their type, by its number among names; NO_KEY where that takes a look at them.
    pub kind: Key,
    pub class: ClassTag,
}

/// The JSON names under which children of a name stand, in their order.
#[derive(Debug)]
pub struct Children {
    each: Box<[Child]>,
    /// Where there are many of them: which one each key is of, by the keys.
    by_key: Box<[(Key, u16)]>,
}

/// So many names are looked for one by one.
const FEW: usize = 3;
/// Of many, so many are found in one object; in an object with more, they are looked for one by
/// one.
const MOST_FOUND: usize = 8;

impl Children {
    pub fn of(each: Box<[Child]>) -> Children {
        let mut by_key = Vec::new();
        if each.len() > FEW {
            let keys = (0..)
                .zip(&each)
                .flat_map(|(number, child)| [(child.key, number), (child.companion, number)]);
            by_key.extend(keys.filter(|&(key, _)| key != NO_KEY));
            by_key.sort_unstable();
        }
        Children {
            each,
            by_key: by_key.into(),
        }
    }

    pub fn len(&self) -> usize {
        self.each.len()
    }

    /// Look at each of the children that may stand in an object.
    #[inline]
    pub fn each_in(&self, tape: &Tape, object: usize, mut look: impl FnMut(&Child)) {
        if self.by_key.is_empty() {
            return self.each.iter().for_each(look);
        }
        let (mut found, mut count) = ([0; MOST_FOUND], 0);
        for member in tape.inside(object) {
            let key = tape.at(member).key;
            let first = self.by_key.partition_point(|&(one, _)| one < key);
            let of_key = self.by_key[first..]
                .iter()
                .take_while(|&&(one, _)| one == key);
            for &(_, number) in of_key {
                if count == MOST_FOUND {
                    return self.each.iter().for_each(look);
                }
                found[count] = number;
                count += 1;
            }
        }
        let found = &mut found[..count];
        found.sort_unstable();
        let mut last = None;
        for &number in found.iter() {
            if last.replace(number) != Some(number) {
                look(&self.each[usize::from(number)]);
            }
        }
    }
}

#[derive(Debug)]
pub enum Expr {
    Focus,
    This,
    Context,
    Resource,
    Literals(Box<[Literal]>),
    /// `plain`: of a primitive its value is wanted, as text.
    Step {
        source: Box<Expr>,
        children: Children,
        plain: bool,
    },
    /// The extensions of a url, whose member is the key, as they stand under some names, one name
    /// after the other.
    Extension(Box<Expr>, Key, Box<[Children]>, Box<[u8]>),
    /// The items of some types; `one`: there is no more than one item.
    Typed {
        source: Box<Expr>,
        kinds: Box<[Key]>,
        one: bool,
    },
    Is(Box<Expr>, Box<[Key]>),
    Each(EachTag, Box<Expr>, Box<Expr>),
    Function(FunctionTag, Box<Expr>),
    Index(Box<Expr>, u32),
    Operator(OperatorTag, Box<Expr>, Box<Expr>),
    Compare(Sign, Box<Expr>, Box<Expr>),
    Text(TextTag, Box<Expr>, Box<[u8]>),
    /// A regular expression, tried by the explainer: one question for each text.
    Match(Box<Expr>, Check),
    /// A path from the focus that sees nothing else, by its number among all of them.
    Path(u32, Box<Expr>),
}

impl Expr {
    /// Whether the line has to be read to its end.
    pub fn reads_resource(&self) -> bool {
        match self {
            Expr::Resource | Expr::Function(FunctionTag::Resolve, _) => true,
            Expr::Focus | Expr::This | Expr::Context | Expr::Literals(_) => false,
            Expr::Step { source, .. }
            | Expr::Extension(source, ..)
            | Expr::Typed { source, .. }
            | Expr::Is(source, _)
            | Expr::Function(_, source)
            | Expr::Index(source, _)
            | Expr::Text(_, source, _)
            | Expr::Match(source, _)
            | Expr::Path(_, source) => source.reads_resource(),
            Expr::Each(_, one, other)
            | Expr::Operator(_, one, other)
            | Expr::Compare(_, one, other) => one.reads_resource() || other.reads_resource(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accept::table::tags::ClassTag;
    use crate::accept::tape::Form;

    #[test]
    fn children_are_found_in_their_order_however_many_there_are() {
        let child = |key| Child {
            key,
            companion: key + 100,
            kind: NO_KEY,
            class: ClassTag::Text,
        };
        for (count, members) in [
            (2, vec![1, 0]),
            (50, vec![77, 49, 3, 103, 20]),
            (50, (0..50).rev().collect()),
        ] {
            let children = Children::of((0..count).map(child).collect());
            let mut tape = Tape::default();
            let object = tape.push(NO_KEY, Form::Object, false, 0, 0);
            for &key in &members {
                tape.push(key, Form::True, false, 0, 0);
            }
            tape.close(object, 0);
            let (mut found, mut wanted) = (Vec::new(), Vec::new());
            let is_there = |child: &Child| {
                [child.key, child.companion]
                    .iter()
                    .any(|&key| tape.member(object, key).is_some())
            };
            children.each_in(&tape, object, |child| {
                if is_there(child) {
                    found.push(child.key);
                }
            });
            wanted.extend((0..count).filter(|&key| is_there(&child(key))));
            assert_eq!(found, wanted);
        }
    }
}
