"""Questionnaires (FHIR R4, section 9.7): conditions that lead somewhere, and what one derived from
another may change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...checks.check import Check, Issues
from ...checks.rule import Rule, Unknown
from ...checks.surroundings import Scope
from ...definitions import CORE
from ...schema import TypeSchema
from ...values.members import Json, extensions, lexical, objects, typed
from ...verdicts.declaration import Declaration
from ...verdicts.issue import Issue
from . import condition_faults
from .questionnaire import Item, Questionnaire

if TYPE_CHECKING:
    from ...checks.compilation import Compilation

__all__ = ["RULE"]


_DERIVATION = CORE + "questionnaire-derivationType"
_DERIVATIONS = "http://hl7.org/fhir/questionnaire-derivationType"


_ITEM = "item '{link_id}' in {base}, from which this is derived"
DERIVED_MISSING = Declaration(
    "questionnaire-derived",
    "error",
    "not-found",
    f"There is no {_ITEM}",
    "a Questionnaire changes no more of the one that it is derived from than it may",
    section="9.7",
    reference=("QUESTIONNAIRE_Q_ITEM_*",),
    quotes=("link_id",),
)


def _difference(template: str, *quotes: str) -> Declaration:
    return DERIVED_MISSING.also(template, quotes=("link_id", *quotes), code="business-rule")


DERIVED_TYPE = _difference(f"The type is {{type}}, not {{expected}} as that of {_ITEM}", "type")
DERIVED_REPEATS = _difference(f"The item repeats, unlike {_ITEM}")
DERIVED_REQUIRED = _difference(f"The item is not required, unlike {_ITEM}")
DERIVED_LENGTH = _difference(
    f"The maximum length {{length}} is longer than {{expected}}, that of {_ITEM}", "length"
)
DERIVED_NO_VALUE_SET = _difference(
    f"Answers come from options, not from a value set as those of {_ITEM}"
)
DERIVED_NO_OPTIONS = _difference(
    f"Answers come from a value set, not from options as those of {_ITEM}"
)
DERIVED_WITHOUT_OPTIONS = _difference(f"There are no answer options, unlike in {_ITEM}")
DERIVED_OPTION = _difference(f"This is none of the answer options of {_ITEM}")


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of Questionnaires (FHIR R4, section 9.7): the conditions of their items, and
    their items against those of the Questionnaires that they derive from. None for any other type.
    """
    if schema.name != "Questionnaire":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        questionnaire = Questionnaire(value)
        bases = [(Questionnaire(base), extends) for base, extends in _bases(value, compilation)]
        issues: list[Issue] = []
        for location, item in _located(questionnaire.items, ""):
            issues += _conditions(questionnaire, item, location)
            for base, extends in bases:
                issues += _derived(base, item, location, extends=extends)
        return issues or None

    return check


def _located(items: list[Item], where: str) -> Iterator[tuple[str, Item]]:
    for index, item in enumerate(items):
        location = f"{where}.item[{index}]" if where else f"item[{index}]"
        yield location, item
        yield from _located(item.items, location)


def _conditions(questionnaire: Questionnaire, item: Item, location: str) -> Iterator[Issue]:
    """Yield what is wrong with an item's enableWhen.question: it names another question, and not
    one inside.
    """
    for condition in objects(item.definition.get("enableWhen")):
        link_id = condition.get("question")
        if type(link_id) is not str:
            yield Issue.of(condition_faults.NO_QUESTION(), location)
        elif any(one.link_id == link_id for inner in item.items for one in inner.descendants()):
            yield Issue.of(condition_faults.INNER_QUESTION(), location)
        elif (target := questionnaire.item(link_id)) is None:
            fault = condition_faults.UNKNOWN_QUESTION(target=link_id[:64], link_id=item.link_id)
            yield Issue.of(fault, location)
        elif target is item:
            yield Issue.of(condition_faults.OWN_QUESTION(), location)


def _bases(value: Json, compilation: Compilation) -> Iterator[tuple[Json, bool]]:
    """Yield the known Questionnaires that this one is derived from, each with whether it is
    extended; otherwise it is complied with.
    """
    urls, companions = value.get("derivedFrom"), value.get("_derivedFrom")
    if type(urls) is not list or type(companions) is not list:
        return
    for url, companion in zip(urls, companions, strict=False):
        base = compilation.definitions.fetch("Questionnaire", url) if type(url) is str else None
        kinds = extensions(companion, _DERIVATION) if type(companion) is dict else []
        coding = kinds[0][1] if kinds and type(kinds[0][1]) is dict else {}
        if (
            base is not None
            and coding.get("system") == _DERIVATIONS
            and coding.get("code") in ("extends", "compliesWith")
        ):
            yield base, coding["code"] == "extends"


def _derived(
    questionnaire: Questionnaire, item: Item, location: str, *, extends: bool
) -> Iterator[Issue]:
    base = questionnaire.item(item.link_id) if item.link_id is not None else None
    place = {"link_id": item.link_id, "base": str(questionnaire.definition.get("url"))}
    if base is None:
        if not extends:
            yield Issue.of(DERIVED_MISSING(**place), location)
        return
    definition = item.definition
    if (
        base.type is not None
        and "type" in definition
        and definition["type"] != base.definition["type"]
    ):
        fault = DERIVED_TYPE(
            type=str(definition["type"]), expected=str(base.definition["type"]), **place
        )
        yield Issue.of(fault, f"{location}.type")
    if not base.repeats and definition.get("repeats") is True:
        yield Issue.of(DERIVED_REPEATS(**place), f"{location}.repeats")
    if base.required and "required" in definition and definition["required"] is not True:
        yield Issue.of(DERIVED_REQUIRED(**place), f"{location}.required")
    most, own = base.definition.get("maxLength"), definition.get("maxLength")
    if type(most) is int and (type(own) is not int or own > most):
        yield Issue.of(DERIVED_LENGTH(length=str(own), expected=most, **place), location)
    yield from _derived_options(base, item, location, place)


def _derived_options(
    base: Item, item: Item, location: str, place: Mapping[str, object]
) -> Iterator[Issue]:
    if "answerValueSet" in base.definition and item.options:
        yield Issue.of(DERIVED_NO_VALUE_SET(**place), location)
    if not base.options:
        return
    if "answerValueSet" in item.definition:
        yield Issue.of(DERIVED_NO_OPTIONS(**place), location)
    elif not item.options:
        yield Issue.of(DERIVED_WITHOUT_OPTIONS(**place), location)
    allowed = [_option(option) for option in base.options]
    for index, option in enumerate(item.options):
        if typed(option) is not None and _option(option) not in allowed:
            yield Issue.of(DERIVED_OPTION(**place), f"{location}.answerOption[{index}]")


def _option(option: Json) -> tuple[Any, ...] | None:
    """Return what makes an answer option equal to another; None where there is no value."""
    found = typed(option)
    if found is None:
        return None
    kind, value = found
    if type(value) is not dict:
        return kind, lexical(value)
    return (
        kind,
        value.get("system"),
        value.get("version"),
        value.get("code"),
        value.get("reference"),
    )


RULE = Rule("questionnaires", ("object",), build, Unknown())
