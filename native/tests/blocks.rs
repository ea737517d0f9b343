//! Blocks against a table made by hand: what is accepted, asked about, and questioned; and that
//! nothing hostile breaks the walk.

use _native::accept::block::{Acceptor, Columns, ACCEPTED};
use _native::accept::table::Known;

const NONE: u32 = u32::MAX;
const TEXT: u8 = 0;

#[derive(Default)]
struct Records(Vec<u8>);

impl Records {
    fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn string(&mut self, text: &str) -> &mut Self {
        self.u16(text.len() as u16);
        self.0.extend(text.as_bytes());
        self
    }

    /// A property without companion or siblings: a primitive, or an object of a node.
    fn property(&mut self, key: u16, kind: &[u8], list: bool, format: u32) -> &mut Self {
        self.u16(key).u16(key).u32(0);
        self.0.extend(kind);
        self.u8(u8::from(list)).u16(0).u32(format).u16(0)
    }
}

/// A resource "Thing" with an id, a required text, and parts that are things again, without being
/// resources.
fn acceptor() -> Acceptor {
    let mut records = Records::default();
    for name in ["resourceType", "id", "text", "part", "parts"] {
        records.u8(1).string(name);
    }
    records.u8(5);
    for (_, names) in Known::PARTS {
        records.u16(names.len() as u16);
        for &name in *names {
            records.u16(
                ["resourceType", "id"]
                    .iter()
                    .position(|&one| one == name)
                    .unwrap_or(9) as u16,
            );
        }
    }
    let part = [1, 1, 0, 0, 0];
    for (node, flags) in [(0, 1), (1, 0)] {
        records.u8(3).u32(node).u8(flags).u32(NONE).u16(5);
        records
            .property(0, &[3], false, NONE)
            .property(1, &[0, 2], false, 7)
            .property(2, &[0, TEXT], false, 8)
            .property(3, &part, false, NONE)
            .property(4, &part, true, NONE);
        records.u16(1).u16(1).u16(2); // text is required
        records.u16(0);
    }
    records.u8(2).string("Thing").u32(0);
    let mut acceptor = Acceptor::default();
    acceptor.table.extend(&records.0).expect("a sound table");
    acceptor
}

/// The reason for each line of a block, empty for an accepted one; with every question left open.
fn reasons(data: &[u8]) -> Vec<&'static str> {
    let mut columns = Columns::of(data);
    acceptor().pass(data, &mut columns);
    let mut found = vec![""; columns.states.len()];
    for (position, reason) in columns.fallbacks() {
        found[position] = reason;
    }
    found
}

#[test]
fn lines_are_accepted_with_their_ids() {
    let data = b"\n{\"resourceType\":\"Thing\",\"id\":\"a1\",\"text\":\"x\"}\r\n  \n\
        { \"text\" : \"y\" , \"resourceType\" : \"Thing\" }";
    let mut columns = Columns::of(data);
    assert!(acceptor().pass(data, &mut columns).is_empty());
    assert_eq!(columns.states, [ACCEPTED, ACCEPTED]);
    assert_eq!(columns.numbers, [1, 3]);
    let (start, end) = columns.ids[0];
    assert_eq!(&data[start as usize..end as usize], b"a1");
    assert_eq!(columns.ids[1], (0, 0));
}

#[test]
fn every_doubt_has_its_reason() {
    let cases = [
        (
            "{\"resourceType\":\"Thing\",\"text\":\"x\",\"text\":\"y\"}",
            "duplicate",
        ),
        (
            "{\"resourceType\":\"Thing\",\"text\":\"x\",\"other\":1}",
            "unknown-name",
        ),
        ("{\"resourceType\":\"Thing\",\"text\":1}", "form"),
        ("{\"resourceType\":\"Thing\",\"text\":[\"x\"]}", "form"),
        ("{\"resourceType\":\"Thing\"}", "cardinality"),
        (
            "{\"resourceType\":\"Thing\",\"text\":\"x\",\"part\":{}}",
            "empty",
        ),
        (
            "{\"resourceType\":\"Thing\",\"text\":\"x\",\"parts\":[]}",
            "empty",
        ),
        (
            "{\"resourceType\":\"Thing\",\"text\":\"x\",\"parts\":[null]}",
            "null",
        ),
        ("{\"resourceType\":\"Thing\",\"text\":\"x\",}", "json"),
        ("{\"resourceType\":\"Thing\",\"text\":\"x\"} x", "json"),
        ("{\"text\":\"x\"}", "resource-type"),
        ("[]", "form"),
    ];
    for (line, reason) in cases {
        assert_eq!(reasons(line.as_bytes()), [reason], "{line}");
    }
}

