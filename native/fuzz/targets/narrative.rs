//! Any bytes as a JSON string, and what they say as a narrative.
#![no_main]

use _native::accept::spelling::{place_before, respell, unescape};
use _native::xhtml::{certain_narrative, is_certainly_narrative, Anchors, Markup, Standing};
use libfuzzer_sys::fuzz_target;
use std::sync::Mutex;

/// What is remembered of all that was read.
static SEEN: Mutex<Option<Markup>> = Mutex::new(None);

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
    let mut fresh = Markup::default();
    if is_certainly_narrative(&text, Standing::default(), &mut anchors, &mut fresh) {
        anchors.lead_somewhere(|_| std::iter::empty());
    }
    if !data.iter().any(|&byte| byte < 0x20) && std::str::from_utf8(data).is_ok() {
        let rest = [data, b"\",<p>"].concat();
        let found = certain_narrative(&rest, Standing::default(), &mut others, &mut fresh);
        let mut seen = SEEN.lock().unwrap();
        let seen = seen.get_or_insert_default();
        for _ in 0..3 {
            anchors.clear();
            assert_eq!(certain_narrative(&rest, Standing::default(), &mut anchors, seen), found);
            assert_eq!(format!("{anchors:?}"), format!("{others:?}"));
        }
        if let Some(length) = found {
            let inside = &rest[..length];
            assert!(is_string(inside));
            text.clear();
            unescape(inside, &mut text);
            anchors.clear();
            assert!(is_certainly_narrative(&text, Standing::default(), &mut anchors, &mut fresh));
            let leads = anchors.lead_somewhere(|_| std::iter::empty());
            assert_eq!(leads, others.lead_somewhere(|_| std::iter::empty()));
        }
    }
    if data.contains(&b'"') {
        return; // what is outside of strings has no escapes, and lines with some are no JSON
    }
    let line = [b"\"", data, b"\""].concat();
    let mut respelled = Vec::new();
    let end = respell(&line, &mut respelled, 0);
    respelled.truncate(end);
    for end in 0..respelled.len().min(64) as u32 {
        if let Some((start, stop)) = place_before(&line, (end / 2, end)) {
            let written = &line[start as usize..stop as usize];
            assert_eq!(written, &respelled[(end / 2) as usize..end as usize]);
        }
    }
});
