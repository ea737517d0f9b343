"""Log names: under which path each input is logged, where several would have one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

from ..errors import ConfigurationError
from .compression import without_compression
from .input_file import InputFile

__all__ = ["safe_path", "telling_log_names"]

_PLAIN: Final = lazy_pattern(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
"""Most paths: nothing in them is ever escaped."""

_ESCAPED: Final = {"": "%2F", ".": "%2E", "..": "%2E%2E"}


def safe_path(relative: str) -> str:
    """Return the path of a log for a file's path below its source: a step that no path can have,
    such as an S3 key may, is escaped.
    """
    if _PLAIN.fullmatch(relative):
        return relative
    return "/".join(_ESCAPED.get(step, step) for step in relative.replace("\0", "%00").split("/"))


def telling_log_names(files: Sequence[InputFile]) -> list[str]:
    """Return the log name of each file: its own, and where several have one the shortest part of
    their paths that tells them apart.

    Of files that differ by the ending of a compression alone, the first has the name without one,
    and the others keep it. Raises ConfigurationError where nothing tells two of them apart.
    """
    named = _by_themselves(files)
    names = [name for name, _ in named]
    depths = [name.count("/") + 1 for name in names]
    while groups := _shared(names):
        for group in groups:
            if all(depths[number] > named[number][1].count("/") for number in group):
                first, second = (files[number] for number in group[:2])
                raise ConfigurationError(
                    f"{first.name} and {second.name} would both log to {names[group[0]]}: rename "
                    "one or import them in two jobs"
                )
            for number in group:
                depths[number] += 1
                names[number] = "/".join(named[number][1].split("/")[-depths[number] :])
    return names


def _by_themselves(files: Sequence[InputFile]) -> list[tuple[str, str]]:
    """(log name, whole path that ends in it) of each file, as if no other folder were read."""
    wholes = [safe_path(file.uri.partition("://")[2] or file.uri.lstrip("/")) for file in files]
    taken = {whole for whole in wholes if whole == without_compression(whole)}
    named = []
    for file, whole in zip(files, wholes, strict=True):
        path, name = without_compression(whole), file.log_name
        if path != whole and path in taken:
            path, name = whole, name + whole[len(path) :]
        taken.add(path)
        named.append((name, path if path.endswith(name) else name))
    return named


def _shared(names: Sequence[str]) -> list[list[int]]:
    found = defaultdict(list)
    for number, name in enumerate(names):
        found[name].append(number)
    return [numbers for numbers in found.values() if len(numbers) > 1]
