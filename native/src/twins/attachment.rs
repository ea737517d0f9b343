//! Attachments: data in base64, of the size that is stated.
//!
//! Twin of validators/rules/attachment.py and validators/values/base64_text.py
//! (digest 9c25058aec88).

use crate::accept::primitives::every;
use crate::accept::reason::Reason;
use crate::accept::walk::{Asked, Walk};

impl Walk<'_, '_> {
    /// Data in strict base64, and of the size that is stated. A hash is a question, which is a
    /// condition of the node.
    pub(crate) fn attachment(&mut self, index: usize) -> Asked {
        let known = self.table.known.attachment;
        let Some(data) = self.text_of(index, known.data) else {
            return Ok(());
        };
        let padding = data.iter().rev().take_while(|&&b| b == b'=').count();
        let body = &data[..data.len() - padding];
        if data.len() % 4 != 0
            || padding > 2
            || !every(body, |b| {
                b.is_ascii_alphanumeric() | (b == b'+') | (b == b'/')
            })
        {
            return Err(Reason::Attachment);
        }
        let length = data.len() / 4 * 3 - padding;
        match self.room.tape.member(index, known.size) {
            Some(size) if self.content(size) != length.to_string().as_bytes() => {
                Err(Reason::Attachment)
            }
            _ => Ok(()),
        }
    }
}
