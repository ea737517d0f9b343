"""Write a table for the fuzz target `block`: some resource types and all that they lead to, with
the profiles of packages on them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bulkfhir.validators import Validator
from bulkfhir.validators.native.type_records import Lowering

TYPES = (
    "Patient Observation Encounter Claim Condition Medication MedicationRequest Composition "
    "DocumentReference ValueSet Bundle Parameters"
).split()
NODES, OVERLAYS = 1, 2
MOST = {NODES: 5000, OVERLAYS: 1000}
"""How many are written: a profile on a type that holds itself has an overlay for every level,
without end.
"""


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE")
    chosen = parser.parse_args()
    explainer = Validator("strict", packages=chosen.packages)._errors  # noqa: SLF001 - what it explains by is what is lowered
    lowering = Lowering(explainer)
    for name in TYPES:
        lowering.table.answer(0, name.encode())
    for definition in explainer.definitions.all("StructureDefinition"):
        if (
            definition.get("derivation") == "constraint"
            and definition["type"] in (*TYPES, "Extension")
            and explainer.profile_check(definition["url"])
        ):
            lowering.table.profile(definition["url"])
    done = {NODES: 0, OVERLAYS: 0}
    while check := next(
        (
            c
            for c in done
            if done[c] < MOST[c] and lowering.table.answer(c, done[c].to_bytes(4, "little"))[0]
        ),
        None,
    ):
        done[check] += 1  # what is lowered brings up more of both
    chosen.output.write_bytes(lowering.table.take_records())


if __name__ == "__main__":
    main()