#[test]
fn what_is_not_utf8_is_not_accepted() {
    assert_eq!(
        reasons(b"{\"resourceType\":\"Thing\",\"text\":\"\xff\"}"),
        ["json"]
    );
}

#[test]
fn a_question_is_asked_once_and_its_answer_kept() {
    let data = b"{\"resourceType\":\"Thing\",\"id\":\"a_b\",\"text\":\"x\"}\n\
        {\"resourceType\":\"Thing\",\"id\":\"a_b\",\"text\":\"x\"}\n\
        {\"resourceType\":\"Thing\",\"id\":\"c_d\",\"text\":\"x\"}";
    let mut acceptor = acceptor();
    let mut columns = Columns::of(data);
    let mut questions = acceptor.pass(data, &mut columns);
    questions.sort();
    assert_eq!(questions, [(7, b"a_b".to_vec()), (7, b"c_d".to_vec())]);
    acceptor.memo.put(7, b"a_b", 1, vec![3, 3]);
    acceptor.memo.put(7, b"c_d", 0, vec![]);
    assert!(acceptor.pass(data, &mut columns).is_empty());
    assert_eq!(columns.undecided.each().collect::<Vec<_>>(), [(3, 4)]);
    assert_eq!(columns.fallbacks().collect::<Vec<_>>(), [(2, "format")]);
}

#[test]
fn an_id_with_escapes_is_left_to_the_explainer() {
    let data = br#"{"resourceType":"Thing","id":"\u0061","text":"x","parts":[{"id":"\u0062","text":"y"}]}"#;
    let mut acceptor = acceptor();
    for id in [&br"\u0061"[..], br"\u0062"] {
        acceptor.memo.put(7, id, 1, vec![]);
    }
    let mut columns = Columns::of(data);
    assert!(acceptor.pass(data, &mut columns).is_empty());
    assert_eq!(columns.fallbacks().collect::<Vec<_>>(), [(0, "value")]);
}

#[test]
fn an_unknown_type_is_a_question() {
    let data = b"{\"resourceType\":\"Other\",\"deep\":[{\"a\":[1,2,{}]}]}";
    assert_eq!(
        acceptor().pass(data, &mut Columns::of(data)),
        [(0, b"Other".to_vec())]
    );
}

#[test]
fn a_type_is_found_wherever_it_stands() {
    let data = br#"{"id":"a","parts":[{"text":"y"}],"text":"x","resourceType":"Thing"}
{"part":{"resourceType":"Other","text":"y"},"text":"x","resourceType":"Thing"}
{"text":"}","part":{"resourceType":"Other","text":"y"},"resourceType":"Thing"}
{"text":"}","part":{"resourceType":"Thing","text":"y"},"resourceType":"Thing"}
{"text":"{","part":{"resourceType":"Other","text":"y"},"resourceType":"Thing"}
{"text":"}}","part":{"resourceType":"Other","text":"y"},"resourceType" : "Thing"}
{"text":"\"resourceType\":\"Other\"","resourceType":"Thing"}
{"text":"}","part":{"resourceType":"Thing","text":"y"}}
{"text":"}","part":{"resourceType":"Thing","text":"y"},"other":1,"resourceType":"Thing"}
{"other":1,"text":"x","resourceType":"Thing"}"#;
    let mut acceptor = acceptor();
    let mut columns = Columns::of(data);
    assert_eq!(acceptor.pass(data, &mut columns), [(0, b"Other".to_vec())]);
    acceptor.memo.put(0, b"Other", 0, vec![]);
    assert!(acceptor.pass(data, &mut columns).is_empty());
    let odd: Vec<_> = columns.fallbacks().collect();
    assert_eq!(
        odd,
        [
            (7, "resource-type"),
            (8, "unknown-name"),
            (9, "unknown-name")
        ]
    );
}

#[test]
fn lines_are_read_without_the_escapes_that_they_do_not_need() {
    let line = |number: usize| {
        format!(
            r#"{{"resourceType":"Thing","text":"a\/b\n","id":"a{number}","part":{{"text":"\u002b"}}}}"#
        )
    };
    let lines: Vec<String> = (0..200).map(line).collect();
    let data = lines.join("\n");
    let mut columns = Columns::of(data.as_bytes());
    assert!(acceptor().pass(data.as_bytes(), &mut columns).is_empty());
    assert!(columns.is_whole());
    for (number, &(start, end)) in columns.ids.iter().enumerate() {
        let id = &data[start as usize..end as usize];
        assert_eq!(id, format!("a{number}"));
    }
}

