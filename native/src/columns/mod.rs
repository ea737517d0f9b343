//! What a caller does with the columns of a block afterwards: rows of a template, keys, keys that
//! come more than once, lines by kind.
//!
//! Columns of numbers are bytes of native words, columns of texts are bytes in which every text
//! ends in a newline. Nothing here knows what they mean: templates, factors and primes are the
//! caller's. Columns that do not fit together are an error, never a panic.

mod metas;
pub mod parted;
mod words;

pub use metas::metas;
pub use words::{column, texts, words, Mismatch};
use words::{halves, LARGE, NO_CODE, SHORT};

/// How many buckets keys are put into: by their lowest byte.
pub const BUCKETS: usize = 256;

/// Bytes of a key with its check, and without.
const KEY: usize = 12;
const BARE_KEY: usize = 8;

pub fn count_lines(data: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', data).count()
}

fn push_number(rows: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    rows.extend_from_slice(&digits[at..]);
}

/// A row for every number: head, the number and ``base``, middle, the text, the tail of its code.
pub fn fill(
    head: &[u8],
    base: u64,
    numbers: &[u8],
    middle: &[u8],
    column: &[u8],
    codes: &[u8],
    tails: &[impl AsRef<[u8]>],
) -> Result<Vec<u8>, Mismatch> {
    let (numbers, codes, mut texts) = (words(numbers)?, halves(codes)?, texts(column));
    if numbers.len() != codes.len() {
        return Err(SHORT);
    }
    let longest = tails
        .iter()
        .map(|tail| tail.as_ref().len())
        .max()
        .unwrap_or(0);
    let mut rows = Vec::with_capacity(
        numbers.len() * (head.len() + 20 + middle.len() + longest) + column.len(),
    );
    for (number, code) in numbers.zip(codes) {
        let text = texts.next().ok_or(SHORT)?;
        let tail = tails.get(code).ok_or(NO_CODE)?;
        rows.extend_from_slice(head);
        push_number(&mut rows, base.checked_add(u64::from(number)).ok_or(LARGE)?);
        rows.extend_from_slice(middle);
        rows.extend_from_slice(text);
        rows.extend_from_slice(tail.as_ref());
    }
    if texts.next().is_some() {
        return Err(SHORT);
    }
    Ok(rows)
}

/// The lines, each of which begins with ``head`` and a number, with ``base`` added to that number.
pub fn rebase(head: &[u8], base: u64, lines: &[u8]) -> Result<Vec<u8>, Mismatch> {
    let mut moved = Vec::with_capacity(lines.len() + lines.len() / 8);
    let mut rest = lines;
    while !rest.is_empty() {
        let after = rest
            .strip_prefix(head)
            .ok_or("a line that begins otherwise")?;
        let count = after
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let number = std::str::from_utf8(&after[..count])
            .ok()
            .and_then(|digits| digits.parse::<u64>().ok())
            .ok_or("a line without a number")?;
        let end = memchr::memchr(b'\n', after).map_or(after.len(), |at| at + 1);
        moved.extend_from_slice(head);
        push_number(&mut moved, number.checked_add(base).ok_or(LARGE)?);
        moved.extend_from_slice(&after[count..end]);
        rest = &after[end..];
    }
    Ok(moved)
}

/// For every text, read as one little-endian number, a key of twelve bytes: that number times
/// ``factor`` plus the addition of its code, modulo ``prime``; and a check, the upper half of that
/// number modulo 2^61 - 1 times ``factor``, so that two texts that meet in the one differ in the
/// other.
pub fn keys(
    column: &[u8],
    codes: &[u8],
    additions: &[u64],
    factor: u64,
    prime: u64,
) -> Result<Vec<u8>, Mismatch> {
    if prime == 0 {
        return Err("no prime");
    }
    let (codes, mut texts, divisor) = (halves(codes)?, texts(column), Divisor::of(prime));
    let mut keys = Vec::with_capacity(codes.len() * KEY);
    for code in codes {
        let text = texts.next().ok_or(SHORT)?;
        let addition = additions.get(code).ok_or(NO_CODE)?;
        let (number, check) = remainders(text, &divisor);
        let product = u128::from(number) * u128::from(factor) + u128::from(*addition);
        let mut key = [0; KEY];
        key[..8].copy_from_slice(&divisor.rest_of(product).to_le_bytes());
        key[8..].copy_from_slice(&check.wrapping_mul(factor).to_le_bytes()[4..]);
        keys.extend_from_slice(&key);
    }
    if texts.next().is_some() {
        return Err(SHORT);
    }
    Ok(keys)
}

