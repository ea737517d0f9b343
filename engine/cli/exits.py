"""Exit codes: what the program's caller may branch on."""

from __future__ import annotations

__all__ = [
    "ACCEPTED",
    "FAILED",
    "INTERRUPTED",
    "NOTHING_TO_READ",
    "REJECTED",
    "TERMINATED",
    "USAGE",
]

ACCEPTED = 0
"""Every resource was accepted (or --exit-zero)."""
REJECTED = 1
"""Some were rejected, or a check that --fail-on names found something."""
USAGE = 2
"""The command or its configuration cannot work."""
FAILED = 3
"""The job failed: a store said no, a limit was passed, or something of ours is broken."""
NOTHING_TO_READ = 4
"""None of the sources holds anything that is read; what lay there is listed."""
INTERRUPTED = 130
"""Ctrl-C: 128 plus the number of SIGINT."""
TERMINATED = 143
"""SIGTERM: 128 plus its number. The command ends as it does on Ctrl-C."""