#[test]
fn misspelled_lines_stand_among_others() {
    let mut data = Vec::new();
    for number in 0..100 {
        let text = ["plain", "a\\/b", "\\u003d\\/", "e\u{301}\\/", "\\n"][number * number % 5];
        let more = "x".repeat(number * 40);
        let line =
            format!("\"resourceType\":\"Thing\",\"id\":\"a{number}\",\"text\":\"{text}{more}\"");
        data.extend(format!("{{{line}}}\n").into_bytes());
    }
    let mut columns = Columns::of(&data);
    assert!(acceptor().pass(&data, &mut columns).is_empty());
    assert!(columns.is_whole());
    for (number, &(start, end)) in columns.ids.iter().enumerate() {
        let id = &data[start as usize..end as usize];
        assert_eq!(id, format!("a{number}").as_bytes());
    }
}

#[test]
fn a_string_that_is_no_text_is_refused_in_any_line() {
    for bytes in [
        &b"\x01"[..],
        b"\xff",
        b"\xc3",
        b"0123456789abcdef\x1f",
        b"\xed\xa0\x80",
    ] {
        for before in ["y", "e\u{301}", "\\n", "\\/"] {
            let line = [
                &b"{\"resourceType\":\"Thing\",\"text\":\"x\",\"part\":{\"text\":\""[..],
                before.as_bytes(),
                b"\"},\"parts\":[{\"text\":\"",
                bytes,
                b"\"}]}",
            ];
            assert_eq!(reasons(&line.concat()), ["json"]);
        }
    }
}

#[test]
fn nesting_is_bounded() {
    let line = |depth: usize| {
        let open = "{\"text\":\"x\",\"part\":".repeat(depth);
        format!(
            "{{\"resourceType\":\"Thing\",\"text\":\"x\",\"part\":{open}{{\"text\":\"x\"}}{}}}",
            "}".repeat(depth)
        )
    };
    assert_eq!(reasons(line(50).as_bytes()), [""]);
    assert_eq!(reasons(line(100).as_bytes()), ["depth"]);
    assert_eq!(reasons("[".repeat(100_000).as_bytes()), ["form"]);
    assert_eq!(reasons(line(100_000).as_bytes()), ["depth"]);
}

#[test]
fn every_prefix_and_every_changed_byte_of_a_line_is_survived() {
    let line = b"{\"resourceType\":\"Thing\",\"id\":\"a\",\"text\":\"x\\u0041\",\
        \"parts\":[{\"text\":\"y\"},{\"id\":\"b\",\"text\":\"z\"}]}";
    let acceptor = acceptor();
    for end in 0..line.len() {
        let mut columns = Columns::of(&line[..end]);
        acceptor.pass(&line[..end], &mut columns);
        assert!(columns.fallbacks().all(|(_, reason)| reason != "panic"));
        assert_eq!(
            columns.fallbacks().count(),
            columns.states.len(),
            "a part of a line was accepted"
        );
        for byte in 0..=255 {
            let mut changed = line.to_vec();
            changed[end] = byte;
            let mut columns = Columns::of(&changed);
            acceptor.pass(&changed, &mut columns);
            assert!(columns.fallbacks().all(|(_, reason)| reason != "panic"));
        }
    }
}

#[test]
fn the_memory_of_answers_is_bounded() {
    let mut acceptor = acceptor();
    let long = vec![b'x'; 1 << 20];
    for number in 0..40u32 {
        acceptor.memo.put(number, &long, 1, vec![]);
    }
    assert!(
        (0..40)
            .filter(|&number| acceptor.memo.get(number, &long).is_some())
            .count()
            < 25
    );
    assert!(acceptor.memo.get(39, &long).is_some());
}

#[test]
fn bytes_that_are_no_table_are_refused() {
    for bytes in [
        &b"\x00"[..],
        b"\x01\xff\xff",
        b"\x03\x00\x00\x00\x00",
        b"\x04\xff\xff\xff\xff\x00\x00\x00\x00",
        b"\x09",
    ] {
        assert!(
            Acceptor::default().table.extend(bytes).is_err(),
            "{bytes:?}"
        );
    }
    let mut nested = vec![3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0];
    nested.extend([3; 100_000]);
    assert!(Acceptor::default().table.extend(&nested).is_err());
}