/// A number that others are divided by, again and again: where it has all its 64 bits, by
/// multiplication (Möller and Granlund, Improved division by invariant integers).
struct Divisor {
    number: u64,
    /// (2^128 - 1) / number - 2^64; nothing where the number has fewer bits.
    reciprocal: Option<u64>,
}

impl Divisor {
    fn of(number: u64) -> Divisor {
        let reciprocal = (number >> 63 == 1).then(|| (u128::MAX / u128::from(number)) as u64);
        Divisor { number, reciprocal }
    }

    fn rest_of(&self, value: u128) -> u64 {
        let (upper, lower) = ((value >> 64) as u64, value as u64);
        match self.reciprocal {
            Some(reciprocal) if upper < self.number => {
                let quotient = u128::from(reciprocal) * u128::from(upper);
                let quotient = quotient.wrapping_add(value);
                let (whole, part) = (((quotient >> 64) as u64).wrapping_add(1), quotient as u64);
                let mut rest = lower.wrapping_sub(whole.wrapping_mul(self.number));
                if rest > part {
                    rest = rest.wrapping_add(self.number);
                }
                if rest >= self.number {
                    rest -= self.number;
                }
                rest
            }
            _ => (value % u128::from(self.number)) as u64,
        }
    }
}

/// The text as a number modulo the prime, and modulo 2^61 - 1.
fn remainders(text: &[u8], divisor: &Divisor) -> (u64, u64) {
    const MERSENNE: u64 = (1 << 61) - 1;
    let folded = |number: u64| (number & MERSENNE) + (number >> 61);
    let (number, check) = text.chunks(8).rev().fold((0, 0), |(sum, check), chunk| {
        let limb = match chunk.try_into() {
            Ok(whole) => u64::from_le_bytes(whole),
            Err(_) => chunk
                .iter()
                .rev()
                .fold(0, |limb, &byte| limb << 8 | u64::from(byte)),
        };
        let number = (u128::from(sum) << 64) | u128::from(limb);
        // 2^64 counts as 8. What is folded has 61 bits and a little, so that no sum has 64.
        let check = ((check & (MERSENNE >> 3)) << 3) + (check >> 58) + folded(limb);
        (divisor.rest_of(number), folded(check))
    });
    (number, check % MERSENNE)
}

/// How many keys each bucket holds, as words; then of all keys, bucket by bucket, the first
/// ``width`` bytes; then their numbers. Each block is (keys, numbers, what to add to these).
pub fn bucketed(blocks: &[(&[u8], &[u8], u32)], width: usize) -> Result<Vec<u8>, Mismatch> {
    if width > KEY {
        return Err("a key that is wider than keys are");
    }
    let mut counts = [0usize; BUCKETS];
    for (keys, numbers, _) in blocks {
        let keys = column::<KEY>(keys)?;
        if keys.len() != words(numbers)?.len() {
            return Err(SHORT);
        }
        keys.for_each(|key| counts[key[0] as usize] += 1);
    }
    let total: usize = counts.iter().sum();
    let mut places = [0; BUCKETS];
    let mut before = 0;
    for (place, count) in places.iter_mut().zip(counts) {
        *place = before;
        before += count;
    }
    let (mut sorted, mut lines) = (vec![[0; KEY]; total], vec![0u32; total]);
    for (keys, numbers, first) in blocks {
        for (key, number) in column::<KEY>(keys)?.zip(words(numbers)?) {
            let place = &mut places[key[0] as usize];
            sorted[*place] = key;
            lines[*place] = number.checked_add(*first).ok_or(LARGE)?;
            *place += 1;
        }
    }
    let mut segment = Vec::with_capacity(4 * BUCKETS + (width + 4) * total);
    for count in counts {
        segment.extend_from_slice(&u32::try_from(count).map_err(|_| LARGE)?.to_ne_bytes());
    }
    if width == KEY {
        segment.extend_from_slice(sorted.as_flattened());
    } else {
        segment.extend(sorted.iter().flat_map(|key| &key[..width]));
    }
    segment.extend(lines.iter().flat_map(|line| line.to_ne_bytes()));
    Ok(segment)
}

/// Where something stands: (run, line in it).
pub type RunLine = (u32, u32);

