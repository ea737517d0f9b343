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
    let mut respelled = Vec::new();
    respell(data, &mut respelled);
    for end in 0..respelled.len().min(64) as u32 {
        if let Some((start, stop)) = place_before(data, (end / 2, end)) {
            let written = &data[start as usize..stop as usize];
            assert_eq!(written, &respelled[(end / 2) as usize..end as usize]);
        }
    }
});
