"""The command line: one file a command, loaded when it is asked for. Only this package prints and
exits.

arguments, BULKFHIR_*, bulkfhir.toml -> command -> engine -> report on stdout, progress on stderr,
exit code
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that was asked for and exit with its code: the program ``bulkfhir``."""
    from ..process.garbage import collect_seldom
    from ..process.systems import refused_system

    collect_seldom()
    if (refusal := refused_system()) is not None:
        sys.stderr.write(f"bulkfhir: {refusal}\n")
        sys.exit(2)
    from ..process.own_process import end_with_job
    from .program import run
    from .streams import fill_closed_streams

    fill_closed_streams()
    end_with_job()
    sys.exit(run(sys.argv[1:]))
