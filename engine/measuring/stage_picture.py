"""StagePicture: where the time of trials goes, as SVG, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from ..figures.amount import figure
from ..figures.stages import WORK

__all__ = ["stage_picture"]

_LEFT, _WIDTH, _RIGHT = 230, 520, 150
_ROW, _BAR, _TOP, _LEGEND = 34, 20, 64, 86
_WAITING: Final = "waiting"
_COLOURS: Final = {
    "start": "#8b949e",
    "read": "#4c8bf5",
    "decompress": "#7c5cd6",
    "accept": "#2ea67a",
    "explain": "#c2413a",
    "write": "#d9a441",
    "commit": "#a3672a",
    "publish": "#d36fb0",
    "place": "#8f4f7f",
    _WAITING: "#d0d7de",
}
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.small{font-size:11px}"
    ".axis{stroke:#8b949e}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}"
)


def stage_picture(document: Mapping[str, Any]) -> str:
    """Return bars, one for each trial of a ``bench_document``: the seconds of its workers by stage,
    waiting last. Of a sample they are the CPU seconds that the whole is predicted to take.
    """
    rows = [_row(trial) for trial in document["trials"]]
    longest = max((sum(parts.values()) for _, parts, _ in rows), default=0.0) or 1.0
    height = _TOP + _ROW * len(rows) + 12
    width = _LEFT + _WIDTH + _RIGHT
    title = "Seconds of all workers, by stage"
    if document["sample"]:
        title = "CPU seconds of the whole, predicted, by stage; ± for the ranges that were drawn"
    body = [f'<text x="8" y="18">{title}</text>', *_legend()]
    for number, (name, parts, speed) in enumerate(rows):
        body += _bar(name, parts, speed, _TOP + _ROW * number, _WIDTH / longest)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{title}</title><style>{_STYLE}</style>'
    )
    return "\n".join([head, *body, "</svg>", ""])


def _row(trial: Mapping[str, Any]) -> tuple[str, dict[str, float], str]:
    """Return a trial's name, stage -> seconds, and its speed."""
    workers = f"{trial['workers']} worker{'s' if trial['workers'] > 1 else ''}"
    name = f"{trial['level']}, {workers}"
    if found := trial["prediction"]:
        parts = {stage: spent["cpuSeconds"] for stage, spent in found["stages"].items()}
        parts["start"] = found["startCpuSeconds"]
        return name, parts, f"{figure(found['cpuSeconds'])} ± {figure(found['spreadSeconds'])} s"
    parts = {stage: spent["wallSeconds"] for stage, spent in trial["stages"].items()}
    parts[_WAITING] = trial["waitingSeconds"]
    return name, parts, f"{figure(trial['linesPerSecond'])} lines/s"


def _legend() -> Iterator[str]:
    for place, (stage, colour) in enumerate(_COLOURS.items()):
        x = 8 + place * _LEGEND
        yield f'<rect x="{x}" y="32" width="10" height="10" fill="{colour}"/>'
        yield f'<text class="small" x="{x + 14}" y="41">{stage}</text>'


def _bar(
    name: str, parts: Mapping[str, float], speed: str, top: int, scale: float
) -> Iterator[str]:
    middle, x = top + _BAR * 0.7, float(_LEFT)
    yield f'<text x="{_LEFT - 8}" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>'
    for stage in (*WORK, _WAITING):
        wide = parts.get(stage, 0.0) * scale
        if wide > 0:
            yield (
                f'<rect x="{x:.1f}" y="{top}" width="{wide:.1f}" height="{_BAR}" '
                f'fill="{_COLOURS[stage]}"><title>{stage} {parts[stage]:,.2f} s</title></rect>'
            )
            x += wide
    yield f'<text class="small" x="{x + 6:.1f}" y="{middle:.1f}">{escape(speed)}</text>'
