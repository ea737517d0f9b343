//! Some members of an object as JSON, so that a question is about no more than its answer depends
//! on.

use crate::accept::tape::{Form, Key, Tape};

/// Members by their keys, each with those of its own members that count; none of them where all of
/// it does.
#[derive(Debug)]
pub struct Projection(pub Box<[(Key, Box<[Key]>)]>);

impl Projection {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn write(
        &self,
        text: &mut Vec<u8>,
        names: &[Box<[u8]>],
        bytes: &[u8],
        tape: &Tape,
        object: usize,
    ) {
        let writer = Writer { names, bytes, tape };
        writer.object(text, object, |key| {
            self.0
                .iter()
                .find(|(one, _)| *one == key)
                .map(|(_, inside)| &**inside)
        });
    }
}

struct Writer<'a> {
    names: &'a [Box<[u8]>],
    bytes: &'a [u8],
    tape: &'a Tape,
}

impl Writer<'_> {
    /// kept: which members of a member count, nothing for one that does not itself.
    fn object<'k>(
        &self,
        text: &mut Vec<u8>,
        object: usize,
        kept: impl Fn(Key) -> Option<&'k [Key]>,
    ) {
        let mut opening = b'{';
        for member in self.tape.inside(object) {
            let key = self.tape.at(member).key;
            if let Some(inside) = kept(key) {
                text.push(opening);
                text.push(b'"');
                text.extend_from_slice(&self.names[key as usize]);
                text.extend_from_slice(b"\":");
                self.value(text, member, inside);
                opening = b',';
            }
        }
        if opening == b'{' {
            text.push(opening);
        }
        text.push(b'}');
    }

    fn value(&self, text: &mut Vec<u8>, value: usize, inside: &[Key]) {
        let entry = self.tape.at(value);
        match entry.form {
            Form::Object if !inside.is_empty() => {
                self.object(text, value, |key| inside.contains(&key).then_some(&[]))
            }
            Form::Array if !inside.is_empty() => {
                let mut opening = b'[';
                for item in self.tape.inside(value) {
                    text.push(opening);
                    self.value(text, item, inside);
                    opening = b',';
                }
                text.push(b']');
            }
            form => {
                let quote = usize::from(form == Form::Text);
                text.extend_from_slice(
                    &self.bytes[entry.start as usize - quote..entry.end as usize + quote],
                );
            }
        }
    }
}
