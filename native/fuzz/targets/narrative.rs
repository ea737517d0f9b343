//! Any bytes as a JSON string, and what they say as a narrative.
#![no_main]

use _native::accept::spelling::{place_before, respell, unescape};
use _native::xhtml::{is_certainly_narrative, Anchors};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut text = Vec::new();
    unescape(data, &mut text);
    let mut anchors = Anchors::default();
    if is_certainly_narrative(&text, 0, &mut anchors) {
        anchors.lead_somewhere(|_| std::iter::empty());
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
