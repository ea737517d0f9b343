//! One line: what its resource says of others. Whatever is odd in it is left to Python.

use std::collections::HashSet;

use super::key::key;
use super::paths::Paths;
use crate::accept::lexer::{Lexer, Text};

const DEPTH: u32 = 64;
const LONGEST: usize = 16 << 20;
/// Bytes of a text that a finding shows.
const SHOWN: usize = 200;
/// Paths of one line, and profiles that it claims.
const MOST_PATHS: usize = 4096;
const MOST_PROFILES: usize = 16;

/// The line is Python's to read.
pub(super) struct Unclear;
type Read<T = ()> = Result<T, Unclear>;

/// What an object is to its line.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Line,
    /// A resource inside the line's own: contained, or of an entry.
    Inner,
    Meta,
    Identifier,
    Extension,
    Other,
}

/// A reference: where it stands, and its text.
pub(super) struct Referral<'a> {
    pub path: usize,
    pub text: &'a [u8],
}

/// What a line says.
pub(super) struct Said<'a> {
    pub root: usize,
    pub id: Option<&'a [u8]>,
    pub mentions: Vec<Referral<'a>>,
    /// (path, system, value)
    pub identifiers: Vec<(usize, &'a [u8], &'a [u8])>,
    pub profiles: Vec<&'a [u8]>,
    /// The elements that are there, each once.
    pub present: Vec<usize>,
    /// Keys of what the entries of a Bundle are called.
    pub entries: HashSet<u128>,
}

pub(super) struct LineWalk<'a, 'p> {
    lexer: Lexer<'a>,
    paths: &'p mut Paths,
    secret: u128,
    line: usize,
    is_bundle: bool,
    inner: u32,
    said: Said<'a>,
}

