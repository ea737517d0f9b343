//! Records from their bytes. Whatever the bytes are, reading them ends: with records or with the
//! place that is none.

use super::bits::Bits;
use super::known::Known;
use super::node::{Kind, Need, Property, Targets, ValueCheck};
use super::overlay::{Group, Item, Member, Slices, Wanted};
use super::tags::{
    ClassTag, EachTag, ExprTag, FunctionTag, KindTag, LiteralTag, OpTag, OperatorTag, Primitive,
    SignTag, TextTag, ValueTag,
};
use crate::accept::expr::{Child, Children, Expr};
use crate::accept::literal::{Literal, Sign};
use crate::accept::memo::{Check, NO_CHECK};
use crate::accept::op::Op;
use crate::accept::projection::Projection;
use crate::accept::shared_paths::SharedPaths;
use crate::accept::tape::Key;

/// Conditions inside conditions at the most.
const OP_DEPTH: usize = 100;

/// Bytes that are no table: a mistake in the lowering, never in data.
#[derive(Debug, PartialEq, Eq)]
pub struct BadTable(pub usize);

pub(super) type Read<T> = Result<T, BadTable>;

pub(super) struct Reader<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    /// The paths of expressions that were read, those of earlier records among them.
    pub paths: SharedPaths,
    depth: usize,
    /// Those of the expression that is being read.
    met: Vec<u32>,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], paths: SharedPaths) -> Self {
        Reader {
            bytes,
            at: 0,
            paths,
            depth: 0,
            met: Vec::new(),
        }
    }

    fn take(&mut self, count: usize) -> Read<&[u8]> {
        let found = self
            .bytes
            .get(self.at..self.at + count)
            .ok_or(BadTable(self.at))?;
        self.at += count;
        Ok(found)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| BadTable(at))
    }

    pub fn u8(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn flag(&mut self) -> Read<bool> {
        Ok(self.u8()? != 0)
    }

    pub(super) fn u16(&mut self) -> Read<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn f64(&mut self) -> Read<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    pub fn string(&mut self) -> Read<Box<[u8]>> {
        let length = self.u16()? as usize;
        Ok(self.take(length)?.into())
    }

    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Box<[T]>> {
        (0..self.u16()?).map(|_| item(self)).collect()
    }

    fn keys(&mut self) -> Read<Box<[Key]>> {
        self.list(Self::u16)
    }

    fn projection(&mut self) -> Read<Projection> {
        Ok(Projection(self.list(|r| Ok((r.u16()?, r.keys()?)))?))
    }

    pub fn bits(&mut self) -> Read<Bits> {
        let mut bits = Bits::default();
        for bit in self.keys()? {
            bits.set(bit as usize);
        }
        Ok(bits)
    }

    /// A byte that is a tag.
    pub fn tag<T>(&mut self, of: impl Fn(u8) -> Option<T>) -> Read<T> {
        of(self.u8()?).ok_or(BadTable(self.at))
    }

    pub fn known(&mut self) -> Read<Known> {
        Known::read(|| self.keys())?.ok_or(BadTable(self.at))
    }

    fn kind(&mut self) -> Read<Kind> {
        Ok(match self.tag(KindTag::of)? {
            KindTag::Primitive => Kind::Primitive(self.tag(Primitive::of)?),
            KindTag::Object => Kind::Object(self.u32()?),
            KindTag::Contained => Kind::Contained,
            KindTag::ResourceType => Kind::ResourceType,
            KindTag::Ask => Kind::Ask,
            KindTag::Inline => Kind::Inline,
        })
    }

    pub fn property(&mut self) -> Read<Property> {
        let (key, companion, beside, kind, flags) = (
            self.u16()?,
            self.u16()?,
            self.u32()?,
            self.kind()?,
            self.u8()?,
        );
        let siblings = self.bits()?;
        let (format, checks) = (self.u32()?, self.list(Self::value_check)?);
        Ok(Property::new(
            flags, key, companion, beside, kind, format, siblings, checks,
        ))
    }

    pub fn value_check(&mut self) -> Read<ValueCheck> {
        Ok(match self.tag(ValueTag::of)? {
            ValueTag::Ask => ValueCheck::Ask,
            ValueTag::Text => ValueCheck::Text(self.u32()?),
            ValueTag::Coding => ValueCheck::Coding(self.u32()?),
            ValueTag::Concept => ValueCheck::Concept(self.u32()?),
            ValueTag::Reference => ValueCheck::Reference {
                check: self.u32()?,
                targets: Box::new(Targets {
                    settles: self.flag()?,
                    types: self.list(Self::target)?,
                }),
            },
            ValueTag::Extension => ValueCheck::Extension {
                by_url: self.u32()?,
                by_value: self.u32()?,
                on_line: self.u32()?,
                by_place: self.u32()?,
            },
            ValueTag::Condition => self.condition(NO_CHECK)?,
            ValueTag::Invariant => {
                let broken = self.u32()?;
                self.condition(broken)?
            }
            ValueTag::Overlay => ValueCheck::Overlay(self.u32()?),
            ValueTag::Value => ValueCheck::Value(self.u32()?),
            ValueTag::Inline => ValueCheck::Inline(Box::new(Targets {
                settles: self.flag()?,
                types: self.list(Self::target)?,
            })),
        })
    }

    fn condition(&mut self, broken: Check) -> Read<ValueCheck> {
        let op = Box::new(self.op()?);
        Ok(match op.reads_resource() {
            true => ValueCheck::LaterCondition(op, broken),
            false => ValueCheck::Condition(op, broken),
        })
    }

    fn target(&mut self) -> Read<(Box<[u8]>, Need)> {
        let name = self.string()?;
        let need = match self.u32()? {
            u32::MAX => Need::Type,
            number if number == u32::MAX - 1 => Need::Ask,
            number => Need::Overlay(number),
        };
        Ok((name, need))
    }

    pub fn group(&mut self) -> Read<Group> {
        let (least, most) = (self.u32()?, self.u32()?);
        let members = self.list(Self::member)?;
        let slices = if self.flag()? {
            Some(Slices {
                closed: self.flag()?,
                ordered: self.flag()?,
                by_target: self.flag()?,
                bounds: self.list(|r| Ok((r.u32()?, r.u32()?)))?,
                targets: self.list(|r| r.list(Self::wanted))?,
            })
        } else {
            None
        };
        Ok(Group {
            members,
            least,
            most,
            slices,
        })
    }

    fn wanted(&mut self) -> Read<Wanted> {
        Ok(Wanted {
            kind: self.string()?,
            overlay: self.u32()?,
            url: self.string()?,
            telling: self.list(Self::op)?,
        })
    }

    fn member(&mut self) -> Read<Member> {
        Ok(Member {
            key: self.u16()?,
            companion: self.u16()?,
            is_primitive: self.flag()?,
            item: self.item()?,
            slice_check: self.u32()?,
            decided_by: self.projection()?,
            slices: self.list(Self::item)?,
        })
    }

    fn item(&mut self) -> Read<Item> {
        Ok(Item {
            checks: self.list(Self::value_check)?,
            empty_asks: self.flag()?,
            beside: self.u32()?,
            bare: self.flag()?,
        })
    }

    fn sign(&mut self) -> Read<Sign> {
        Ok(match self.tag(SignTag::of)? {
            SignTag::Less => Sign::Less,
            SignTag::LessOrEqual => Sign::LessOrEqual,
            SignTag::Greater => Sign::Greater,
            SignTag::GreaterOrEqual => Sign::GreaterOrEqual,
            SignTag::Equal => Sign::Equal,
            SignTag::Unequal => Sign::Unequal,
        })
    }

    fn literal(&mut self) -> Read<Literal> {
        Ok(match self.tag(LiteralTag::of)? {
            LiteralTag::Boolean => Literal::Boolean(self.flag()?),
            LiteralTag::Number => Literal::Number(self.f64()?),
            LiteralTag::Text => Literal::Text(self.string()?),
        })
    }

    pub fn op(&mut self) -> Read<Op> {
        if self.depth > OP_DEPTH {
            return Err(BadTable(self.at));
        }
        self.depth += 1;
        let op = self.op_inside();
        self.depth -= 1;
        op
    }

    fn op_inside(&mut self) -> Read<Op> {
        Ok(match self.tag(OpTag::of)? {
            OpTag::Const => Op::Const(self.flag()?),
            OpTag::And => Op::And(self.list(Self::op)?),
            OpTag::Or => Op::Or(self.list(Self::op)?),
            OpTag::Not => Op::Not(Box::new(self.op()?)),
            OpTag::Has => Op::Has(self.keys()?),
            OpTag::Is => Op::Is(self.keys()?, self.list(Self::literal)?),
            OpTag::Each => Op::Each(self.u16()?, self.list(Self::literal)?),
            OpTag::Number => Op::Number(self.keys()?, self.sign()?, self.f64()?),
            OpTag::Prefix => Op::Prefix(self.keys()?, self.string()?),
            OpTag::Part => Op::Part(self.keys()?, self.string()?),
            OpTag::Match => Op::Match(self.keys()?, self.u32()?),
            OpTag::Dates => Op::Dates(self.keys()?, self.sign()?, self.keys()?),
            OpTag::Count => Op::Count(self.list(Self::keys)?, self.sign()?, i64::from(self.u32()?)),
            OpTag::One => Op::One(self.keys()?, Box::new(self.op()?)),
            OpTag::Some => Op::Some(self.keys()?, Box::new(self.op()?)),
            OpTag::Distinct => Op::Distinct(
                self.list(|r| Ok((r.keys()?, r.op()?)))?,
                self.u16()?,
                self.u16()?,
            ),
            OpTag::Shares => Op::Shares(self.u16()?, self.keys()?),
            OpTag::OnResource => Op::OnResource(Box::new(self.op()?)),
            OpTag::Doubt => Op::Doubt,
            OpTag::Asked => Op::Asked(self.u32()?),
            OpTag::AskedOf => Op::AskedOf(self.u32()?, self.projection()?),
            OpTag::Program => Op::Program {
                kind: self.u16()?,
                class: self.tag(ClassTag::of)?,
                expr: self.expr()?,
                otherwise: Box::new(self.op()?),
            },
        })
    }

    fn expr(&mut self) -> Read<Box<Expr>> {
        if self.depth > OP_DEPTH {
            return Err(BadTable(self.at));
        }
        self.depth += 1;
        let expr = self.expr_inside();
        self.depth -= 1;
        expr.map(Box::new)
    }

    fn expr_inside(&mut self) -> Read<Expr> {
        Ok(match self.tag(ExprTag::of)? {
            ExprTag::Focus => Expr::Focus,
            ExprTag::This => Expr::This,
            ExprTag::Context => Expr::Context,
            ExprTag::Resource => Expr::Resource,
            ExprTag::Literals => Expr::Literals(self.list(Self::literal)?),
            ExprTag::Step => Expr::Step {
                plain: self.flag()?,
                children: Children::of(self.list(Self::child)?),
                source: self.expr()?,
            },
            ExprTag::Extension => {
                let (url, children) = (self.u16()?, self.list(Self::lone_child)?);
                let wanted = self.string()?;
                Expr::Extension(self.expr()?, url, children, wanted)
            }
            ExprTag::Typed => Expr::Typed {
                one: self.flag()?,
                kinds: self.keys()?,
                source: self.expr()?,
            },
            ExprTag::Is => {
                let kinds = self.keys()?;
                Expr::Is(self.expr()?, kinds)
            }
            ExprTag::Each => Expr::Each(self.tag(EachTag::of)?, self.expr()?, self.expr()?),
            ExprTag::Function => Expr::Function(self.tag(FunctionTag::of)?, self.expr()?),
            ExprTag::Index => {
                let index = self.u32()?;
                Expr::Index(self.expr()?, index)
            }
            ExprTag::Operator => {
                Expr::Operator(self.tag(OperatorTag::of)?, self.expr()?, self.expr()?)
            }
            ExprTag::Compare => Expr::Compare(self.sign()?, self.expr()?, self.expr()?),
            ExprTag::Text => {
                let (test, part) = (self.tag(TextTag::of)?, self.string()?);
                Expr::Text(test, self.expr()?, part)
            }
            ExprTag::Match => {
                let check = self.u32()?;
                Expr::Match(self.expr()?, check)
            }
            ExprTag::Path => {
                let (start, inside) = (self.at, self.met.len());
                let path = self.expr()?;
                let bytes = &self.bytes[start..self.at];
                let number = self.paths.count(bytes, self.met.drain(inside..));
                self.met.push(number);
                Expr::Path(number, path)
            }
        })
    }

    fn lone_child(&mut self) -> Read<Children> {
        Ok(Children::of([self.child()?].into()))
    }

    fn child(&mut self) -> Read<Child> {
        Ok(Child {
            key: self.u16()?,
            companion: self.u16()?,
            kind: self.u16()?,
            class: self.tag(ClassTag::of)?,
        })
    }
}
