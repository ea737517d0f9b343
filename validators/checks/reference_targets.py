"""Reference targets: which types an element of a resource may refer to, by its path."""

from __future__ import annotations

from collections.abc import Mapping

from ..definitions import Definitions, type_url
from ..schema import Property, UnknownType, schema_of

__all__ = ["ReferenceTargets"]

_ANY = type_url("Resource")


class ReferenceTargets:
    """The targets that the types of FHIR allow, whatever a profile makes of them."""

    def __init__(self, definitions: Definitions) -> None:
        self._schema = schema_of(definitions)

    def allowed(self, path: str) -> frozenset[str] | None:
        """Return the types that a path of a type's own elements may refer to
        (``Observation.subject``); none at all where the element is no Reference, None where it may
        be any resource or the path is not known.
        """
        name, *steps = path.split(".")
        prop: Property | None = None
        for step in steps:
            prop = self._properties(name).get(step.partition(":")[0])
            if prop is None:
                return None
            name = prop.type
        if prop is None or name != "Reference":
            return frozenset()
        targets = prop.type_ref.targets
        if not targets or _ANY in targets:
            return None
        return frozenset(url.rpartition("/")[2] for url in targets)

    def _properties(self, name: str) -> Mapping[str, Property]:
        try:
            return self._schema.properties(name)
        except UnknownType:
            return {}
