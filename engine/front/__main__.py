"""``python -m bulkfhir``: the same program as the command ``bulkfhir``."""

from __future__ import annotations

from bulkfhir.engine.cli import main

if __name__ == "__main__":
    main()
