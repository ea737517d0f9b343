//! Any bytes as a JSON string, and what they say as a narrative.
#![no_main]

use _native::accept::spelling::{place_before, respell, unescape};
use _native::xhtml::{certain_narrative, is_certainly_narrative, Anchors, Standing};
use libfuzzer_sys::fuzz_target;

/// Whether bytes without control characters may stand between the quotes of a string, with none but
/// the usual escapes of narratives.
fn is_string(data: &[u8]) -> bool {
    let mut rest = data;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        let escape = rest.get(at..at + 2);
        if !matches!(escape, Some(br#"\""# | br"\\" | br"\n" | br"\r" | br"\t")) {
            return false;
        }
        rest = &rest[at + 2..];
    }
    true
}

fuzz_target!(|data: &[u8]| {
    let mut text = Vec::new();
    unescape(data, &mut text);
    let (mut anchors, mut others) = (Anchors::default(), Anchors::default());
    if is_certainly_narrative(&text, Standing::default(), &mut anchors) {
        anchors.lead_somewhere(|_| std::iter::empty());
    }
    if !data.iter().any(|&byte| byte < 0x20) && std::str::from_utf8(data).is_ok() {
        let rest = [data, b"\",<p>"].concat();
        if let Some(length) = certain_narrative(&rest, Standing::default(), &mut others) {
            let inside = &rest[..length];
            assert!(is_string(inside));
            text.clear();
            unescape(inside, &mut text);
            anchors.clear();
            assert!(is_certainly_narrative(&text, Standing::default(), &mut anchors));
            let leads = anchors.lead_somewhere(|_| std::iter::empty());
            assert_eq!(leads, others.lead_somewhere(|_| std::iter::empty()));
        }
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
