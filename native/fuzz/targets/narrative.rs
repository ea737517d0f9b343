//! Any bytes as a JSON string, and what they say as a narrative.
#![no_main]

use _native::accept::spelling::{place_before, respell, unescape};
use _native::xhtml::{is_certainly_escaped_narrative, is_certainly_narrative, Anchors};
use libfuzzer_sys::fuzz_target;

/// Whether the bytes may stand between the quotes of a string as it is read: without escapes that it
/// does not need.
fn is_string(data: &[u8]) -> bool {
    let mut at = 0;
    while at < data.len() {
        at += match (data[at], data.get(at + 1)) {
            (b'"' | 0..=0x1f, _) => return false,
            (b'\\', Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't')) => 2,
            (b'\\', Some(b'u')) => {
                let digits = data.get(at + 2..at + 6).and_then(|digits| std::str::from_utf8(digits).ok());
                match digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
                    Some(0..=0x1f | 0x22 | 0x5c | 0x7f..=0xd7ff | 0xe000..) => 6,
                    _ => return false,
                }
            }
            (b'\\', _) => return false,
            _ => 1,
        }
    }
    std::str::from_utf8(data).is_ok()
}

fuzz_target!(|data: &[u8]| {
    let mut text = Vec::new();
    unescape(data, &mut text);
    let (mut anchors, mut others) = (Anchors::default(), Anchors::default());
    let is_certain = is_certainly_narrative(&text, 0, &mut anchors);
    let leads = anchors.lead_somewhere(|_| std::iter::empty());
    let also = is_certainly_escaped_narrative(data, 0, &mut others, &mut Vec::new());
    if is_string(data) {
        assert_eq!((is_certain, leads), (also, others.lead_somewhere(|_| std::iter::empty())));
    }
    if data.contains(&b'"') {
        return; // what is outside of strings has no escapes, and lines with some are no JSON
    }
    let line = [b"\"", data, b"\""].concat();
    let mut respelled = Vec::new();
    respell(&line, &mut respelled);
    for end in 0..respelled.len().min(64) as u32 {
        if let Some((start, stop)) = place_before(&line, (end / 2, end)) {
            let written = &line[start as usize..stop as usize];
            assert_eq!(written, &respelled[(end / 2) as usize..end as usize]);
        }
    }
});
