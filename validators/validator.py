"""The three levels of validation: what a caller uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from .block import Block, BlockValidator, BlockVerdicts, OneByOne
from .checks.check import joined
from .checks.doubts import Doubts
from .checks.exactness import InexactNumberError
from .definitions import CORE, Definitions, core
from .errors import PackageError
from .excerpt import MOST, excerpt
from .explainer.entry_walk import explain_entries
from .explainer.form import (
    RESOURCE_TYPE,
    RESOURCE_TYPE_NO_NAME,
    RESOURCE_TYPE_NO_STRING,
    RESOURCE_TYPE_UNKNOWN,
)
from .explainer.resource_walk import Explainer
from .issue import Issue, Remark, Verdict, any_fails, crash_verdict
from .native.acceptance import NATIVE, Acceptance
from .native.type_table import TypeTable, type_table
from .near_name import near_name
from .schema import Schema
from .search import SearchedElements
from .terminology import TerminologyRules
from .texts import texts
from .undecided import LineUndecided, UndecidedCode, codes_in, names_in
from .values.decoding import (
    DUPLICATE_PROPERTY,
    JSON,
    JSON_DEPTH,
    JSON_OBJECT,
    decode,
    decode_exact,
)

if TYPE_CHECKING:
    from .definitions.packages import Packages
    from .remarks import Remarks

__all__ = ["Level", "UnknownProfile", "Validator", "known_profiles"]

Level = Literal["strict", "structure-only", "minimal"]
"""HealthLake's ValidationLevel."""
UnknownProfile = Literal["error", "warning", "ignore"]
"""What a profile in meta.profile that nobody knows is worth at level strict."""


_ALWAYS = frozenset(
    one.name for one in (JSON, JSON_DEPTH, JSON_OBJECT, DUPLICATE_PROPERTY, RESOURCE_TYPE)
)
"""Rules that hold at every level, ``minimal`` too; so does the format of an id."""


_LEXICAL = b'"QuestionnaireResponse"'
"""Names the one type whose rules ask how a decimal was written."""
_HOLDERS = frozenset({"contained", "entry", "parameter"})
"""Where a resource may hold others."""


_Explain = Callable[[dict[str, Any], LineUndecided], list[Issue]]


