"""Writes a table of R4 for the fuzz target: every resource type, every overlay that they lead to.

python make_table.py OUTPUT
"""

from __future__ import annotations

import sys
from pathlib import Path

from bulkfhir.validators.definitions import core
from bulkfhir.validators.explainer import Explainer
from bulkfhir.validators.lowering import Lowering

TYPES = "Patient Observation Encounter Claim Condition Medication MedicationRequest Questionnaire Composition DocumentReference ValueSet Timing".split()


def main() -> None:
    lowering = Lowering(Explainer(core(), unknown_profile="error"))
    for name in TYPES:
        lowering.answer(0, name.encode())
    for check in (1, 2):  # nodes, overlays: more of them come up while they are lowered
        number = 0
        while lowering.answer(check, number.to_bytes(4, "little"))[0]:
            number += 1
    Path(sys.argv[1]).write_bytes(lowering.take_records())


if __name__ == "__main__":
    main()
