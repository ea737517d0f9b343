//! Keys: a number of 126 bits for a text, by a secret of the job: whoever writes the texts cannot
//! make two of them meet, and by chance two of 60 million meet once in some 10^21 jobs.
//!
//! It is a polynomial of the text's pieces of 15 bytes at the secret, modulo the prime 2^127 - 1
//! (the form of Poly1305). A one is set behind each piece, so that texts that differ by zeros at
//! their end are different polynomials.

const PRIME: u128 = (1 << 127) - 1;
/// What is kept of the polynomial fits a decimal of 38 digits, the widest number that Arrow has.
const KEPT: u128 = (1 << 126) - 1;
const PIECE: usize = 15;

/// The key of the texts in a row, as if they were one. secret: below the prime.
pub fn key(secret: u128, texts: &[&[u8]]) -> u128 {
    let mut state = 0;
    let mut piece = [0; 16];
    let mut filled = 0;
    for &byte in texts.iter().copied().flatten() {
        piece[filled] = byte;
        filled += 1;
        if filled == PIECE {
            state = step(state, piece, filled, secret);
            (piece, filled) = ([0; 16], 0);
        }
    }
    if filled > 0 {
        state = step(state, piece, filled, secret);
    }
    state & KEPT
}

fn step(state: u128, piece: [u8; 16], filled: usize, secret: u128) -> u128 {
    let mut marked = piece;
    marked[filled] = 1;
    product(reduced(state + u128::from_le_bytes(marked)), secret)
}

/// Less than the prime where the number is below 2^128.
fn reduced(number: u128) -> u128 {
    let folded = (number & PRIME) + (number >> 127);
    if folded >= PRIME {
        folded - PRIME
    } else {
        folded
    }
}

/// The product of two numbers below the prime, modulo the prime: 2^127 counts as one.
fn product(left: u128, right: u128) -> u128 {
    let (high, low) = (left >> 64, left as u64 as u128);
    let (tall, short) = (right >> 64, right as u64 as u128);
    let middle = low * tall + high * short; // in units of 2^64
    let sum = reduced(low * short) + reduced((middle << 64) & PRIME);
    let sum = reduced(sum) + (middle >> 63);
    reduced(reduced(sum) + reduced(2 * (high * tall)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_long_multiplication() {
        assert_eq!(product(PRIME - 1, PRIME - 1), 1);
        assert_eq!(product(1 << 126, 2), 1);
        assert_eq!(product(1 << 100, 1 << 100), 1 << 73);
        assert_eq!(product(3, 5), 15);
    }

    #[test]
    fn texts_in_a_row_have_the_key_of_one_text() {
        let secret = 0x1234_5678_9abc_def0_1234_5678_9abc_def1;
        let whole = key(secret, &[b"Patient/0123456789abcdef"]);
        assert_eq!(whole, key(secret, &[b"Patient", b"/", b"0123456789abcdef"]));
        assert_ne!(key(secret, &[b"a"]), key(secret, &[b"a\0"]));
        assert_eq!(key(secret, &[]), 0);
    }
}
