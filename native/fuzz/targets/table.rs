//! Any bytes as a table and as the lines that it judges: whatever Python lowers, nothing worse than
//! a refusal or a caught panic. The first two bytes say how many of the last ones are lines.
#![no_main]

use std::sync::Once;

use _native::accept::block::{Acceptor, Columns};
use libfuzzer_sys::fuzz_target;

static QUIET: Once = Once::new();

fuzz_target!(|data: &[u8]| {
    // A panic at a bad table is allowed inside the wall around one line; libFuzzer's own hook would
    // end the process before the wall is reached.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let Some((length, rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    let (records, lines) = rest.split_at(
        rest.len()
            .saturating_sub(u16::from_le_bytes(*length) as usize),
    );
    let mut acceptor = Acceptor::default();
    let _ = acceptor.table.extend(records);
    let mut columns = Columns::of(lines);
    for _ in 0..4 {
        for (check, text) in acceptor.pass(lines, &mut columns) {
            acceptor.memo.put(check, &text, check % 4, vec![check % 2]);
        }
    }
});
