"""The three levels of validation: what a caller uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from .checks.doubts import Doubts
from .checks.exactness import InexactNumberError
from .definitions import Definitions, core
from .errors import PackageError
from .native.acceptance import NATIVE, Acceptance
from .native.type_table import TypeTable, type_table
from .terminology.membership import TerminologyRules
from .texts import texts
from .values.decoding import decode, decode_exact
from .verdicts.block import Block, BlockValidator, BlockVerdicts, OneByOne
from .verdicts.crash_log import log_crash_of
from .verdicts.excerpt import MOST, excerpt
from .verdicts.issue import Issue, Remark, Verdict, any_fails, crash_verdict
from .verdicts.undecided import LineUndecided, UndecidedCode, codes_in, names_in

if TYPE_CHECKING:
    from .definitions.packages import Packages
    from .explainer.resource_walk import Explainer
    from .minimal import MinimalLevel
    from .remarks import Remarks
    from .terminology import Terminology

__all__ = ["Level", "UnknownProfile", "Validator", "known_profiles"]

Level = Literal["strict", "structure-only", "minimal"]
"""HealthLake's ValidationLevel."""
UnknownProfile = Literal["error", "warning", "ignore"]
"""What a profile in meta.profile that nobody knows is worth at level strict."""


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
        self._terminology_rules: TerminologyRules = terminology
        self._failing = False
        self.native = native and NATIVE and not warnings
        self._blocks: BlockValidator = (
            Acceptance(
                lambda: self._errors,
                self._validate_doubtful,
                self.undecided,
                None if level == "minimal" else lambda: self._everything,
                self._shipped_types(),
                lambda: self._terminology,
                max_issues,
                None if level == "minimal" else self._valid_but_for,
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
        if isinstance(resource, Issue | None):
            return ()
        try:
            return self._remarks.of(resource, line)
        except Exception as error:  # noqa: BLE001  # the wall around one resource, as around its verdict
            log_crash_of(None, error)
            return ()

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

    def _valid_but_for(
        self, line: bytes, doubts: Doubts, undecided: LineUndecided
    ) -> Verdict | None:
        """Return the verdict of a Bundle whose other entries are valid; None where something fails
        it, or may.

        doubts      the entries that are in doubt
        undecided   what of the others was left undecided
        """
        from .explainer.entry_walk import explain_entries  # with the explainer

        fails = False

        def explain(resource: dict[str, Any], found: LineUndecided) -> list[Issue]:
            nonlocal fails
            issues = explain_entries(self._errors, resource, found, doubts)
            fails = bool(issues)
            if fails:
                found.clear()  # counted where the Bundle is explained once more
            else:
                found.update(undecided)
            return issues

        verdict = self._verdict(line, explain)
        return None if fails or verdict.issues else verdict

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
            from .explainer.resource_type import no_resource_type  # with the explainer

            issue = no_resource_type(name)
            return Verdict(name if type(name) is str else None, identity, [issue])
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
            return self._minimal.kept(self._errors.explain(resource, undecided))
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
            else self._explained_entries(resource, undecided, doubts)
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

    def _explained_entries(
        self, resource: dict[str, Any], undecided: LineUndecided, doubts: Doubts
    ) -> list[Issue]:
        from .explainer.entry_walk import explain_entries  # with the explainer

        return explain_entries(self._everything, resource, undecided, doubts)

    @cached_property
    def _minimal(self) -> MinimalLevel:
        from .minimal import MinimalLevel  # with the explainer

        return MinimalLevel(self._definitions)

    @cached_property
    def _terminology(self) -> Terminology:
        from .terminology import Terminology  # what the acceptor passes at once asks for no code

        return Terminology(self._definitions, rules=self._terminology_rules)

    @cached_property
    def _errors(self) -> Explainer:
        from .explainer.resource_walk import Explainer  # lines in order may never need it

        return Explainer(
            self._definitions,
            unknown_profile=self._unknown_profile,
            asked_profiles=self._profiles,
            terminology=self._terminology,
        )

    @cached_property
    def _everything(self) -> Explainer:
        from .explainer.resource_walk import Explainer  # lines in order may never need it

        return Explainer(
            self._definitions,
            warnings=True,
            unknown_profile=self._unknown_profile,
            asked_profiles=self._profiles,
            sharing=self._errors,
        )

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
        from .schema import schema_of  # where profiles are asked for

        if not schema_of(core()).is_resource(definition["type"]):
            raise PackageError(f"{url}: a profile on {definition['type']}, which is no resource")
    return tuple(dict.fromkeys(profiles))
