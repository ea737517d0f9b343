//! Any bytes as a program about any resource: the first bytes say how many of them are the line.
#![no_main]

use _native::accept::block::{Acceptor, Columns};
use _native::accept::table::tags::LAYOUT;
use libfuzzer_sys::fuzz_target;

/// A table with one type, whose members are texts, numbers, booleans and objects of its own.
fn table(program: &[u8]) -> Vec<u8> {
    let names = ["resourceType", "id", "url", "entry", "resource", "reference", "_url", "value"];
    let mut table = vec![6];
    table.extend(LAYOUT.to_le_bytes());
    for name in names {
        table.push(1);
        table.extend((name.len() as u16).to_le_bytes());
        table.extend(name.as_bytes());
    }
    table.push(2);
    table.extend([1, 0, b'A', 0, 0, 0, 0]);
    table.push(3);
    table.extend([0, 0, 0, 0, 1, 255, 255, 255, 255]);
    let property = |key: u16, companion: u16, kind: &[u8], flags: u8, all: &mut Vec<u8>| {
        all.extend(key.to_le_bytes());
        all.extend(companion.to_le_bytes());
        all.extend([0; 4]);
        all.extend(kind);
        all.push(flags);
        all.extend([0, 0, 255, 255, 255, 255, 0, 0]);
    };
    let mut properties = Vec::new();
    property(0, 0, &[3], 0, &mut properties);
    property(1, 1, &[0, 2], 0, &mut properties);
    property(2, 6, &[0, 0], 2, &mut properties);
    property(3, 3, &[1, 0, 0, 0, 0], 1, &mut properties);
    property(4, 4, &[1, 0, 0, 0, 0], 0, &mut properties);
    property(5, 5, &[0, 0], 1, &mut properties);
    property(7, 7, &[0, 13], 0, &mut properties);
    table.extend(7u16.to_le_bytes());
    table.extend(properties);
    table.extend([0, 0, 1, 0]);
    table.extend(program);
    table
}

fuzz_target!(|data: &[u8]| {
    let Some((&length, rest)) = data.split_first() else { return };
    let (program, line) = rest.split_at((length as usize).min(rest.len()));
    let mut acceptor = Acceptor::default();
    // the tag of programs, the type they are for, an expression, and a doubt
    let condition = [&[21, 0, 0, 5], program, &[18]].concat();
    if acceptor.table.extend(&table(&condition)).is_err() {
        return;
    }
    let lines = [&br#"{"resourceType":"A","id":"a","url":"b","entry":[{"resource":{"url":"c"}}]}"#[..], line].join(&b'\n');
    let mut columns = Columns::of(&lines);
    acceptor.pass(&lines, &mut columns);
    assert!(columns.fallbacks().all(|(_, reason)| reason != "panic"));
});
