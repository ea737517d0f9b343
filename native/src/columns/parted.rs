//! Parted: texts and numbers by the code of their row.

use super::words::{halves, texts as separate, words, Mismatch, LARGE, NO_CODE, SHORT};

/// For every code how long each of its texts is added up, from 0 on: the bounds of a column of
/// texts that stand in a row. A column has less than 2^31 bytes.
pub fn bounds(
    starts: &[u8],
    ends: &[u8],
    codes: &[u8],
    kinds: usize,
) -> Result<Vec<Vec<u32>>, Mismatch> {
    let (starts, ends, codes) = (words(starts)?, words(ends)?, halves(codes)?);
    if starts.len() != ends.len() || starts.len() != codes.len() {
        return Err(SHORT);
    }
    let mut made = vec![vec![0u32]; kinds];
    for ((start, end), code) in starts.zip(ends).zip(codes) {
        let bounds = made.get_mut(code).ok_or(NO_CODE)?;
        let size = end
            .checked_sub(start)
            .ok_or("a line that ends before it starts")?;
        let sum = u64::from(*bounds.last().unwrap_or(&0)) + u64::from(size);
        let sum = i32::try_from(sum).map_err(|_| "a column too long")?;
        bounds.push(sum as u32);
    }
    Ok(made)
}

/// Writes the texts of one code into the room that they need.
pub fn texts(
    data: &[u8],
    starts: &[u8],
    ends: &[u8],
    codes: &[u8],
    kind: usize,
    room: &mut [u8],
) -> Result<(), Mismatch> {
    let mut at = 0;
    for ((start, end), _) in words(starts)?
        .zip(words(ends)?)
        .zip(halves(codes)?)
        .filter(|&(_, code)| code == kind)
    {
        let text = data
            .get(start as usize..end as usize)
            .ok_or("a line beyond the data")?;
        room[at..at + text.len()].copy_from_slice(text);
        at += text.len();
    }
    Ok(())
}

/// The numbers of each code, in their order, with something added to each: 64-bit words.
pub fn numbers(
    column: &[u8],
    codes: &[u8],
    kinds: usize,
    added: i64,
) -> Result<Vec<Vec<u8>>, Mismatch> {
    let (column, codes) = (words(column)?, halves(codes)?);
    if column.len() != codes.len() {
        return Err(SHORT);
    }
    let mut made = vec![Vec::new(); kinds];
    for (number, code) in column.zip(codes) {
        let sum = added.checked_add(i64::from(number)).ok_or(LARGE)?;
        let numbers = made.get_mut(code).ok_or(NO_CODE)?;
        numbers.extend_from_slice(&sum.to_ne_bytes());
    }
    Ok(made)
}

/// Where the texts of a column start and end.
pub fn spans(column: &[u8]) -> (Vec<u32>, Vec<u32>) {
    let mut start = 0;
    separate(column)
        .map(|text| {
            let span = (start, start + text.len() as u32);
            start = span.1 + 1;
            span
        })
        .unzip()
}
