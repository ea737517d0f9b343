//! Paths of elements, each once: `Observation.subject`, `Patient.extension:http://…`.

use std::collections::HashMap;

/// Paths in one block; the lines that need more are left to Python.
const MOST: usize = 1 << 14;

struct Node {
    parent: usize,
    name: Box<[u8]>,
    children: Vec<usize>,
    /// The child that was asked for last: members come in the same order, line after line.
    last: usize,
    /// The line that the path was met in last, from 1.
    line: usize,
}

#[derive(Default)]
pub struct Paths {
    nodes: Vec<Node>,
    roots: HashMap<Box<[u8]>, usize>,
}

impl Paths {
    /// The path of a resource type; nothing where there are too many paths.
    pub fn root(&mut self, name: &[u8]) -> Option<usize> {
        if let Some(&number) = self.roots.get(name) {
            return Some(number);
        }
        let number = self.add(usize::MAX, name)?;
        self.roots.insert(name.into(), number);
        Some(number)
    }

    /// The path of an element of another. An extension's begins with a colon.
    pub fn child(&mut self, parent: usize, name: &[u8]) -> Option<usize> {
        let (children, last) = (&self.nodes[parent].children, self.nodes[parent].last);
        let count = children.len();
        let found = (1..=count)
            .map(|step| (last + step) % count)
            .find(|&place| *self.nodes[children[place]].name == *name);
        if let Some(place) = found {
            let number = children[place];
            self.nodes[parent].last = place;
            return Some(number);
        }
        let number = self.add(parent, name)?;
        self.nodes[parent].last = count;
        self.nodes[parent].children.push(number);
        Some(number)
    }

    fn add(&mut self, parent: usize, name: &[u8]) -> Option<usize> {
        if self.nodes.len() >= MOST {
            return None;
        }
        self.nodes.push(Node {
            parent,
            name: name.into(),
            children: Vec::new(),
            last: 0,
            line: 0,
        });
        Some(self.nodes.len() - 1)
    }

    /// Whether it is the first time that the line meets the path.
    pub fn is_new(&mut self, number: usize, line: usize) -> bool {
        std::mem::replace(&mut self.nodes[number].line, line) != line
    }

    pub fn name(&self, number: usize) -> &[u8] {
        &self.nodes[number].name
    }

    /// Every path as text, by its number.
    pub fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let name = String::from_utf8_lossy(&node.name);
            let text = match texts.get(node.parent) {
                None => name.into_owned(),
                Some(parent) if name.starts_with(':') => format!("{parent}{name}"),
                Some(parent) => format!("{parent}.{name}"),
            };
            texts.push(text);
        }
        texts
    }
}
