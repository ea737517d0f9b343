"""Mutations of the text: lines that JSON, or the FHIR JSON format, does not allow (and some that it
does).
"""

from __future__ import annotations

import json
import re

from sites import Case, kind

__all__: list[str] = []


def _text(case: Case) -> str:
    return json.dumps(case.resource, ensure_ascii=False, separators=(",", ":"))


def _at_value(case: Case, pattern: str, new: str) -> bytes | None:
    """The line with one match of the pattern replaced (``\\g<1>`` and so on as in ``re``)."""
    text = _text(case)
    found = list(re.finditer(pattern, text))
    if not found:
        return None
    match = case.rng.choice(found)
    return (text[: match.start()] + match.expand(new) + text[match.end() :]).encode(
        "utf-8", "surrogatepass"
    )


@kind("bad-escape")
def bad_escape(case: Case) -> bytes | None:
    return _at_value(case, r':"(\w)', case.rng.choice((r':"\\x\1', r':"\\u12\1', r':"\\\\q\1')))


@kind("single-quotes")
def single_quotes(case: Case) -> bytes | None:
    return _at_value(case, r':"([\w-]+)"', r":'\1'")


@kind("trailing-comma")
def trailing_comma(case: Case) -> bytes | None:
    return _at_value(case, r"([}\]])", r",\1")


@kind("duplicate-key")
def duplicate_key(case: Case) -> bytes | None:
    return _at_value(case, r'("\w+":"[\w-]+")', r"\1,\1")


@kind("root-not-object")
def root_not_object(case: Case) -> bytes | None:
    text = _text(case)
    return case.rng.choice(
        (f"[{text}]", json.dumps(text), "null", "true", "12", "[]", "{}", '""')
    ).encode()


@kind("trailing-text")
def trailing_text(case: Case) -> bytes | None:
    return (
        _text(case) + case.rng.choice(("}", "]", " x", ",", "{}", "  ", "//", "\t", " null"))
    ).encode()


@kind("truncate")
def truncate(case: Case) -> bytes | None:
    text = _text(case)
    return text[: case.rng.randint(1, len(text) - 1)].encode()


@kind("lone-surrogate")
def lone_surrogate(case: Case) -> bytes | None:
    return _at_value(case, r':"(\w)', r':"\\ud83d\1')


@kind("comment")
def comment(case: Case) -> bytes | None:
    return _at_value(case, r"([{,])", case.rng.choice((r"\1/* c */", r'\1"fhir_comments":["c"],')))


@kind("byte-order-mark")
def byte_order_mark(case: Case) -> bytes | None:
    return b"\xef\xbb\xbf" + _text(case).encode()


@kind("not-a-number")
def not_a_number(case: Case) -> bytes | None:
    return _at_value(
        case,
        r":(-?\d[\d.]*)(?=[,}])",
        ":"
        + case.rng.choice(("NaN", "Infinity", "-Infinity", "undefined", "True", "0x10", "1_000")),
    )


@kind("number-form")
def number_form(case: Case) -> bytes | None:
    return _at_value(
        case,
        r":(-?)(\d[\d.]*)(?=[,}])",
        case.rng.choice(
            (
                r":\g<1>0\g<2>",
                r":+\g<2>",
                r":\g<1>\g<2>.",
                r":\g<1>.\g<2>",
                r":\g<1>\g<2>e",
                r":\g<1>\g<2>e0",
                r":\g<1>\g<2>E+1",
                r":-\g<2>",
            )
        ),
    )


@kind("unquoted")
def unquoted(case: Case) -> bytes | None:
    return _at_value(case, r'"(\w+)":', r"\1:")


@kind("raw-control")
def raw_control(case: Case) -> bytes | None:
    return _at_value(
        case, r':"(\w)', ':"' + case.rng.choice(("\t", "\x01", "\x1f", "\x7f", "\x0b")) + r"\1"
    )


@kind("escaped-control")
def escaped_control(case: Case) -> bytes | None:
    return _at_value(
        case,
        r':"(\w)',
        r':"\\u00' + case.rng.choice(("00", "01", "0b", "1f", "7f", "85", "a0", "0d")) + r"\1",
    )


@kind("not-utf8")
def not_utf8(case: Case) -> bytes | None:
    line = _at_value(case, r':"(\w)', r':"~~~\1')
    return (
        line.replace(b"~~~", case.rng.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80")))
        if line
        else None
    )


@kind("whitespace-between")
def whitespace_between(case: Case) -> bytes | None:
    return _at_value(case, r"([:,])", case.rng.choice((r" \1 ", r"\1\t", "\\1\u00a0", r"\1  ")))


@kind("escaped-name")
def escaped_name(case: Case) -> bytes | None:
    return _at_value(case, r'"s(\w+)":', r'"\\u0073\1":')


@kind("deep")
def deep(case: Case) -> bytes | None:
    depth = case.rng.choice((12, 40, 90))
    inner = '{"url":"http://example.org/e","valueBoolean":true}'
    for _ in range(depth):
        inner = '{"url":"http://example.org/e","extension":[' + inner + "]}"
    return (
        (_text(case)[:-1] + f',"extension":[{inner}]}}').encode()
        if "extension" not in case.resource
        else None
    )
