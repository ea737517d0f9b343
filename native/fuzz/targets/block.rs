//! Any bytes as a block of lines, judged by a table of R4's (made by `make_table.py`, named by
//! ACCEPTOR_TABLE), questions answered at random; and a closer look at each line, by entry or by
//! site.
#![no_main]

use std::sync::OnceLock;

use _native::accept::block::{Acceptor, Columns, ACCEPTED};
use libfuzzer_sys::fuzz_target;

static RECORDS: OnceLock<Vec<u8>> = OnceLock::new();

fn acceptor(closer: bool) -> Acceptor {
    let records = RECORDS.get_or_init(|| {
        std::fs::read(std::env::var("ACCEPTOR_TABLE").expect("ACCEPTOR_TABLE")).expect("a table")
    });
    let mut acceptor = Acceptor::default();
    acceptor.closer = closer;
    acceptor.table.extend(records).expect("a sound table");
    acceptor
}

thread_local! {
    static ACCEPTORS: std::cell::RefCell<[Acceptor; 2]> =
        std::cell::RefCell::new([acceptor(false), acceptor(true)]);
}

fuzz_target!(|data: &[u8]| {
    ACCEPTORS.with_borrow_mut(|both| both.iter_mut().for_each(|one| judge(one, data)));
});

fn judge(acceptor: &mut Acceptor, data: &[u8]) {
    let overlays = acceptor.table.overlays.len().max(1) as u32;
    let mut columns = Columns::of(data);
    for _ in 0..6 {
        let questions = acceptor.pass(data, &mut columns);
        if questions.is_empty() {
            break;
        }
        for (check, text) in questions {
            let chance = text.iter().fold(check, |sum, &byte| {
                sum.wrapping_mul(31).wrapping_add(u32::from(byte))
            });
            // Types, nodes and overlays are all in the table: more of them there are not.
            let value = match chance % 8 {
                _ if check < 3 => 0,
                0 => 0,
                1..=4 => 1,
                5 => 2 + (chance >> 8) % 4,
                _ => 3 + (chance >> 8) % overlays,
            };
            acceptor.memo.put(
                check,
                &text,
                value,
                if chance % 7 == 0 {
                    vec![chance % 3]
                } else {
                    vec![]
                },
            );
        }
    }
    for (position, _) in columns
        .states
        .iter()
        .enumerate()
        .filter(|(_, &state)| state == ACCEPTED)
    {
        let line = &data[columns.starts[position] as usize..columns.ends[position] as usize];
        assert!(std::str::from_utf8(line).is_ok());
        let (start, end) = columns.ids[position];
        assert!(start <= end && end <= columns.ends[position]);
    }
    assert!(columns.fallbacks().all(|(_, reason)| reason != "panic"));
}