/// How many different keys there are; and of those that come more than once, the ``most`` whose
/// first place comes first, each with its first and last place. ``runs`` are (number, how many
/// keys): a key's place is its run's number and its line. A key has twelve bytes, or, without its
/// check, eight.
pub fn repeated(
    keys: &[u8],
    lines: &[u8],
    runs: &[(u32, usize)],
    most: usize,
) -> Result<(usize, Vec<(RunLine, RunLine)>), Mismatch> {
    let count = words(lines)?.len();
    if runs
        .iter()
        .try_fold(0usize, |sum, run| sum.checked_add(run.1))
        != Some(count)
    {
        return Err(SHORT);
    }
    let (alone, mut rows) = if keys.len() == KEY * count {
        suspects(keys, |[number @ .., a, b, c, d]: [u8; KEY]| {
            (u64::from_le_bytes(number), u32::from_le_bytes([a, b, c, d]))
        })
    } else if keys.len() == BARE_KEY * count {
        suspects(keys, |number| (u64::from_le_bytes(number), 0))
    } else {
        Err(SHORT)
    }?;
    rows.sort_unstable();
    let ends: Vec<usize> = runs
        .iter()
        .scan(0, |end, run| {
            *end += run.1;
            Some(*end)
        })
        .collect();
    let stands = |place: u32| -> RunLine {
        let run = ends.partition_point(|&end| end <= place as usize);
        let at = 4 * place as usize;
        let line = [lines[at], lines[at + 1], lines[at + 2], lines[at + 3]];
        (runs[run].0, u32::from_ne_bytes(line))
    };
    let mut distinct = alone;
    let mut found = Vec::new();
    for same in rows.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        distinct += 1;
        if same.len() > 1 {
            let places = same.iter().map(|row| stands(row.2));
            let (first, last) = places
                .fold(((u32::MAX, u32::MAX), (0, 0)), |(first, last), place| {
                    (place.min(first), place.max(last))
                });
            found.push((first, last));
        }
    }
    found.sort_unstable();
    found.truncate(most);
    Ok((distinct, found))
}

/// A key's number and check, and its place among all keys.
type KeyRow = (u64, u32, u32);

/// Of how many keys it is plain that they come once, and the other ones: all that come more than
/// once are among these, and about an eighth of the rest. A key is put into one of at least sixteen
/// cells a key, by its number but for the lowest byte, which many of them share. A cell has two
/// bits: whether a key is in it, and whether another is.
fn suspects<const WIDTH: usize>(
    keys: &[u8],
    read: impl Fn([u8; WIDTH]) -> (u64, u32),
) -> Result<(usize, Vec<KeyRow>), Mismatch> {
    const CELLS: usize = u64::BITS as usize / 2; // of a word
    let count = column::<WIDTH>(keys)?.len();
    let mut words = vec![0u64; (16 * count).next_power_of_two().div_ceil(CELLS)];
    let last = (words.len() * CELLS - 1) as u64;
    let cell = |number: u64| {
        let cell = (number >> 8 & last) as usize;
        (cell / CELLS, cell % CELLS * 2)
    };
    for key in column(keys)? {
        let (word, bit) = cell(read(key).0);
        let before = words[word];
        words[word] = before | (before & 1 << bit) << 1 | 1 << bit;
    }
    let places = 0..u32::try_from(count).map_err(|_| LARGE)?;
    let rows: Vec<_> = column(keys)?
        .zip(places)
        .map(|(key, place)| (read(key), place))
        .filter(|((number, _), _)| {
            let (word, bit) = cell(*number);
            words[word] & 2 << bit != 0
        })
        .map(|((number, check), place)| (number, check, place))
        .collect();
    Ok((count - rows.len(), rows))
}

/// For every code how many lines have it, and how many bytes these take.
pub fn measure(
    starts: &[u8],
    ends: &[u8],
    codes: &[u8],
    kinds: usize,
) -> Result<Vec<(usize, usize)>, Mismatch> {
    let (starts, ends, codes) = (words(starts)?, words(ends)?, halves(codes)?);
    if starts.len() != ends.len() || starts.len() != codes.len() {
        return Err(SHORT);
    }
    let mut sums = vec![(0, 0); kinds];
    for ((start, end), code) in starts.zip(ends).zip(codes) {
        let sum = sums.get_mut(code).ok_or(NO_CODE)?;
        sum.0 += 1;
        sum.1 += end
            .checked_sub(start)
            .ok_or("a line that ends before it starts")? as usize;
    }
    Ok(sums)
}

/// How much room ``gather`` needs for the lines of each code.
pub fn rooms(
    data: &[u8],
    starts: &[u8],
    ends: &[u8],
    codes: &[u8],
    kinds: usize,
) -> Result<Vec<usize>, Mismatch> {
    if words(ends)?.any(|end| end as usize > data.len()) {
        return Err("a line beyond the data");
    }
    Ok(measure(starts, ends, codes, kinds)?
        .into_iter()
        .map(|(count, size)| size + count)
        .collect())
}

/// Writes the lines of one code, each with a newline, into the room that they need.
pub fn gather(
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
        let line = &data[start as usize..end as usize];
        room[at..at + line.len()].copy_from_slice(line);
        room[at + line.len()] = b'\n';
        at += line.len() + 1;
    }
    Ok(())
}
