"""Mutations of primitive values: dates, numbers, strings, URIs, ids, base64."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

from sites import Case, Site, kind

__all__: list[str] = []

_DATES = frozenset({"date", "dateTime", "instant"})
_URIS = frozenset({"uri", "url", "canonical", "oid", "uuid"})
_TEXTS = frozenset({"string", "markdown", "code", "id", *_URIS})


def _change(case: Case, types: frozenset[str], new: Callable[[Any], Any]) -> str | None:
    """Sets one primitive of the types (a single value or an item of a list)."""
    site = case.pick(
        lambda s: (
            s.type in types and isinstance(s.value, str | int | float) and s.key != "resourceType"
        )
    )
    if site is None:
        return None
    value = new(site.value)
    if value is None or value == site.value and type(value) is type(site.value):
        return None
    site.value = value
    return site.path


def _dated(case: Case, options: Callable[[str], list[str]]) -> str | None:
    return _change(case, _DATES, lambda value: case.rng.choice(options(str(value))))


@kind("date-year")
def date_year(case: Case) -> str | None:
    return _dated(
        case,
        lambda v: [
            year + v[4:]
            for year in (
                "0000",
                "0001",
                "1000",
                "1799",
                "3025",
                "9999",
                "19",
                "20199",
                "-201",
                " 201",
                "2O19",
            )
        ],
    )


@kind("date-impossible")
def date_impossible(case: Case) -> str | None:
    return _dated(
        case,
        lambda v: [
            day + v[10:]
            for day in (
                "2019-02-29",
                "2020-02-30",
                "2019-13-01",
                "2019-00-10",
                "2021-04-31",
                "2021-01-00",
                "2021-01-32",
                "1900-02-29",
                "2000-02-29",
            )
        ],
    )


@kind("date-form")
def date_form(case: Case) -> str | None:
    return _dated(
        case,
        lambda v: [
            v.replace("-", "/"),
            v.replace("-", ""),
            v + " ",
            " " + v,
            v[:4],
            v[:7],
            v[:7] + "-1",
            v[:5] + "1",
            v + "T",
            v[2:],
            v + "\n",
            v[:4] + "-W10",
            v[:4] + "-123",
        ],
    )


@kind("date-time-part")
def date_time_part(case: Case) -> str | None:
    times = (
        "T24:00:00Z",
        "T23:60:00Z",
        "T10:00:60Z",
        "T23:59:60Z",
        "T10:00Z",
        "T10Z",
        "T1:00:00Z",
        " 10:00:00Z",
        "T10:00:00",
        "T10:00:00.Z",
        "T10:00:00.1Z",
        "T10:00:00.123456789Z",
        "T10:00:00.1234567891Z",
        "t10:00:00z",
        "T10:00:00+0100",
        "T10:00:00+01",
        "T10:00:00+14:00",
        "T10:00:00+14:30",
        "T10:00:00+15:00",
        "T10:00:00-12:00",
        "T10:00:00-13:00",
        "T10:00:00 Z",
        "T10:00:00-00:00",
        "T10:00:00,5Z",
        "T100000Z",
        "T25:00:00Z",
        "T10:00:00+01:60",
        "T10:00:00Z[UTC]",
    )
    return _dated(
        case, lambda v: [(v[:10] if len(v) >= 10 else "2015-02-07") + time for time in times]
    )


@kind("date-precision")
def date_precision(case: Case) -> str | None:
    """Another precision: legal for a dateTime, not for an instant, half of it not for a date."""
    full = "2015-02-07T13:28:17.239+02:00"
    return _dated(
        case, lambda v: [full, full[:4], full[:7], full[:10], full[:16] + "Z", full[:19] + "Z"]
    )


@kind("time")
def time(case: Case) -> str | None:
    values = (
        "24:00:00",
        "23:59:60",
        "1:00:00",
        "10:00",
        "10:00:00Z",
        "10:00:00.5",
        "10:00:00.1234567891",
        "10:60:00",
        "10-00-00",
        " 10:00:00",
        "T10:00:00",
        "",
    )
    return _change(case, frozenset({"time"}), lambda v: case.rng.choice(values))


@kind("integer")
def integer(case: Case) -> str | None:
    values = (
        1.5,
        1.0,
        2147483647,
        2147483648,
        -2147483648,
        -2147483649,
        -1,
        0,
        1,
        10**12,
        -0.0,
        1e3,
        "1",
        123456789012345678901234567890,
    )
    return _change(
        case,
        frozenset({"integer", "unsignedInt", "positiveInt"}),
        lambda v: case.rng.choice(values),
    )


@kind("decimal")
def decimal(case: Case) -> str | None:
    values = (
        12345678901234567890,
        1e-30,
        0.1,
        -0.0,
        1e22,
        1e300,
        0.30000000000000004,
        12345678.12345678,
        "1.5",
        "",
        "NaN",
        True,
        5e-324,
        -7,
        1.50,
    )
    return _change(case, frozenset({"decimal"}), lambda v: case.rng.choice(values))


@kind("boolean")
def boolean(case: Case) -> str | None:
    return _change(
        case,
        frozenset({"boolean"}),
        lambda v: case.rng.choice(("true", "false", "TRUE", 1, 0, "", not v)),
    )


@kind("string-space")
def string_space(case: Case) -> str | None:
    def spaced(value: Any) -> Any:
        if not isinstance(value, str) or not value:
            return None
        half = len(value) // 2
        return case.rng.choice(
            (
                value + " ",
                " " + value,
                value[:half] + "\n" + value[half:],
                value + "\n",
                "\t" + value,
                value[:half] + "  " + value[half:],
                value[:half] + " " + value[half:],
                value + "\u00a0",
                "\u2003" + value,
                value[:half] + "\r\n" + value[half:],
            )
        )

    return _change(case, _TEXTS, spaced)


@kind("string-blank")
def string_blank(case: Case) -> str | None:
    return _change(
        case,
        _TEXTS,
        lambda v: case.rng.choice((" ", "", "\u00a0", "\n", "\t ", "\u200b", "\u3000")),
    )


@kind("string-odd")
def string_odd(case: Case) -> str | None:
    odd = (
        "\ufffe",
        "\x7f",
        "\u0001",
        "\u0000",
        "\U0001f600",
        "\ufeff",
        "\u202e",
        "<b>x</b>",
        "<script>",
        "&amp;",
        "${x}",
        "\\",
        "\u0085",
        "e\u0301",
        "x" * 5000,
    )
    return _change(case, _TEXTS, lambda v: str(v) + case.rng.choice(odd))


@kind("string-long")
def string_long(case: Case) -> str | None:
    return (
        _change(
            case,
            frozenset({"string", "markdown"}),
            lambda v: "x" * case.rng.choice((1048576, 1048577)),
        )
        if case.rng.random() < 0.05
        else None
    )


@kind("uri-form")
def uri_form(case: Case) -> str | None:
    values = (
        "ftp://x/y|1",
        "urn:oid:1.2.x",
        "urn:oid:3.1",
        "urn:oid:1",
        "urn:oid:1.2.3",
        "urn:oid:2.01.3",
        "urn:oid:1.40.1",
        "http://",
        "http://hl7.org/fhir/nonsense",
        "foo",
        "foo/bar",
        "#frag",
        "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
        "http://a b",
        "urn:uuid:123",
        "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        "mailto:a@b.example",
        "urn:iso:std:iso:3166",
        "URN:OID:1.2.3",
        "http://example.org/%zz",
        "http://example.org/x|1|2",
        "http://example.org/<x>",
        "https:/example.org",
        "1.2.840.1",
        "urn:",
        "http://example.org/x#y",
        "./x",
        "?x=y",
        "http://snomed.info/sct",
        "http://loinc.org",
        "http://example.org/{id}",
        "data:text/plain,x",
        "tel:+1",
        "urn:oid:",
        "oid:1.2.3",
        "uuid:x",
        "$this",
        "http://example.org/Patient/1",
    )
    return _change(case, _URIS, lambda v: case.rng.choice(values))


@kind("uri-space")
def uri_space(case: Case) -> str | None:
    def spaced(value: Any) -> str:
        text = str(value)
        return case.rng.choice(
            (
                text.replace("/", "/ ", 1),
                text + " ",
                " " + text,
                text + "\u00a0",
                text[:4] + "\t" + text[4:],
            )
        )

    return _change(case, _URIS, spaced)


@kind("id-form")
def id_form(case: Case) -> str | None:
    values = (
        "a b",
        "a/b",
        "a_b",
        "ä",
        "x" * 64,
        "x" * 65,
        "",
        ".",
        "-",
        "A.b-C9",
        "a\n",
        "1",
        7,
        "#a",
    )
    return _change(case, frozenset({"id"}), lambda v: case.rng.choice(values))


@kind("resource-id")
def resource_id(case: Case) -> str | None:
    case.resource["id"] = case.rng.choice(
        (
            "a/b",
            "a_b",
            "ä",
            "a b",
            "x" * 64,
            "x" * 65,
            "",
            None,
            5,
            ["a"],
            {"value": "a"},
            "A-1.z",
            " a",
            "a\n",
            "urn:uuid:1",
        )
    )
    return "id"


@kind("code-space")
def code_space(case: Case) -> str | None:
    def spaced(value: Any) -> str:
        text = str(value)
        return case.rng.choice(
            (
                text + " ",
                " " + text,
                text[:1] + "  " + text[1:],
                text[:1] + " " + text[1:],
                text + "\t",
                text + "\u00a0",
            )
        )

    return _change(case, frozenset({"code"}), spaced)


@kind("code-case")
def code_case(case: Case) -> str | None:
    return _change(
        case,
        frozenset({"code"}),
        lambda v: case.rng.choice((str(v).upper(), str(v).swapcase(), str(v).title())),
    )


@kind("code-unknown")
def code_unknown(case: Case) -> str | None:
    return _change(
        case,
        frozenset({"code"}),
        lambda v: case.rng.choice(
            ("x-y", "FOO", "bogus", "1", "unknown", "other", "active", "N/A", "code with space")
        ),
    )


@kind("code-other")
def code_other(case: Case) -> str | None:
    """Another code of the same required value set: legal, unless an invariant says otherwise
    (status and the like).
    """
    site = case.pick(
        lambda s: (
            s.type == "code"
            and s.prop is not None
            and bool(s.prop.value_set)
            and len(case.catalogue.codes(s.prop.value_set or "")) > 1
        )
    )
    if site is None or site.prop is None:
        return None
    site.value = case.rng.choice(case.catalogue.codes(site.prop.value_set or ""))["code"]
    return site.path


@kind("base64")
def base64_form(case: Case) -> str | None:
    values = (
        "A",
        "@@@@",
        "AAAA AAAA",
        "SGVsbG8",
        "SGVsbG8=",
        "SGVs\nbG8=",
        "====",
        "AA==AA==",
        "SGVsbG8==",
        "-_-_",
        base64.b64encode(b"x" * 300).decode(),
        "QQ==",
        "QR==",
        "",
    )
    return _change(case, frozenset({"base64Binary"}), lambda v: case.rng.choice(values))


@kind("attachment")
def attachment(case: Case) -> str | None:
    site = case.pick(lambda s: s.type == "Attachment" and isinstance(s.value, dict))
    if site is None:
        return None
    value, rng = site.value, case.rng
    rng.choice(
        (
            lambda: value.update(data="SGVsbG8=", size=rng.choice((5, 6, 0))),
            lambda: value.update(
                data="SGVsbG8=",
                hash=rng.choice(("9/+ei3uy4Jtwk1pdeF4MxdnQq/A=", "AAAA", "!!", "9f/e")),
            ),
            lambda: value.pop("contentType", None),
            lambda: value.update(
                contentType=rng.choice(
                    (
                        "text",
                        "text/plain; charset=utf-8",
                        "TEXT/PLAIN",
                        "image/",
                        "a b/c",
                        "application/x-unknown",
                        "",
                    )
                )
            ),
            lambda: value.update(size=rng.choice((-1, 1.5, "5", 2147483648, 10))),
            lambda: value.update(
                url=rng.choice(
                    (
                        "Binary/1",
                        "#x",
                        "http://a b",
                        "x",
                        "http://example.org/doc.pdf",
                        "urn:oid:1.2.3",
                    )
                )
            ),
            lambda: value.update(
                language=rng.choice(("en", "english", "x-klingon", "de-CH-1996", "EN", "en_US"))
            ),
            lambda: value.update(
                creation=rng.choice(("2015", "yesterday", "2015-02-07T10:00:00Z"))
            ),
        )
    )()
    return site.path


@kind("language-tag")
def language_tag(case: Case) -> str | None:
    case.resource["language"] = case.rng.choice(
        (
            "en",
            "en-US",
            "english",
            "xx",
            "en_US",
            "EN",
            "zh-Hant-TW",
            "i-klingon",
            "x",
            "",
            "de-",
            "en us",
            "tlh",
        )
    )
    return "language"


@kind("markup")
def markup(case: Case) -> str | None:
    return _change(
        case,
        frozenset({"string", "markdown"}),
        lambda v: (
            str(v)
            + case.rng.choice(
                (
                    " <a href='x'>y</a>",
                    " [x](javascript:1)",
                    " <img src=x>",
                    " **b**",
                    " < 5",
                    " <br/>",
                    " &nbsp;",
                    " <!-- c -->",
                )
            )
        ),
    )


@kind("max-string")
def version_text(case: Case) -> str | None:
    """meta.versionId and others typed id hold at most 64 characters."""
    case.resource.setdefault("meta", {})
    if not isinstance(case.resource["meta"], dict):
        return None
    case.resource["meta"]["versionId"] = "v" * case.rng.choice((64, 65))
    return "meta.versionId"


def is_date(value: Any) -> bool:
    """Whether a value looks like the beginning of a date."""
    return isinstance(value, str) and re.match(r"\d{4}(-|$)", value) is not None


@kind("swap-period")
def swap_period(case: Case) -> str | None:
    site: Site | None = case.pick(
        lambda s: (
            isinstance(s.value, dict)
            and is_date(s.value.get("start"))
            and is_date(s.value.get("end"))
        )
    )
    if site is None:
        return None
    value, rng = site.value, case.rng
    value["start"], value["end"] = rng.choice(
        (
            (value["end"], value["start"]),
            ("2020-05", "2020"),
            ("2020", "2020-05"),
            ("2020-05-01", "2020-05"),
            ("2019", "2020-05"),
            ("2020-05-01T10:00:00Z", "2020-05-01"),
            ("2020-05-01", "2020-05-01T10:00:00Z"),
            ("2020-05-01T10:00:00+02:00", "2020-05-01T09:00:00Z"),
            ("2020-05-01T10:00:00-05:00", "2020-05-01T12:00:00Z"),
            ("2020-05-01T10:00:00.5Z", "2020-05-01T10:00:00Z"),
            ("2020-05-01T10:00:00Z", "2020-05-01T10:00:00.000Z"),
            (value["start"], value["start"]),
            ("2020-05-01T10:00Z", "2020-05-01T09:00Z"),
        )
    )
    return site.path