class Validator:
    """The built-in validator: HL7's verdict on R4 resources, at one of HealthLake's levels. Not
    thread-safe; make one per worker.

    level            strict: base R4 and every profile in meta.profile. structure-only: base R4.
                     minimal: readable JSON of a known type with a legal id; what search could not
                     read is a warning.
    unknown_profile  at strict, what an unknown profile is worth
    profiles         at strict, canonical urls of profiles that every resource of their type follows
                     beside those that it names; each is in a package
    packages         FHIR packages: ``.tgz`` files, folders, or ``name#version`` in the standard
                     cache; see ``definitions.packages``
    defaults         name of a package -> the version that a bare canonical url means, where several
                     versions are given
    warnings         report warnings and information for resources that pass, too; then every line
                     goes to the explainer
    terminology      reference: codes as HL7's validator reads value sets. r4: as R4's text has it,
                     where that validator refuses valid codes; see docs/differences.md
    native           let the native acceptor, where it is installed, pass the lines that are
                     certainly valid; the verdicts are the same
    max_issues       issues of a line in its verdict at the most, errors first; 0 for all
    undecided        what could not be decided offline -> how often, added up over all calls:
                     codes by their value set or code system, values by their slicing
    """

    def __init__(
        self,
        level: Level = "strict",
        *,
        unknown_profile: UnknownProfile = "error",
        warnings: bool = False,
        profiles: Sequence[str] = (),
        packages: Sequence[str] = (),
        defaults: Mapping[str, str] | None = None,
        terminology: TerminologyRules = "reference",
        native: bool = True,
        max_issues: int = MOST,
    ) -> None:
        """Read the packages; types and profiles are compiled when first met. Raises PackageError
        for a package that cannot be found or read and for a profile that none has, and ValueError
        for an unknown level or terminology.
        """
        arguments = {name: given for name, given in locals().items() if name != "self"}
        self._made = partial(Validator, **arguments)
        if level not in get_args(Level):
            raise ValueError(f"unknown level {level!r}: one of {', '.join(get_args(Level))}")
        if terminology not in get_args(TerminologyRules):
            raise ValueError(
                f"unknown terminology {terminology!r}: one of "
                f"{', '.join(get_args(TerminologyRules))}"
            )
        self.level = level
        self._max_issues = max_issues
        self.warnings = warnings
        self.undecided: Counter[str] = Counter()
        self._unknown_profile: UnknownProfile | None = (
            unknown_profile if level == "strict" else None
        )
        self.packages: Packages | None = None
        self._definitions: Definitions = core()
        if packages:
            from .definitions.packages import Packages
            from .schema.snapshot import UsableSnapshots

            self.packages = Packages(packages, defaults=defaults)
            self._definitions = UsableSnapshots(self.packages)
        self._profiles = known_profiles(texts(profiles), self._definitions, level)
        self._terminology = terminology
        self._searched = SearchedElements(self._definitions)
        self._failing = False
        self.native = native and NATIVE and not warnings
        self._blocks: BlockValidator = (
            Acceptance(
                lambda: self._errors,
                self._validate_doubtful,
                self.undecided,
                None if level == "minimal" else lambda: self._everything,
                self._shipped_types(),
                max_issues,
            )
            if self.native
            else OneByOne(self)
        )

    def __reduce__(self) -> tuple[Callable[[], Validator], tuple[()]]:
        """Pickle the choices, by which the validator is made anew elsewhere; it counts from zero
        there, and reads its packages again.
        """
        return self._made, ()

    def validate(self, line: bytes | bytearray | memoryview | str) -> Verdict:
        """Return the verdict for one resource given as JSON, as bytes or as text.

        Bad data is in the verdict, never raised; so is a mistake of the validator's own, with the
        resource's type and id (``Verdict.crashed``). Raises TypeError for what is neither.
        Many lines at once are judged several times faster by ``validate_block``.
        """
        return self._verdict(line if type(line) is bytes else _as_bytes(line), self._issues)

    def remarks(self, line: bytes) -> Sequence[Remark]:
        """Return what HealthLake's FAILURE line says of a failing resource beside its issues; none
        at level minimal, where it validates little, nor of what is no resource.
        """
        resource = None if self.level == "minimal" else decode(line)
        return () if isinstance(resource, Issue | None) else self._remarks.of(resource)

    @cached_property
    def _remarks(self) -> Remarks:
        from .remarks import Remarks  # for failing lines of import jobs

        return Remarks(self._errors.schema, self._definitions)

    def _validate_doubtful(self, line: bytes, doubts: Doubts | None) -> Verdict:
        """Return the verdict that ``validate`` gives, reached sooner where there is an error, as
        there is in nearly every line that the acceptor does not accept.

        doubts   what is in doubt of a Bundle; None for all of a line
        """
        if self.level == "minimal":
            return self._verdict(line, self._issues)
        return self._verdict(line, partial(self._all_issues, doubts=doubts))

    def _verdict(self, line: bytes, explain: _Explain) -> Verdict:
        resource = decode(line)
        if (
            resource.__class__ is dict
            and (
                resource.get("resourceType") == "QuestionnaireResponse"
                or not _HOLDERS.isdisjoint(resource)
            )
            and _LEXICAL in line
        ):
            resource = decode_exact(line)
        if isinstance(resource, Issue):
            return Verdict(None, None, [resource])
        name, identity = resource.get("resourceType"), resource.get("id")
        identity = identity if type(identity) is str else None
        if type(name) is not str or not self._errors.schema.is_resource(name):
            return Verdict(name if type(name) is str else None, identity, [_resource_type(name)])
        try:
            issues, codes = self._explained(line, resource, explain)
            verdict = Verdict(name, identity, issues, codes=codes)
            return excerpt(verdict, self._max_issues)
        except Exception as error:  # noqa: BLE001  # the wall around one resource: a mistake here costs its own line only
            return crash_verdict(error, name, identity)

    def _explained(
        self, line: bytes, resource: dict[str, Any], explain: _Explain
    ) -> tuple[list[Issue], Mapping[UndecidedCode, int]]:
        """Return the issues of a resource, and its codes that were left undecided; where digits of
        its numbers decide, of the resource read exactly.
        """
        undecided = LineUndecided()
        try:
            issues = explain(resource, undecided)
        except InexactNumberError:
            exact = decode_exact(line)
            undecided.clear()
            issues = [exact] if isinstance(exact, Issue) else explain(exact, undecided)
        if not undecided:
            return issues, {}
        self.undecided.update(names_in(undecided))
        return issues, codes_in(undecided)

    def _issues(self, resource: dict[str, Any], undecided: LineUndecided) -> list[Issue]:
        """Return the issues of a resource. What fails it is looked for first, which is the smaller
        question; the rest only where something does. Where the one before failed, this one is
        expected to fail too, and all is asked at once.
        """
        if self.level == "minimal":
            return self._minimal(self._errors.explain(resource, undecided))
        if self.warnings or self._failing:
            issues = self._all_issues(resource, undecided)
            self._failing = bool(issues)
            return issues
        issues = self._errors.explain(resource, undecided)
        self._failing = bool(issues)
        return self._everything.explain(resource, LineUndecided()) if issues else issues

    def _all_issues(
        self, resource: dict[str, Any], undecided: LineUndecided, *, doubts: Doubts | None = None
    ) -> list[Issue]:
        issues = (
            self._everything.explain(resource, undecided)
            if doubts is None
            else explain_entries(self._everything, resource, undecided, doubts)
        )
        return issues if self.warnings or any_fails(issues) else []

    def _shipped_types(self) -> TypeTable | None:
        """Return the types as they shipped; None where something is asked of them beyond R4, or a
        package has what R4 lacks.
        """
        table = None if self._profiles else type_table(claims=self._unknown_profile is not None)
        if table is None or self.packages is None:
            return table
        return None if self.packages.changes(table.absent) else table

    @cached_property
    def _errors(self) -> Explainer:
        return Explainer(
            self._definitions,
            unknown_profile=self._unknown_profile,
            asked_profiles=self._profiles,
            terminology=self._terminology,
        )

    @cached_property
    def _everything(self) -> Explainer:
        return Explainer(
            self._definitions,
            warnings=True,
            unknown_profile=self._unknown_profile,
            asked_profiles=self._profiles,
            sharing=self._errors,
        )

    def _minimal(self, issues: list[Issue]) -> list[Issue]:
        """Return what level minimal makes of the failures at structure-only: few stay, some become
        warnings, the rest is dropped.
        """
        kept: list[Issue] = []
        for issue in issues:
            if issue.rule in _ALWAYS or issue.location == f"{issue.location.partition('.')[0]}.id":
                kept.append(issue)
            elif self._searched.reads(joined(issue.location, issue.element)):
                issue.severity = "warning"
                kept.append(issue)
        return kept

    def validate_block(self, block: Block) -> BlockVerdicts:
        """Return the verdicts for a block of lines, with the counts of what this block left
        undecided.

        Raises TypeError for what is no block of bytes.
        """
        if not isinstance(block, Block) or not isinstance(block.data, bytes):
            found = type(block.data if isinstance(block, Block) else block).__name__
            raise TypeError(f"lines are given as a Block of bytes, not as {found}")
        before = self.undecided.copy()
        verdicts = self._blocks.validate_block(block)
        return replace(verdicts, undecided=self.undecided - before)


