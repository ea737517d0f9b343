"""The plot of the README: how fast each candidate is beside orjson.loads, as SVG, readable on light
and dark pages.

    python benchmarks/plot.py RESULT.json... > speed.svg

Of a candidate that several results hold, the last one counts: slow peers need not be measured again
each time.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from candidates import FLOOR
from inputs import CLEAN, DIRTY, DOCUMENTS, HEAVY, NARRATIVES, ONLY_BAD, PROFILED

__all__ = ["plot"]

_OURS = "structure-only"
_SHOWN = {
    _OURS: "ours",
    "strict": "ours, the same at strict",
    "whole job, start-up excluded": "ours, whole job",
    "structure-only, explainer alone": "ours, no native acceptor",
}
"""Of ours; of the others all but the floors."""
_HIDDEN = {
    FLOOR,
    "reading alone",
    "msgspec, untyped",
    "whole job",
    "minimal",
    "minimal, explainer alone",
    "strict, explainer alone",
}
_INPUTS = {
    CLEAN: "clean lines",
    NARRATIVES: "with narratives",
    DIRTY: "one in five bad",
    ONLY_BAD: "all bad",
    PROFILED: "US Core, strict",
    DOCUMENTS: "documents, strict",
    HEAVY: "heavy profiles, strict",
}
_STRICT_ALONE = (PROFILED, DOCUMENTS, HEAVY)
"""Judged at strict: they go with the candidates of the other level."""
_LEFT, _WIDTH, _RIGHT = 185, 470, 65
_BAR, _GAP, _TOP = 10, 10, 72
_IN_A_ROW = 4
"""Texts of the legend."""
_STYLE = """
text{font:13px system-ui,sans-serif;fill:#24292f}.value{font-size:10px}
.small{font-size:11px}.caught{font-size:11px;opacity:.75}
.grid{stroke:#d0d7de}.floor{stroke:#24292f;stroke-dasharray:4 3}
.b0{fill:#1a7f5a}.b1{fill:#6ba539}.b2{fill:#b7791f}.b3{fill:#c2413a}
.b4{fill:#2f6fb0}.b5{fill:#7c5cc4}.b6{fill:#b04a94}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#30363d}.floor{stroke:#e6edf3}.b0{fill:#3fb88a}.b1{fill:#93c75f}.b2{fill:#d9a441}.b3{fill:#f0706a}
.b4{fill:#6aa5e0}.b5{fill:#a78bea}.b6{fill:#dd82c2}}
"""


def plot(rows: Sequence[Mapping[str, Any]]) -> str:
    """Horizontal bars on a logarithmic scale: one group a candidate, one bar an input."""
    shares = {
        (_shown_with(row["candidate"], row["input"]), row["input"]): row["of_orjson"]
        for row in rows
        if row["input"] in _INPUTS and (row["candidate"], row["input"]) != (_OURS, PROFILED)
    }
    names = [name for name in _SHOWN if any(one == name for one, _ in shares)]
    peers = {name for name, _ in shares} - set(_SHOWN) - _HIDDEN
    names += sorted(
        peers, key=lambda name: -max(share for (one, _), share in shares.items() if one == name)
    )
    scale = _Scale([share for (name, _), share in shares.items() if name in names] or [1.0])
    groups = {name: [shares.get((name, one)) for one in _INPUTS] for name in names}
    tall = {name: _BAR * sum(one is not None for one in groups[name]) for name in names}
    height = _TOP + sum(tall.values()) + _GAP * len(names) + 34
    caught = {
        row["candidate"]: _caught(row["verdicts"])
        for row in rows
        if row["input"] == ONLY_BAD and row.get("verdicts")
    }
    body = [*_legend(), *_axis(scale, height - 34)]
    top = _TOP
    for name in names:
        body += _name(_SHOWN.get(name, name), caught.get(name), top + tall[name] / 2)
        body += _bars(groups[name], scale, top)
        top += tall[name] + _GAP
    width = _LEFT + _WIDTH + _RIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">'
    )
    title = "Lines a CPU second beside orjson.loads, one core"
    return "\n".join(
        [head, f"<title>{title}</title>", f"<style>{_STYLE.strip()}</style>", *body, "</svg>", ""]
    )


def _shown_with(candidate: str, name: str) -> str:
    """The candidate that a figure is shown with: ours are one, at the level of the input."""
    return candidate.replace("strict", _OURS) if name in _STRICT_ALONE else candidate


class _Scale:
    """Shares to places: whole decades."""

    def __init__(self, shares: Sequence[float]) -> None:
        self.low = math.floor(math.log10(min(*shares, 0.1)))
        self.high = math.log10(max(*shares, 1.0) * 1.1)

    def __call__(self, share: float) -> float:
        return _LEFT + _WIDTH * (math.log10(share) - self.low) / (self.high - self.low)


def _legend() -> Iterator[str]:
    yield f'<text x="8" y="16">Lines a CPU second, as a share of {FLOOR} (logarithmic)</text>'
    for number, text in enumerate(_INPUTS.values()):
        x = 8 + 180 * (number % _IN_A_ROW)
        y = 27 + 18 * (number // _IN_A_ROW)
        yield (
            f'<rect class="b{number}" x="{x}" y="{y}" width="10" height="10"/><text '
            f'class="small" x="{x + 15}" y="{y + 9}">{escape(text)}</text>'
        )


def _axis(scale: _Scale, bottom: int) -> Iterator[str]:
    for decade in range(scale.low, math.floor(scale.high) + 1):
        x, share = scale(10.0**decade), f"{10.0**decade:g}"
        yield (
            f'<line class="{"floor" if decade == 0 else "grid"}" x1="{x:.1f}" x2="{x:.1f}" '
            f'y1="{_TOP - 6}" y2="{bottom}"/>'
        )
        yield (
            f'<text class="small" x="{x:.1f}" y="{bottom + 16}" '
            f'text-anchor="middle">{FLOOR if decade == 0 else share}</text>'
        )


def _caught(verdicts: Mapping[str, int]) -> str:
    return f"refuses {verdicts['caught'] / verdicts['bad']:.0%} of the bad"


def _name(name: str, caught: str | None, middle: float) -> Iterator[str]:
    yield (
        f'<text x="{_LEFT - 8}" y="{middle if caught else middle + 5:.1f}" '
        f'text-anchor="end">{escape(name)}</text>'
    )
    if caught:
        yield (
            f'<text class="caught" x="{_LEFT - 8}" y="{middle + 13:.1f}" '
            f'text-anchor="end">{caught}</text>'
        )


def _bars(shares: Sequence[float | None], scale: _Scale, top: int) -> Iterator[str]:
    drawn = [(number, share) for number, share in enumerate(shares) if share is not None]
    for place, (number, share) in enumerate(drawn):
        y, end = top + place * _BAR, scale(share)
        yield (
            f'<rect class="b{number}" x="{_LEFT}" y="{y}" width="{max(end - _LEFT, 1):.1f}" '
            f'height="{_BAR - 1}"/>'
        )
        yield f'<text class="value" x="{end + 4:.1f}" y="{y + _BAR - 2}">{share:.2g}</text>'


if __name__ == "__main__":
    sys.stdout.write(
        plot(
            [
                row
                for path in sys.argv[1:]
                for row in json.loads(Path(path).read_text())["candidates"]
            ]
        )
    )
