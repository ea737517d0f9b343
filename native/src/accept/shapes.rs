//! Shapes of objects: the names that one has, in their order. What names decide is decided once a
//! shape: that none comes twice, nor two of a choice; that what is required is there; and
//! conditions on what is there. What companions say is no part of it.

use crate::accept::fitted::Step;
use crate::accept::table::{Bits, Node};
use crate::accept::tape::Key;

/// Shapes at the most: objects of others are walked name by name.
const MOST_SHAPES: usize = 1 << 13;

/// A shape, by its number.
pub type ShapeNumber = u32;
/// Of objects that are walked name by name.
pub const NO_SHAPE: ShapeNumber = ShapeNumber::MAX;

/// Bytes of a text that is kept for when it comes again.
const LONGEST_TEXT: usize = 128;

/// Objects up to some name.
pub struct Shape {
    pub seen: Bits,
    pub members: u32,
    /// One of the names is `id`.
    pub has_id: bool,
    /// One more than the number of the last name's property, 0 at the start.
    pub last: usize,
    ways: Vec<(u16, ShapeNumber)>,
    /// Where objects of this shape end, the conditions that names do not settle; nothing where no
    /// object ended yet.
    pub left: Option<Box<[Left]>>,
    /// Overlays that were fitted to objects of this shape, by their numbers.
    fitted: Vec<(u32, Option<Steps>)>,
}

/// A condition that names do not settle: its number, and the way to what of it decides.
pub struct Left {
    pub condition: u16,
    pub way: Box<[u8]>,
}

/// What an overlay is left to ask of objects of a shape.
pub type Steps = Box<[Step]>;

/// Overlays fitted to one shape at the most.
const MOST_FITTED: usize = 8;

#[derive(Default)]
pub struct Shapes {
    /// Of each node the empty shape, one more than its number; 0 for none.
    roots: Vec<ShapeNumber>,
    shapes: Vec<Shape>,
    /// Of each shape the property that came next the last time, and the shape with it.
    next: Vec<(u16, ShapeNumber)>,
    /// Of each shape the last text that its last name had, with its quotes, where that was in order
    /// wherever it stands; empty where there was none.
    texts: Vec<Vec<u8>>,
}

impl Shapes {
    #[inline]
    pub fn at(&self, number: ShapeNumber) -> &Shape {
        &self.shapes[number as usize]
    }

    /// The property that came next after a shape the last time, and the shape with it.
    #[inline]
    pub fn next(&self, number: ShapeNumber) -> (u16, ShapeNumber) {
        self.next[number as usize]
    }

    /// How many bytes the text takes that the last name of a shape had the last time, if the bytes
    /// open with it.
    #[inline]
    pub fn same_text(&self, number: ShapeNumber, bytes: &[u8]) -> Option<usize> {
        let text = self.texts.get(number as usize)?;
        (!text.is_empty() && bytes.starts_with(text)).then_some(text.len())
    }

    /// A text of the last name of a shape is in order wherever it stands. text: with its quotes.
    pub fn keep_text(&mut self, number: ShapeNumber, text: &[u8]) {
        if let Some(kept) = self.texts.get_mut(number as usize) {
            kept.clear();
            if text.len() <= LONGEST_TEXT {
                kept.extend_from_slice(text);
            }
        }
    }

    /// The empty shape of a node; nothing where there are too many.
    #[inline]
    pub fn root(&mut self, node: u32) -> Option<ShapeNumber> {
        match self.roots.get(node as usize) {
            Some(&root) if root > 0 => Some(root - 1),
            _ => self.new_root(node as usize),
        }
    }

    #[cold]
    fn new_root(&mut self, node: usize) -> Option<ShapeNumber> {
        let root = self.add(Shape {
            seen: Bits::default(),
            members: 0,
            has_id: false,
            last: 0,
            ways: Vec::new(),
            left: None,
            fitted: Vec::new(),
        })?;
        if self.roots.len() <= node {
            self.roots.resize(node + 1, 0);
        }
        self.roots[node] = root + 1;
        Some(root)
    }

