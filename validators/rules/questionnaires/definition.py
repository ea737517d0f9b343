"""Questionnaires (FHIR R4, section 9.7): conditions that lead somewhere, and what one derived from
another may change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...checks.check import Check, Issues
from ...checks.rule import Rule, Unknown
from ...checks.surroundings import Scope
from ...issue import Issue
from ...schema import TypeSchema
from .questionnaire import Item, Questionnaire, extensions, lexical, objects, typed

if TYPE_CHECKING:
    from ...checks.compilation import Compilation

__all__ = ["RULE"]

Json = dict[str, Any]

_DERIVATION = "http://hl7.org/fhir/StructureDefinition/questionnaire-derivationType"
_DERIVATIONS = "http://hl7.org/fhir/questionnaire-derivationType"


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
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


def _error(rule: str, location: str, text: str, code: str = "business-rule") -> Issue:
    return Issue("error", code, rule, location, text)


def _located(items: list[Item], where: str) -> Iterator[tuple[str, Item]]:
    for index, item in enumerate(items):
        location = f"{where}.item[{index}]" if where else f"item[{index}]"
        yield location, item
        yield from _located(item.items, location)


def _conditions(questionnaire: Questionnaire, item: Item, location: str) -> Iterator[Issue]:
    """enableWhen.question: another question, and not one inside."""
    for condition in objects(item.definition.get("enableWhen")):
        link_id = condition.get("question")
        if type(link_id) is not str:
            yield _error(
                "enable-when",
                location,
                "Questions with an enableWhen must have a value for the question link",
            )
        elif any(one.link_id == link_id for inner in item.items for one in inner.descendants()):
            yield _error(
                "enable-when",
                location,
                "Questions with an enableWhen can't refer to an inner question for the enableWhen "
                "condition",
            )
        elif (target := questionnaire.item(link_id)) is None:
            yield _error(
                "enable-when",
                location,
                f"Unable to find target '{link_id[:64]}' for this question enableWhen on link "
                f"'{item.link_id}'",
            )
        elif target is item:
            yield _error(
                "enable-when",
                location,
                "Target for this question enableWhen can't reference itself",
            )


def _bases(value: Json, compilation: Compilation) -> Iterator[tuple[Json, bool]]:
    """The known Questionnaires that this one is derived from, each with whether it is extended;
    otherwise it is complied with.
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
    where = f"'{item.link_id}' in {questionnaire.definition.get('url')}, from which this is derived"
    if base is None:
        if not extends:
            yield _error(
                "questionnaire-derived", location, f"There is no item {where}", "not-found"
            )
        return
    definition = item.definition
    if (
        base.type is not None
        and "type" in definition
        and definition["type"] != base.definition["type"]
    ):
        yield _error(
            "questionnaire-derived",
            f"{location}.type",
            f"The type is {definition['type']}, not {base.definition['type']} as that of item "
            f"{where}",
        )
    if not base.repeats and definition.get("repeats") is True:
        yield _error(
            "questionnaire-derived", f"{location}.repeats", f"The item repeats, unlike item {where}"
        )
    if base.required and "required" in definition and definition["required"] is not True:
        yield _error(
            "questionnaire-derived",
            f"{location}.required",
            f"The item is not required, unlike item {where}",
        )
    most, own = base.definition.get("maxLength"), definition.get("maxLength")
    if type(most) is int and (type(own) is not int or own > most):
        yield _error(
            "questionnaire-derived",
            location,
            f"The maximum length {own} is longer than {most}, that of item {where}",
        )
    yield from _derived_options(base, item, location, where)


def _derived_options(base: Item, item: Item, location: str, where: str) -> Iterator[Issue]:
    if "answerValueSet" in base.definition and item.options:
        yield _error(
            "questionnaire-derived",
            location,
            f"Answers come from options, not from a value set as those of item {where}",
        )
    if not base.options:
        return
    if "answerValueSet" in item.definition:
        yield _error(
            "questionnaire-derived",
            location,
            f"Answers come from a value set, not from options as those of item {where}",
        )
    elif not item.options:
        yield _error(
            "questionnaire-derived",
            location,
            f"There are no answer options, unlike in item {where}",
        )
    allowed = [_option(option) for option in base.options]
    for index, option in enumerate(item.options):
        if typed(option) is not None and _option(option) not in allowed:
            yield _error(
                "questionnaire-derived",
                f"{location}.answerOption[{index}]",
                f"This is none of the answer options of item {where}",
            )


def _option(option: Json) -> tuple[Any, ...] | None:
    """What makes an answer option the same as another."""
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
