"""Redaction: issues that quote no value of any resource (``values=False``), for outcomes that may
leave a protected place.
"""

from __future__ import annotations

import dataclasses

from bulkfhir.validators import BlockVerdicts

__all__ = ["redacted"]


def redacted(verdicts: BlockVerdicts) -> BlockVerdicts:
    """Return the same with every value masked that a message quotes; a message that a plug-in gives
    as plain text is left out whole, since nobody knows what stands in it.
    """
    if not verdicts.verdicts:
        return verdicts
    masked = {
        position: dataclasses.replace(
            verdict, issues=[issue.without_values() for issue in verdict.issues]
        )
        for position, verdict in verdicts.verdicts.items()
    }
    return dataclasses.replace(verdicts, verdicts=masked)
