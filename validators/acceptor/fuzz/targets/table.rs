//! Any bytes as a table, and then as the line that it judges: whatever Python lowers, nothing worse than a refusal or a caught panic.
#![no_main]

use _acceptor::block::{Acceptor, Columns};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut acceptor = Acceptor::default();
    let _ = acceptor.table.extend(data);
    acceptor.pass(data, &mut Columns::of(data));
});
