"""Search: the elements that R4's search parameters name, for the warnings of level minimal."""

from __future__ import annotations

from ..economy.lazy_pattern import lazy_pattern
from . import Definitions

__all__ = ["SearchedElements"]

_INDEX = lazy_pattern(r"\[\d+\]|\.ofType\(\w+\)")
_PATH = lazy_pattern(r"[A-Z]\w*(?:\.\w+(?!\w*\())+")
_ANY = ("Resource", "DomainResource")


class SearchedElements:
    """The paths of elements by resource type, read from the SearchParameters (FHIR R4, section
    3.2.1) when first asked for.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._paths: dict[str, set[str]] | None = None

    def reads(self, location: str) -> bool:
        """Tell whether some search parameter reads the element at a location
        (``Patient.name[0].given[1]``), something in it or around it.
        """
        path = _INDEX.sub("", location)
        name, _, rest = path.partition(".")
        if not rest:
            return False
        return any(
            rest == searched or rest.startswith(searched + ".") or searched.startswith(rest + ".")
            for kind in (name, *_ANY)
            for searched in self._by_type().get(kind, ())
        )

    def _by_type(self) -> dict[str, set[str]]:
        if self._paths is None:
            self._paths = {}
            for parameter in self._definitions.all("SearchParameter"):
                if parameter["type"] == "composite":
                    continue  # its parts are parameters of their own
                for path in _PATH.findall(parameter.get("expression", "")):
                    name, _, rest = path.partition(".")
                    self._paths.setdefault(name, set()).add(rest)
        return self._paths
