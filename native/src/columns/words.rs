//! Words: columns of numbers and of texts as their bytes, read one after the other.

/// What is wrong with the columns.
pub type Mismatch = &'static str;

pub const SHORT: Mismatch = "columns of different lengths";
pub const RAGGED: Mismatch = "no whole words";
pub const NO_CODE: Mismatch = "a code beyond the last";
pub const LARGE: Mismatch = "a number too large";

pub fn column<const WIDTH: usize>(
    bytes: &[u8],
) -> Result<impl ExactSizeIterator<Item = [u8; WIDTH]> + '_, Mismatch> {
    let words = bytes.chunks_exact(WIDTH);
    let whole = words.remainder().is_empty();
    whole
        .then(|| words.map(|word| word.try_into().unwrap_or([0; WIDTH])))
        .ok_or(RAGGED)
}

pub fn halves(bytes: &[u8]) -> Result<impl ExactSizeIterator<Item = usize> + '_, Mismatch> {
    Ok(column(bytes)?.map(|half| u16::from_ne_bytes(half) as usize))
}

pub fn words(bytes: &[u8]) -> Result<impl ExactSizeIterator<Item = u32> + '_, Mismatch> {
    Ok(column(bytes)?.map(u32::from_ne_bytes))
}

pub fn texts(column: &[u8]) -> impl Iterator<Item = &[u8]> + '_ {
    let mut start = 0;
    memchr::memchr_iter(b'\n', column).map(move |end| {
        let text = &column[start..end];
        start = end + 1;
        text
    })
}
