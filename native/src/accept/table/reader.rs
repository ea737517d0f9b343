//! Records from their bytes. Whatever the bytes are, reading them ends: with records or with the
//! place that is none.

use super::node::{Kind, Need, Property, Targets, ValueCheck};
use super::overlay::{Group, Item, Member, Slices};
use super::{BadTable, Bits, Known, Read};
use crate::accept::op::{Literal, Op, Sign};
use crate::accept::primitives::ALL;
use crate::accept::projection::Projection;
use crate::accept::tape::Key;

/// Conditions inside conditions at the most.
const OP_DEPTH: usize = 100;

pub(super) struct Reader<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader {
            bytes,
            at: 0,
            depth: 0,
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

    fn u16(&mut self) -> Read<u16> {
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

    pub fn known(&mut self) -> Read<Known> {
        Ok(Known {
            resource_type: self.u16()?,
            id: self.u16()?,
            meta: self.u16()?,
            profile: self.u16()?,
            security: self.u16()?,
            version_id: self.u16()?,
            last_updated: self.u16()?,
            contained: self.u16()?,
            system: self.u16()?,
            code: self.u16()?,
            value: self.u16()?,
            coding: self.u16()?,
            reference: self.u16()?,
            type_: self.u16()?,
            url: self.u16()?,
            extension: self.u16()?,
            data: self.u16()?,
            size: self.u16()?,
            link: self.u16()?,
            relation: self.u16()?,
            entry: self.u16()?,
            full_url: self.u16()?,
            full_url_beside: self.u16()?,
            search: self.u16()?,
            mode: self.u16()?,
            parameter: self.u16()?,
            part: self.u16()?,
            resource: self.u16()?,
        })
    }

    fn kind(&mut self) -> Read<Kind> {
        Ok(match self.u8()? {
            0 => {
                let number = self.u8()? as usize;
                Kind::Primitive(*ALL.get(number).ok_or(BadTable(self.at))?)
            }
            1 => Kind::Object(self.u32()?),
            2 => Kind::Contained,
            3 => Kind::ResourceType,
            4 => Kind::Ask,
            5 => Kind::Inline,
            _ => return Err(BadTable(self.at)),
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
        Ok(match self.u8()? {
            0 => ValueCheck::Ask,
            1 => ValueCheck::Text(self.u32()?),
            2 => ValueCheck::Coding(self.u32()?),
            3 => ValueCheck::Concept(self.u32()?),
            4 => ValueCheck::Reference {
                check: self.u32()?,
                targets: Box::new(Targets {
                    settles: self.flag()?,
                    types: self.list(Self::target)?,
                }),
            },
            5 => ValueCheck::Extension {
                by_url: self.u32()?,
                by_value: self.u32()?,
                on_line: self.u32()?,
            },
            6 => ValueCheck::Condition(Box::new(self.op()?)),
            7 => ValueCheck::Overlay(self.u32()?),
            8 => ValueCheck::Value(self.u32()?),
            _ => return Err(BadTable(self.at)),
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
                bounds: self.list(|r| Ok((r.u32()?, r.u32()?)))?,
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
        })
    }

    fn sign(&mut self) -> Read<Sign> {
        Ok(match self.u8()? {
            0 => Sign::Less,
            1 => Sign::LessOrEqual,
            2 => Sign::Greater,
            3 => Sign::GreaterOrEqual,
            4 => Sign::Equal,
            5 => Sign::Unequal,
            _ => return Err(BadTable(self.at)),
        })
    }

    fn literal(&mut self) -> Read<Literal> {
        Ok(match self.u8()? {
            0 => Literal::Boolean(self.flag()?),
            1 => Literal::Number(self.f64()?),
            2 => Literal::Text(self.string()?),
            _ => return Err(BadTable(self.at)),
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
        Ok(match self.u8()? {
            0 => Op::Const(self.flag()?),
            1 => Op::And(self.list(Self::op)?),
            2 => Op::Or(self.list(Self::op)?),
            3 => Op::Not(Box::new(self.op()?)),
            4 => Op::Has(self.keys()?),
            5 => Op::Is(self.keys()?, self.list(Self::literal)?),
            6 => Op::Each(self.u16()?, self.list(Self::literal)?),
            7 => Op::Number(self.keys()?, self.sign()?, self.f64()?),
            8 => Op::Prefix(self.keys()?, self.string()?),
            9 => Op::Part(self.keys()?, self.string()?),
            10 => Op::Match(self.keys()?, self.u32()?),
            11 => Op::Dates(self.keys()?, self.sign()?, self.keys()?),
            12 => Op::Count(self.list(Self::keys)?, self.sign()?, i64::from(self.u32()?)),
            13 => Op::One(self.keys()?, Box::new(self.op()?)),
            14 => Op::Any(self.keys()?, Box::new(self.op()?)),
            15 => Op::Distinct(
                self.list(|r| Ok((r.keys()?, r.op()?)))?,
                self.u16()?,
                self.u16()?,
            ),
            16 => Op::Shares(self.u16()?, self.keys()?),
            17 => Op::Resource(Box::new(self.op()?)),
            18 => Op::Doubt,
            19 => Op::Asked(self.u32()?),
            20 => Op::AskedOf(self.u32()?, self.projection()?),
            _ => return Err(BadTable(self.at)),
        })
    }
}