def _as_bytes(line: object) -> bytes:
    if isinstance(line, str):
        return line.encode(errors="surrogatepass")  # a lone surrogate is the data's fault
    if isinstance(line, bytes | bytearray | memoryview):
        return bytes(line)
    raise TypeError(f"a resource is given as JSON, as bytes or str, not as {type(line).__name__}")


def known_profiles(
    profiles: Sequence[str], definitions: Definitions, level: str
) -> tuple[str, ...]:
    """Return the profiles that are asked for, each once. Raise PackageError for one that no package
    has, that is none of a resource type, and at a level that does not look at profiles.
    """
    for url in profiles:
        if level != "strict":
            raise PackageError(f"{url}: profiles are checked at level strict")
        definition = definitions.fetch("StructureDefinition", url)
        if definition is None:
            raise PackageError(f"{url}: no package at hand has this profile; give it by --package")
        if not Schema(core()).is_resource(definition["type"]):
            raise PackageError(f"{url}: a profile on {definition['type']}, which is no resource")
    return tuple(dict.fromkeys(profiles))


def _resource_type(name: Any) -> Issue:
    if name is None:
        return Issue.of(RESOURCE_TYPE())
    if type(name) is not str:
        return Issue.of(RESOURCE_TYPE_NO_STRING())
    is_name = name.isascii() and name.isalpha()
    fault = RESOURCE_TYPE_UNKNOWN if is_name else RESOURCE_TYPE_NO_NAME
    return Issue.of(fault(name=name[:64], hint=_TypeHint(name[:64])))


class _TypeHint:
    """The resource type that was perhaps meant, looked for when the sentence is rendered."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __str__(self) -> str:
        near = _near_type(self._name)
        return f"; did you mean '{near}'?" if near and Schema(core()).is_resource(near) else ""


@lru_cache(maxsize=1024)
def _near_type(name: str) -> str | None:
    return near_name(name, _type_names(), alone=True)


@cache
def _type_names() -> tuple[str, ...]:
    """Return the names of FHIR's own types, and of what else lies beside them."""
    return tuple(sorted(url.removeprefix(CORE) for url in core().urls("StructureDefinition")))
