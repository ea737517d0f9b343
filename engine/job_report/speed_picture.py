"""Speed picture: how fast a job read as time went on, as SVG that stands in the page itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["speed_picture"]

_WIDTH, _HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 26, 26
_STRETCHES = 40
"""Stretches of a curve: many short ones show nothing but which block ended when."""

_FEWEST = 3
"""Moments that make a curve; a job with fewer took a second or so."""


def speed_picture(moments: Sequence[Mapping[str, float]]) -> str:
    """Return a curve of resources a second; "" where the job was too short for one.

    moments   ``seconds`` since the run began, ``resources`` read until then
    """
    speeds = _speeds(moments)
    if len(speeds) < _FEWEST:
        return ""
    end, top = speeds[-1][0], max(speed for _, speed in speeds)
    if not end or not top:
        return ""
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    points = [
        f"{_LEFT + at / end * wide:.1f},{_TOP + high - speed / top * high:.1f}"
        for at, speed in speeds
    ]
    floor = _TOP + high
    label = f"Up to {top:,.0f} resources a second, over {end:,.1f} seconds"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f'<polygon class="area" points="{_LEFT},{floor} {" ".join(points)} '
        f'{_LEFT + wide},{floor}"/>'
        f'<polyline class="line" points="{" ".join(points)}"/>'
        f'<path class="axis" d="M{_LEFT} {floor}H{_LEFT + wide}M{_LEFT} {_TOP}H{_LEFT + wide}"/>'
        f'<text x="{_LEFT}" y="{_TOP - 8}">{top:,.0f} resources/s</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">0 s</text>'
        f'<text x="{_LEFT + wide}" y="{_HEIGHT - 8}" text-anchor="end">{end:,.1f} s</text>'
        "</svg>"
    )


def _speeds(moments: Sequence[Mapping[str, float]]) -> list[tuple[float, float]]:
    """Return (second, resources a second) of each stretch between two moments, the first of which
    begins with the run; the second is that in which the stretch ends.
    """
    speeds, before, count = list[tuple[float, float]](), 0.0, 0.0
    for moment in _without_remnant(_spread(moments)):
        took = moment["seconds"] - before
        if took > 0:
            speeds.append((moment["seconds"], (moment["resources"] - count) / took))
            before, count = moment["seconds"], moment["resources"]
    return [(0.0, speeds[0][1]), *speeds] if speeds else []


def _spread(moments: Sequence[Mapping[str, float]]) -> Sequence[Mapping[str, float]]:
    """Return so many moments at the most, the last among them, spread over the time."""
    kept: list[Mapping[str, float]] = []
    step = moments[-1]["seconds"] / _STRETCHES if moments else 0.0
    for moment in moments[:-1]:
        if moment["seconds"] - (kept[-1]["seconds"] if kept else 0.0) >= step:
            kept.append(moment)
    return [*kept, *moments[-1:]]


def _without_remnant(moments: Sequence[Mapping[str, float]]) -> Sequence[Mapping[str, float]]:
    """Return the moments, the last two stretches as one where the last is so short that chance
    alone makes its speed.
    """
    if len(moments) < _FEWEST:
        return moments
    before, middle, last = (moment["seconds"] for moment in moments[-3:])
    if (last - middle) * 2 < middle - before:
        return [*moments[:-2], moments[-1]]
    return moments
