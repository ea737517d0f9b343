"""The FHIR packages of a job, several versions side by side, over the R4 core.

sources -> packages, their dependencies from the standard cache -> Packages (a Definitions)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from ..errors import PackageError
from ..texts import texts
from . import Definitions, core
from .package import Package, open_package
from .package_versions import version_pattern
from .standard_cache import find, locate

__all__ = ["Missing", "Packages"]

_CORE_NAME = lazy_pattern(r"hl7\.fhir\.r4[ab]?\.(core|expansions)")
_OURS = ("4.0", "4.3")  # R4B's conformance resources read as R4's do

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Missing:
    """A dependency that is not here.

    package      ``name#version`` that is wanted
    wanted_by    labels of the packages that want it
    """

    package: str
    wanted_by: Sequence[str]


class Packages:
    """Definitions of the core and of packages.

    A bare canonical url means the core's definition where the core has it; then the first package,
    in the order given, that has it; the version that ``defaults`` names goes before all others of
    the same package. ``url|version`` means exactly that version. Value sets and code systems of
    plain folders and files go before everything else: they are what a user supplies to fill gaps.
    Dependencies come after what was given, and only from the standard cache; see ``missing``.
    A package is for the FHIR version that its StructureDefinitions state, whatever its package.json
    says; see ``mislabelled``.
    """

    def __init__(
        self,
        sources: Sequence[str],
        *,
        defaults: Mapping[str, str] | None = None,
        base: Definitions | None = None,
    ) -> None:
        """Raises PackageError for a source that cannot be found or read, one for another FHIR
        version, and a default that is not among them.
        """
        self._base: Definitions = base if base is not None else core()
        given = [_checked(open_package(locate(source))) for source in texts(sources)]
        self.packages, self.missing, self._mislabelled = _with_dependencies(
            _ordered(given, defaults or {})
        )
        self._supplied = [package.definitions for package in self.packages if not package.name]
        self._layers: list[Definitions] = [
            self._base,
            *(package.definitions for package in self.packages),
        ]
        self._terminology: list[Definitions] = [*self._supplied, *self._layers]

    def fetch(self, kind: str, url: str) -> Resource | None:
        """Return the resource of that kind and canonical url from the first that has it: the core,
        then the packages in order; before both, for a ValueSet or CodeSystem, the resources given
        without a package.

        None where nobody has it.
        """
        for layer in self._terminology if kind in ("ValueSet", "CodeSystem") else self._layers:
            found = layer.fetch(kind, url)
            if found is not None:
                return found
        return None

    def versions(self, kind: str, url: str) -> frozenset[str]:
        """Return the versions of the resource of a kind and canonical url that the core and all
        packages have.
        """
        return frozenset().union(*(layer.versions(kind, url) for layer in self._layers))

    def urls(self, kind: str) -> Iterator[str]:
        """Return the canonical urls of all resources of a kind, each once."""
        return iter(dict.fromkeys(url for layer in self._layers for url in layer.urls(kind)))

    def all(self, kind: str) -> Iterator[Resource]:
        """Yield every resource of a kind, all versions, the core's first."""
        for layer in self._layers:
            yield from layer.all(kind)

    def changes(self, absent: Iterable[Sequence[str]]) -> bool:
        """Tell whether the core's own types are read otherwise than without the packages: because
        of terminology that goes before the core's, or of a definition that the core has not.

        absent   kinds and canonical urls of those that its types ask for
        """
        terminology = any(
            next(layer.urls(kind), None) is not None
            for layer in self._supplied
            for kind in ("ValueSet", "CodeSystem")
        )
        return terminology or any(self.fetch(kind, url) is not None for kind, url in absent)

    def unchecked(self) -> dict[str, list[str]]:
        """Return kind -> canonical urls that the packages refer to and nobody has: what cannot be
        checked.
        """
        return {kind: self._unchecked(kind) for kind in ("StructureDefinition", "ValueSet")}

    def _unchecked(self, kind: str) -> list[str]:
        here = set(self.urls(kind))  # the indexes only: nothing is read for a bare url
        wanted = dict.fromkeys(
            url for package in self.packages for url in package.references.get(kind, ())
        )
        return [
            url
            for url in wanted
            if url not in here and ("|" not in url or self.fetch(kind, url) is None)
        ]

    def warning(self) -> str | None:
        """Return one sentence for the start of a job when dependencies are missing: which, who
        wants them, and what cannot be checked. None when none is missing.
        """
        if not self.missing:
            return None
        packages = "; ".join(
            f"{missing.package} (wanted by {', '.join(missing.wanted_by)})"
            for missing in self.missing
        )
        unchecked = self.unchecked()
        named = {
            "profiles and extensions": unchecked["StructureDefinition"],
            "required value sets": unchecked["ValueSet"],
        }
        parts = [f"{len(urls)} {what} ({_some(urls)})" for what, urls in named.items() if urls]
        effect = (
            "cannot be checked without them: " + "; ".join(parts)
            if parts
            else "no definition in use needs them"
        )
        return f"missing dependencies: {packages}; {effect}"

    def mislabelled(self) -> list[str]:
        """Return one sentence for each package whose package.json names another FHIR version than
        its StructureDefinitions do, the dependencies that were left out for it among them.
        """
        return [
            f"{_both_versions(package)}: the definitions count"
            + ("" if _for_r4(package) else ", and the package is left out")
            for package in self._mislabelled
        ]


