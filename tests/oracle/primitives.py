"""Legal values of FHIR's primitive types, drawn from a seeded source."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Callable
from typing import Any

__all__ = ["DIV", "primitive"]

_WORDS = (
    "ward",
    "left",
    "acute",
    "follow-up",
    "north",
    "panel",
    "naïve",
    "Ærø",
    "日本",
    "x < y & z",
    "10 mg",
    "O'Brien",
    'a "quoted" word',
    "see note",
    "β-blocker",
)
_LANGUAGES = ("en", "en-US", "de", "fr-CA", "nl", "es")
_CODES = ("alpha", "beta-2", "gamma", "A1", "delta phi")

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
_NARRATIVES = (
    "<p>Seen on the ward.</p>",
    "text only &amp; an entity",
    "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>",
    '<p><b>bold</b> <i>italic</i><br/>next <span class="x">span</span></p>',
    "<ul><li>one</li><li>two</li></ul><ol><li>1</li></ol>",
    '<p><a href="http://example.org/x">a link</a></p>',
    '<h1>Head</h1><p id="para1">Body &lt;here&gt;</p><p><a href="#para1">up</a></p>',
    (
        "<dl><dt>term</dt><dd>meaning</dd></dl><pre>pre  "
        "formatted</pre><blockquote><p>said</p></blockquote>"
    ),
)


def _text(rng: random.Random) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(rng.randint(1, 4)))


def _date(rng: random.Random) -> str:
    return f"{rng.randint(1921, 2023)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _time(rng: random.Random) -> str:
    fraction = rng.choice(("", "", ".5", ".123", ".123456"))
    return f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}{fraction}"


def _instant(rng: random.Random) -> str:
    return f"{_date(rng)}T{_time(rng)}{rng.choice(('Z', '+00:00', '-05:00', '+10:30'))}"


def _partial_date(rng: random.Random) -> str:
    date = _date(rng)
    return rng.choice((date, date, date, date[:4], date[:7]))


def _date_time(rng: random.Random) -> str:
    return rng.choice((_partial_date, _instant))(rng)


def _uuid(rng: random.Random) -> str:
    return f"urn:uuid:{uuid.UUID(int=rng.getrandbits(128), version=4)}"


def _oid(rng: random.Random) -> str:
    return "urn:oid:" + ".".join(
        ["2", "16", *(str(rng.randint(1, 9999)) for _ in range(rng.randint(2, 6)))]
    )


def _url(rng: random.Random) -> str:
    scheme, host = (
        rng.choice(("http", "https")),
        rng.choice(("example.org", "acme.example/base", "test.example.net")),
    )
    return f"{scheme}://{host}/{rng.choice(('a', 'fhir/b', 'c-d', 'e_f'))}{rng.randint(1, 99)}"


def _canonical(rng: random.Random) -> str:
    return _url(rng) + rng.choice(("", "", "|1.0.0"))


def _decimal(rng: random.Random) -> float | int:
    return rng.choice(
        (rng.randint(0, 500), round(rng.uniform(0, 99), 2), round(rng.uniform(0, 1), 4), -1.5, 0)
    )


_MAKERS: dict[str, Callable[[random.Random], Any]] = {
    "boolean": lambda rng: rng.random() < 0.5,
    "integer": lambda rng: rng.randint(-20, 2000),
    "unsignedInt": lambda rng: rng.randint(0, 2000),
    "positiveInt": lambda rng: rng.randint(1, 2000),
    "decimal": _decimal,
    "string": _text,
    "markdown": lambda rng: _text(rng) + rng.choice(("", "\n\n* item", " **strong**")),
    "code": lambda rng: rng.choice(_CODES),
    "language": lambda rng: rng.choice(_LANGUAGES),
    "uri": lambda rng: rng.choice((_url, _url, _uuid, _oid))(rng),
    "url": _url,
    "canonical": _canonical,
    "oid": _oid,
    "uuid": _uuid,
    "id": lambda rng: rng.choice(("a", "x-1", "n.2", "")) + str(rng.randint(1, 9999)),
    "date": _partial_date,
    "dateTime": _date_time,
    "instant": _instant,
    "time": _time,
    "base64Binary": lambda rng: base64.b64encode(rng.randbytes(rng.randint(1, 20))).decode(),
    "xhtml": lambda rng: DIV.format(rng.choice(_NARRATIVES)),
}


def primitive(type_name: str, rng: random.Random) -> Any:
    """A legal value of a primitive type (and of ``xhtml``); ``language`` gives a language tag."""
    return _MAKERS[type_name](rng)