    fn add(&mut self, shape: Shape) -> Option<ShapeNumber> {
        if self.shapes.len() >= MOST_SHAPES {
            return None;
        }
        self.shapes.push(shape);
        self.next.push((u16::MAX, 0));
        self.texts.push(Vec::new());
        Some(self.shapes.len() as ShapeNumber - 1)
    }

    /// The shape with one more property; nothing where that may not stand there, or where there are
    /// too many.
    pub fn with(
        &mut self,
        number: ShapeNumber,
        node: &Node,
        property: usize,
        id: Key,
    ) -> Option<ShapeNumber> {
        let shape = self.at(number);
        let known = shape.ways.iter().find(|way| usize::from(way.0) == property);
        let next = match known {
            Some(&(_, next)) => next,
            None => {
                let added = &node.properties[property];
                let mut seen = shape.seen;
                let siblings = added.siblings.as_ref();
                if seen.has(property) || siblings.is_some_and(|others| seen.meets(others)) {
                    return None;
                }
                seen.set(property);
                let next = self.add(Shape {
                    seen,
                    members: shape.members + 1,
                    has_id: shape.has_id || added.key == id,
                    last: property + 1,
                    ways: Vec::new(),
                    left: None,
                    fitted: Vec::new(),
                })?;
                self.shapes[number as usize]
                    .ways
                    .push((property as u16, next));
                next
            }
        };
        self.next[number as usize] = (property as u16, next);
        Some(next)
    }

    /// What an overlay is left to ask of objects of a shape; nothing where it is not fitted to it,
    /// or was taken. `give_back` puts it back.
    pub fn take_fitted(&mut self, number: ShapeNumber, overlay: u32) -> Option<Steps> {
        let fitted = &mut self.shapes[number as usize].fitted;
        fitted.iter_mut().find(|one| one.0 == overlay)?.1.take()
    }

    pub fn give_back(&mut self, number: ShapeNumber, overlay: u32, steps: Steps) {
        let fitted = &mut self.shapes[number as usize].fitted;
        if let Some(one) = fitted.iter_mut().find(|one| one.0 == overlay) {
            one.1 = Some(steps);
        }
    }

    /// Fit an overlay to a shape, if that was not tried before.
    pub fn fit(&mut self, number: ShapeNumber, overlay: u32, fit: impl Fn() -> Option<Steps>) {
        let fitted = &mut self.shapes[number as usize].fitted;
        if fitted.len() < MOST_FITTED && fitted.iter().all(|one| one.0 != overlay) {
            fitted.push((overlay, fit()));
        }
    }

    /// An object of that shape ended, and all that its names decide is in order.
    pub fn prove(&mut self, number: ShapeNumber, node: &Node) {
        let shape = &mut self.shapes[number as usize];
        let keys: Vec<Key> = shape.seen.each().map(|n| node.properties[n].key).collect();
        let conditions = node.conditions.iter().enumerate();
        let left = conditions.filter(|(_, (op, _))| op.by_names(&keys) != Some(true));
        let left = left.map(|(number, (op, later))| Left {
            condition: number as u16,
            way: if *later {
                Box::default()
            } else {
                op.decisive(&keys).into()
            },
        });
        shape.left = Some(left.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_one_shape() {
        let mut shapes = Shapes::default();
        let (one, other) = (shapes.root(0).expect("room"), shapes.root(1).expect("room"));
        assert_eq!(shapes.same_text(one, b"\"final\""), None);
        shapes.keep_text(one, b"\"final\"");
        assert_eq!(shapes.same_text(one, b"\"final\","), Some(7));
        assert_eq!(shapes.same_text(one, b"\"finals\","), None);
        assert_eq!(shapes.same_text(one, b"\"fin"), None);
        assert_eq!(shapes.same_text(other, b"\"final\""), None);
        assert_eq!(shapes.same_text(NO_SHAPE, b"\"final\""), None);
        shapes.keep_text(one, &[b'"'; LONGEST_TEXT + 1]);
        assert_eq!(shapes.same_text(one, b"\"final\""), None);
    }
}
