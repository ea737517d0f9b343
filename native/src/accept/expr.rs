//! FHIRPath expressions as the table has them.

use crate::accept::literal::{Literal, Sign};
use crate::accept::memo::Check;
use crate::accept::table::tags::{ClassTag, EachTag, FunctionTag, OperatorTag, TextTag};
use crate::accept::tape::Key;

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
        children: Box<[Child]>,
        plain: bool,
    },
    /// The extensions of a url, whose member is the key, as they stand under some names, one name
    /// after the other.
    Extension(Box<Expr>, Key, Box<[Child]>, Box<[u8]>),
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
            | Expr::Match(source, _) => source.reads_resource(),
            Expr::Each(_, one, other)
            | Expr::Operator(_, one, other)
            | Expr::Compare(_, one, other) => one.reads_resource() || other.reads_resource(),
        }
    }
}
