"""GitLab's Code Quality report: one JSON array, an entry a rule and file."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from .groups import GroupedReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .groups import RuleGroup

__all__ = ["GitLabReport"]

_SEVERITIES: Final = {
    "fatal": "blocker",
    "error": "major",
    "warning": "minor",
    "information": "info",
}


class GitLabReport(GroupedReport):
    """An entry is known again in the next run by its file, severity and rule, so that a merge
    request shows what came and what went.
    """

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        del summary
        json.dump([_entry(group) for group in self._groups], self._out, indent=2)
        self._out.write("\n")


def _entry(group: RuleGroup) -> dict[str, object]:
    known = f"{group.file}\0{group.severity}\0{group.rule}"
    return {
        "description": group.sentence,
        "check_name": group.rule,
        "fingerprint": sha256(known.encode(errors="surrogatepass")).hexdigest(),
        "severity": _SEVERITIES[group.severity],
        "location": {"path": group.file, "lines": {"begin": group.examples[0].line or 1}},
    }