def _some(urls: Sequence[str]) -> str:
    return ", ".join(urls[:3]) + (", …" if len(urls) > 3 else "")


def _checked(package: Package) -> Package:
    if not _for_r4(package):
        wanted = "only R4 (4.0.1) is validated"
        if _is_mislabelled(package):
            raise PackageError(f"{package.path}: {_both_versions(package)}; {wanted}")
        versions = ", ".join(package.stated or package.fhir_versions)
        raise PackageError(f"{package.path}: {package.label} is for FHIR {versions}; {wanted}")
    return package


def _for_r4(package: Package) -> bool:
    """A plain folder is taken as it is; of what a package's definitions state, one is enough."""
    versions = package.fhir_versions and (package.stated or package.fhir_versions)
    return not versions or any(version.startswith(_OURS) for version in versions)


def _is_mislabelled(package: Package) -> bool:
    said, stated = (
        {version[:3] for version in versions}
        for versions in (package.fhir_versions, package.stated)
    )
    return bool(said and stated) and said.isdisjoint(stated)


def _both_versions(package: Package) -> str:
    return (
        f"package.json of {package.label} names FHIR {', '.join(package.fhir_versions)}, its "
        f"StructureDefinitions are for {', '.join(package.stated)}"
    )


def _ordered(packages: Sequence[Package], defaults: Mapping[str, str]) -> list[Package]:
    """Each package once, the configured default version of a name before its other versions,
    otherwise as given.
    """
    # from the end, so that of two packages with one label the first given counts
    unique = list({package.label: package for package in reversed(packages)}.values())[::-1]
    for name, version in defaults.items():
        names = {package.version for package in unique if package.name == name}
        if names and version not in names:
            raise PackageError(
                f"default version {version} of {name} is not among the packages given "
                f"({', '.join(sorted(names))})"
            )
    return sorted(
        unique, key=lambda package: defaults.get(package.name) not in (None, package.version)
    )


def _with_dependencies(
    given: Sequence[Package],
) -> tuple[tuple[Package, ...], tuple[Missing, ...], list[Package]]:
    """The packages and, breadth first, what they depend on; what of that is nowhere; and those met
    that call themselves by another FHIR version than their definitions.
    """
    packages = {package.label: package for package in given}
    mislabelled = {
        label: package for label, package in packages.items() if _is_mislabelled(package)
    }
    missing: dict[str, list[str]] = {}
    queue = list(given)
    while queue:
        package = queue.pop(0)
        for name, version in package.dependencies.items():
            label = f"{name}#{version}"
            if (
                _CORE_NAME.fullmatch(name)
                or label in packages
                or _satisfied(packages.values(), name, version)
            ):
                continue
            found = _dependency(name, version)
            if found is not None and _is_mislabelled(found):
                mislabelled[found.label] = found
            if found is None or not _for_r4(found):
                missing.setdefault(label, []).append(package.label)
            elif found.label not in packages:
                packages[found.label] = found
                queue.append(found)
    absent = (Missing(label, tuple(wanted_by)) for label, wanted_by in missing.items())
    return tuple(packages.values()), tuple(absent), list(mislabelled.values())


def _satisfied(packages: Iterable[Package], name: str, version: str) -> bool:
    wanted = version_pattern(version)
    return any(package.name == name and wanted.fullmatch(package.version) for package in packages)


def _dependency(name: str, version: str) -> Package | None:
    path = find(name, version)
    return None if path is None else open_package(path)
