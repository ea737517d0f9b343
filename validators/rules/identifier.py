"""Identifiers (FHIR R4, section 2.24.0.10): the system is absolute, and the value a URI or UUID
where the system says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..economy.lazy_pattern import lazy_pattern
from ..schema import TypeSchema
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE"]

_SCHEMES = ("http:", "https:", "urn:", "ldap:")
_SCHEME = lazy_pattern(r"(?!file:(?!/|[^:]*:))[A-Za-z][A-Za-z0-9_\[\]]*:")
_URI_SYSTEM = "urn:ietf:rfc:3986"
_UUID_SYSTEM = "https://tools.ietf.org/html/rfc4122"
_UUID = lazy_pattern(
    r"urn:uuid:.*|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.DOTALL
)


IDENTIFIER_SYSTEM = Declaration(
    "identifier-system",
    "error",
    "code-invalid",
    "Identifier.system must be an absolute reference, not a local reference",
    "the system of an Identifier is an absolute URI",
    section="2.24.0.10",
    reference=("Type_Specific_Checks_DT_Identifier_System",),
)
IDENTIFIER_URI = Declaration(
    "identifier-uri",
    "error",
    "code-invalid",
    f"if identifier.system is '{_URI_SYSTEM}', then the identifier.value must be a full URI",
    "the value of an Identifier is a URI or a UUID where its system says so",
    section="2.24.0.10",
    reference=(
        "TYPE_SPECIFIC_CHECKS_DT_IDENTIFIER_IETF_SYSTEM_VALUE",
        "TYPE_SPECIFIC_CHECKS_DT_IDENTIFIER_IETF_SYSTEM_WRONG_1",
    ),
)
IDENTIFIER_UUID = IDENTIFIER_URI.also(
    f"the system '{_UUID_SYSTEM}' is for UUIDs, which the value is none of"
)


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of Identifiers (FHIR R4, section 2.24.0.10): the system is absolute, and the
    value is a URI or a UUID where the system says so. None for any other type.
    """
    if schema.name != "Identifier":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        system = value.get("system")
        if type(system) is not str or not system:
            return None
        if not system.startswith(_SCHEMES):
            return [Issue.of(IDENTIFIER_SYSTEM())]
        if system == _URI_SYSTEM:
            identifier = value.get("value")
            if type(identifier) is str and identifier and not _SCHEME.match(identifier):
                return [Issue.of(IDENTIFIER_URI())]
        if (
            system == _UUID_SYSTEM
            and type(value.get("value")) is str
            and not _UUID.fullmatch(value["value"])
        ):
            return [Issue.of(IDENTIFIER_UUID())]
        return None

    return check


RULE = Rule("identifiers", ("object",), build, Twin("identifier"), Reads(("system", "value")))
