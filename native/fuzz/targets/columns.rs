//! Any bytes as the columns that the engine hands back, together and against one another: refused
//! or served, never a panic, and rows as many as there are lines.
#![no_main]

use _native::columns::{
    bucketed, count_lines, fill, gather, keys, measure, rebase, repeated, rooms,
};
use libfuzzer_sys::fuzz_target;

/// The bytes up to the place that the first byte names, and those after it.
fn part(data: &[u8]) -> (&[u8], &[u8]) {
    match data.split_first() {
        Some((&length, rest)) => rest.split_at(rest.len().min(length as usize)),
        None => (data, data),
    }
}

fuzz_target!(|data: &[u8]| {
    let (numbers, rest) = part(data);
    let (codes, rest) = part(rest);
    let (ends, texts) = part(rest);
    let tails = [texts.to_vec(), b"\n".to_vec()];
    if let Ok(rows) = fill(b"{", 7, numbers, b",", texts, codes, &tails[1..]) {
        assert_eq!(count_lines(&rows), codes.len() / 2);
        let moved = rebase(b"{", 3, &rows).expect("rows as they were made");
        assert_eq!(count_lines(&moved), count_lines(&rows));
    }
    let _ = fill(texts, u64::MAX - 3, numbers, ends, texts, codes, &tails);
    let _ = rebase(numbers, u64::MAX - 3, texts);
    if let Ok(made) = keys(texts, codes, &[5, u64::MAX], u64::MAX, (1 << 61) - 1) {
        assert_eq!(made.len(), codes.len() * 6);
        let _ = repeated(
            &made,
            numbers,
            &[(1, codes.len() / 4), (0, codes.len() / 4)],
            2,
        );
        for width in [8, 12] {
            let _ = bucketed(&[(&made, numbers, 0), (&made, numbers, u32::MAX - 9)], width);
        }
    }
    let _ = (
        keys(texts, codes, &[1], 3, 1),
        repeated(texts, numbers, &[(0, 2), (9, usize::MAX)], 9),
        bucketed(&[(texts, ends, 1)], codes.len()),
    );
    let _ = measure(numbers, ends, codes, 3);
    if let Ok(found) = rooms(texts, numbers, ends, codes, 3) {
        for (kind, size) in found.into_iter().enumerate() {
            let mut room = vec![0; size];
            gather(texts, numbers, ends, codes, kind, &mut room)
                .expect("columns that were looked at");
            assert!(size == 0 || room.ends_with(b"\n"));
        }
    }
});
