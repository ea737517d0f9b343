"""Systems: the operating systems that the engine runs on, and one sentence for any other."""

from __future__ import annotations

import sys

__all__ = ["refused_system"]


def refused_system() -> str | None:
    """Return why the engine does not run on this operating system; None where it does."""
    if sys.platform == "win32":
        return (
            "bulkfhir runs on Linux and macOS, since its locks and signals are POSIX's; on Windows "
            "install it in WSL"
        )
    return None
