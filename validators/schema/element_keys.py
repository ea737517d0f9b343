"""The keys of an ElementDefinition (FHIR R4, section 5.3.1): those that the schema is compiled
from, and those that are left out on purpose.

Both together are all that R4 defines; a test compares. ``fixed[x]`` and its like are without the
``[x]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["LEFT_OUT", "TAKEN"]

TAKEN: Final = frozenset(
    {
        "base", "binding", "constraint", "contentReference", "fixed", "id", "isModifier", "max",
        "maxLength", "maxValue", "min", "minValue", "path", "pattern", "representation",
        "sliceName", "slicing", "type",
    }
)  # fmt: skip

_PROSE = "words for people"
LEFT_OUT: Final[Mapping[str, str]] = {
    "alias": _PROSE,
    "code": "says what the element means in other systems, asks nothing of data",
    "comment": _PROSE,
    "condition": "names constraints, which stand under constraint themselves",
    "defaultValue": "R4 has none: a missing value is not filled in",
    "definition": _PROSE,
    "example": "values that may stand there",
    "extension": "those that ask something of data stand in type, binding and constraint",
    "isModifierReason": _PROSE,
    "isSummary": "asks something of servers that answer searches, nothing of data",
    "label": _PROSE,
    "mapping": "says where other standards have the element",
    "meaningWhenMissing": _PROSE,
    "modifierExtension": "R4 defines none",
    "mustSupport": "asks something of systems, nothing of data",
    "orderMeaning": _PROSE,
    "requirements": _PROSE,
    "short": _PROSE,
    "sliceIsConstraining": "which slice is meant follows from its name, as in HL7's validator",
}
"""Key -> why nothing is compiled from it."""
