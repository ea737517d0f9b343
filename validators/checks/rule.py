"""Rule: how a check is built from a definition, what it may look at, and how it is known natively.

A rule says all of this in its own file. Whatever depends on it asks the rule: the shapes of the
explainer and the names of a twin come from ``reads``, the lowering goes by ``native``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Literal, TypeAlias

from ..economy.light_dataclass import dataclass
from .check import Check
from .compilation import Compilation

__all__ = [
    "EVERYTHING",
    "Asked",
    "Everything",
    "Lowered",
    "Native",
    "Reads",
    "Rule",
    "Settled",
    "Twin",
    "TwinName",
    "Unknown",
]


@dataclass(frozen=True, slots=True)
class Reads:
    """The members of an object that a check may look at.

    An object that has none of them cannot fail the check.

    paths   the members, with the members inside them that count: ``meta.versionId``
    opens   whether the check may look at any other member too where one of these is there
    around  names in the resources around it that count: what a reference leads to
    """

    paths: tuple[str, ...]
    opens: bool = False
    around: tuple[str, ...] = ()

    @property
    def members(self) -> frozenset[str]:
        """The names in the object itself."""
        return frozenset(path.partition(".")[0] for path in self.paths)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name on the paths and around once, in their order: the names that a twin knows."""
        inside = (name for path in self.paths for name in path.split("."))
        return tuple(dict.fromkeys((*inside, *self.around)))


@dataclass(frozen=True, slots=True)
class Everything:
    """The reads of a check that may look at every member, and at how many there are: no shape
    spares it.
    """


EVERYTHING = Everything()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A rule that the acceptor does not know: a line falls back where the rule has something to say
    of a type or of an empty element in it.
    """


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule whose check the acceptor asks about each value that it has not met before."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A rule that has nothing to say where the questions about one element were answered with yes.

    element   path of that element
    """

    element: str


@dataclass(frozen=True, slots=True)
class Lowered:
    """A rule that is written into the table.

    form    what it becomes there: names of which one is required, conditions on an object or a
            value, the format of a primitive, codes, the overlay of a profile, the definition of an
            extension
    """

    form: Literal["required", "conditions", "format", "codes", "overlay", "extension"]


TwinName: TypeAlias = Literal[
    "attachment",
    "bundle",
    "claimed_profiles",
    "contained",
    "identifier",
    "ids",
    "narrative_links",
    "reference",
]
"""The modules of ``native/src/twins``, in the order in which the crate is told of their names."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A rule that the crate has written out once more, in ``native/src/twins``.

    name    the module there
    asks    members that the twin leaves to the check: objects that have one are asked about. The
            crate does not know their names: one that moves here leaves `accept/table/known.rs`
    """

    name: TwinName
    asks: tuple[str, ...] = ()


Native: TypeAlias = Unknown | Asked | Settled | Lowered | Twin

Place: TypeAlias = Literal["object", "value", "narrowed", "empty"]

WhenPresent = Callable[[Check, Any, Compilation, AbstractSet[str]], Check | None]
"""What is left of a rule's check on objects of a type, for those that have exactly these names;
None where they cannot fail it.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of rule.

    name          what it is about, for a person
    on            where it is built and what its check is given:
                  object    from a type; every JSON object of the type
                  value     from a property of a base type; each single value of it
                  narrowed  from a property as a profile narrows it; each single value of it
                  empty     from a primitive property, of a base type or narrowed; the companion of
                            an element that has no value
    build         the check, or None where the rule has nothing to say
    native        how the acceptor knows the rule
    reads         the members of an object that the check may look at, or how they follow from a
                  definition
    when_present  what the names in an object spare, where it is more than ``reads`` tells
    """

    name: str
    on: tuple[Place, ...]
    build: Callable[[Any, Compilation], Check | None]
    native: Native
    reads: Reads | Everything | Callable[[Any, Compilation], Reads | Everything] = EVERYTHING
    when_present: WhenPresent | None = None

    def check(self, subject: Any, compilation: Compilation) -> Check | None:
        """Return the check of a type or a property; None where the rule has nothing to say."""
        return self.build(subject, compilation)

    def reads_of(self, subject: Any, compilation: Compilation) -> Reads | Everything:
        """Return the members that the check of a type or a property may look at."""
        return self.reads(subject, compilation) if callable(self.reads) else self.reads

    def left(
        self, check: Check, subject: Any, compilation: Compilation, names: AbstractSet[str]
    ) -> Check | None:
        """Return what is left of a check for objects that have exactly these names.

        None where such objects cannot fail it.
        """
        if self.when_present is not None:
            return self.when_present(check, subject, compilation, names)
        reads = self.reads_of(subject, compilation)
        return None if isinstance(reads, Reads) and reads.members.isdisjoint(names) else check
