//! Columns that do not fit together are refused, and never break anything; what they come to is
//! tested beside the Python that says it.

use _native::columns::{bucketed, fill, gather, keys, measure, rebase, repeated, rooms};

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_ne_bytes())
        .collect()
}

const KEY: [u8; 12] = [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];

#[test]
fn a_row_is_head_number_middle_text_and_tail() {
    let rows = fill(
        b"#",
        10,
        &words(&[0, 7]),
        b"=",
        b"a\nbc\n",
        &[0, 0, 0, 0],
        &[b";\n".to_vec()],
    );
    assert_eq!(rows.as_deref(), Ok(&b"#10=a;\n#17=bc;\n"[..]));
}

#[test]
fn numbers_that_grow_too_large_are_refused() {
    assert!(fill(b"", u64::MAX, &words(&[1]), b"", b"a\n", &[0, 0], &[vec![]]).is_err());
    assert!(rebase(b"", u64::MAX, b"1\n").is_err());
    assert!(rebase(b"", 1, b"99999999999999999999\n").is_err());
    assert!(bucketed(&[(&KEY, &words(&[1]), u32::MAX)], 12).is_err());
}

#[test]
fn there_is_no_remainder_of_nothing() {
    assert!(keys(b"a\n", &[0, 0], &[0], 1, 0).is_err());
}

#[test]
fn runs_without_end_are_refused() {
    assert!(repeated(&KEY, &words(&[1]), &[(0, usize::MAX), (1, 2)], 3).is_err());
}

#[test]
fn the_check_is_the_remainder_by_a_prime_of_mersenne() {
    let mersenne = (1u128 << 61) - 1;
    for size in [0, 1, 7, 8, 9, 15, 16] {
        for byte in [0, 1, 0x1f, 0x20, 0x7f, 0xe0, 0xff] {
            let text = vec![byte; size];
            let number = text
                .iter()
                .rev()
                .fold(0, |sum, &byte| sum << 8 | u128::from(byte));
            let key = keys(&[&text[..], b"\n"].concat(), &[0, 0], &[0], 1 << 32, 3).unwrap();
            assert_eq!(
                key[8..],
                ((number % mersenne) as u32).to_le_bytes(),
                "{size} of {byte}"
            );
        }
    }
}

#[test]
fn lines_are_gathered_into_the_room_that_they_take() {
    let (starts, ends, codes) = (words(&[0, 2, 3]), words(&[1, 3, 5]), [1, 0, 0, 0, 1, 0]);
    assert_eq!(measure(&starts, &ends, &codes, 2), Ok(vec![(1, 1), (2, 3)]));
    assert_eq!(rooms(b"abcde", &starts, &ends, &codes, 2), Ok(vec![2, 5]));
    let mut room = [0; 5];
    assert_eq!(
        gather(b"abcde", &starts, &ends, &codes, 1, &mut room),
        Ok(())
    );
    assert_eq!(&room, b"a\nde\n");
}