impl<'a, 'p> LineWalk<'a, 'p> {
    /// number: of the line, from 1.
    pub fn line(
        line: &'a [u8],
        paths: &'p mut Paths,
        secret: u128,
        number: usize,
    ) -> Result<Said<'a>, Unclear> {
        if line.len() > LONGEST {
            return Err(Unclear);
        }
        let mut walk = LineWalk {
            lexer: Lexer::new(line),
            paths,
            secret,
            line: number,
            is_bundle: false,
            inner: 0,
            said: Said {
                root: 0,
                id: None,
                mentions: Vec::new(),
                identifiers: Vec::new(),
                profiles: Vec::new(),
                present: Vec::new(),
                entries: HashSet::new(),
            },
        };
        walk.object(0, Part::Line, 0)?;
        if walk.lexer.peek() != 0 || walk.lexer.at != line.len() {
            return Err(Unclear);
        }
        Ok(walk.said)
    }

    /// An object; of a resource the first member says its type, and path is not looked at.
    fn object(&mut self, path: usize, part: Part, depth: u32) -> Read {
        if depth > DEPTH {
            return Err(Unclear);
        }
        self.lexer.eat(b'{').map_err(|_| Unclear)?;
        let mut path = path;
        let mut type_name: &[u8] = b"";
        if matches!(part, Part::Line | Part::Inner) {
            (path, type_name) = self.resource_type(part)?;
            if !self.lexer.more(b'}').map_err(|_| Unclear)? {
                return Ok(());
            }
        } else if self.lexer.peek() == b'}' {
            self.lexer.at += 1;
            return Ok(());
        }
        let (mut system, mut value) = (None, None);
        loop {
            let name = self.name()?;
            let child = self.member(path, name)?;
            if self.lexer.peek() == b'"' {
                let text = self.text()?;
                match (part, name) {
                    (_, b"reference") => {
                        let text = self.plain(text)?;
                        self.said.mentions.push(Referral { path, text });
                    }
                    (Part::Line, b"id") => self.said.id = Some(self.plain(text)?),
                    (Part::Inner, b"id") if self.is_bundle => {
                        let id = self.plain(text)?;
                        let own = key(self.secret, &[type_name, b"/", id]);
                        self.said.entries.insert(own);
                    }
                    (_, b"fullUrl") if self.is_bundle => {
                        let own = key(self.secret, &[self.plain(text)?]);
                        self.said.entries.insert(own);
                    }
                    (Part::Extension, b"url") => self.extension(path, text)?,
                    (Part::Identifier, b"system") => system = Some(self.plain(text)?),
                    (Part::Identifier, b"value") => value = Some(self.plain(text)?),
                    _ => {}
                }
            } else {
                self.value(child, part_of(part, name), depth)?;
            }
            if !self.lexer.more(b'}').map_err(|_| Unclear)? {
                break;
            }
        }
        if let (Some(system), Some(value)) = (system, value) {
            if system.len() + value.len() >= SHOWN {
                return Err(Unclear);
            }
            self.said.identifiers.push((path, system, value));
        }
        Ok(())
    }

    /// A value that is no text; of an array each item that is an object.
    fn value(&mut self, path: usize, part: Part, depth: u32) -> Read {
        match self.lexer.peek() {
            b'{' => self.part(path, part, depth),
            b'[' => {
                self.lexer.at += 1;
                if self.lexer.peek() == b']' {
                    self.lexer.at += 1;
                    return Ok(());
                }
                loop {
                    match self.lexer.peek() {
                        b'{' => self.part(path, part, depth)?,
                        b'[' => return Err(Unclear),
                        b'"' => {
                            let text = self.text()?;
                            if part == Part::Meta && self.paths.name(path) == b"profile" {
                                let url = self.plain(text)?;
                                self.said.profiles.push(url);
                            }
                        }
                        _ => self.lexer.skip().map_err(|_| Unclear)?,
                    }
                    if !self.lexer.more(b']').map_err(|_| Unclear)? {
                        break;
                    }
                }
                if self.said.profiles.len() > MOST_PROFILES {
                    return Err(Unclear);
                }
                Ok(())
            }
            _ => self.lexer.skip().map_err(|_| Unclear),
        }
    }

    fn part(&mut self, path: usize, part: Part, depth: u32) -> Read {
        let nested = u32::from(part == Part::Inner);
        self.inner += nested;
        self.object(path, part, depth + 1)?;
        self.inner -= nested;
        Ok(())
    }

    fn resource_type(&mut self, part: Part) -> Read<(usize, &'a [u8])> {
        if self.name()? != b"resourceType" {
            return Err(Unclear);
        }
        let text = self.text()?;
        let name = self.plain(text)?;
        let path = self.paths.root(name).ok_or(Unclear)?;
        if part == Part::Line {
            self.said.root = path;
            self.is_bundle = name == b"Bundle";
            self.met(path)?;
        }
        Ok((path, name))
    }

    /// The name of a member; of what stands beside a primitive, the primitive's.
    fn name(&mut self) -> Read<&'a [u8]> {
        let name = self.text()?;
        self.lexer.eat(b':').map_err(|_| Unclear)?;
        let name = self.plain(name)?;
        Ok(name.strip_prefix(b"_").unwrap_or(name))
    }

    fn member(&mut self, path: usize, name: &[u8]) -> Read<usize> {
        let child = self.paths.child(path, name).ok_or(Unclear)?;
        self.met(child)?;
        Ok(child)
    }

    fn extension(&mut self, path: usize, url: Text) -> Read {
        let mut name = vec![b':'];
        name.extend_from_slice(self.plain(url)?);
        self.member(path, &name).map(|_| ())
    }

    fn met(&mut self, path: usize) -> Read {
        if self.inner == 0 && self.paths.is_new(path, self.line) {
            if self.said.present.len() >= MOST_PATHS {
                return Err(Unclear);
            }
            self.said.present.push(path);
        }
        Ok(())
    }

    fn text(&mut self) -> Read<Text> {
        self.lexer.text().map_err(|_| Unclear)
    }

    /// The text of a string that is written as it is, and short enough to show.
    fn plain(&self, text: Text) -> Read<&'a [u8]> {
        if text.escaped || text.end - text.start > SHOWN {
            return Err(Unclear);
        }
        Ok(&self.lexer.bytes[text.start..text.end])
    }
}

/// What a member of an object is to the line.
fn part_of(part: Part, name: &[u8]) -> Part {
    match (part, name) {
        (_, b"contained" | b"resource" | b"outcome") => Part::Inner,
        (_, b"extension" | b"modifierExtension") => Part::Extension,
        (Part::Line, b"meta") => Part::Meta,
        (Part::Line, b"identifier") => Part::Identifier,
        (Part::Meta, b"profile") => Part::Meta,
        _ => Part::Other,
    }
}
