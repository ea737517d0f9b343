"""enableWhen (FHIR R4, section 9.8.3): whether a question is to be asked, given the answers so
far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ...values.instants import instant
from ...values.members import Json, extensions, lexical, objects, typed
from .questionnaire import Item, Questionnaire

__all__ = ["BeyondBoundsError", "EnableWhen", "UndecidableConditionError"]

Answer = tuple[str, Any]
Path = Sequence[tuple[Item, Json]]
"""From the response down: each item of the Questionnaire, with the item of the response that
answers it.
"""

_FINNISH = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen"
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
_ORDER: dict[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    ">": lambda sign: sign > 0,
    "<": lambda sign: sign < 0,
    ">=": lambda sign: sign >= 0,
    "<=": lambda sign: sign <= 0,
}
_NUMBERS = frozenset({"Decimal", "Integer"})
_TIMES = frozenset({"Date", "DateTime"})


class UndecidableConditionError(ValueError):
    """The error of a condition that has no answer: values of different types, operators that do not
    fit.

    The reference validator refuses the response.
    """


class BeyondBoundsError(Exception):
    """The error of a condition that takes more steps than it may: nothing is known of it."""


class EnableWhen:
    """A judge of which items are enabled, for one response.

    holds   (FHIRPath text) -> whether an expression holds for the response, for conditions given by
            extension
    """

    def __init__(
        self, questionnaire: Questionnaire, response: Json, holds: Callable[[str], bool]
    ) -> None:
        self._questionnaire = questionnaire
        self._response = response
        self._holds = holds
        self._indexes: dict[int, dict[str, list[Json]]] = {}

    def enabled(self, item: Item, path: Path) -> bool:
        """Tell whether an item below ``path`` is enabled. Raises UndecidableConditionError, and
        BeyondBoundsError where an expression takes too many steps.
        """
        expression = _expression(item)
        if expression is not None:
            return self._holds(expression)
        conditions = objects(item.definition.get("enableWhen"))
        if not conditions:
            return True
        results = [self._met(condition, item, path) for condition in conditions]
        behavior = item.definition.get("enableBehavior")
        if behavior == "any" or len(results) == 1:
            return any(results)
        return all(results) if behavior == "all" else True

    def _met(self, condition: Json, item: Item, path: Path) -> bool:
        answers = self._answers(condition, item, path)
        expected, operator = typed(condition, "answer"), condition.get("operator")
        if operator == "exists":
            if expected is None or type(expected[1]) is not bool:
                raise UndecidableConditionError("the operator exists needs answerBoolean")
            return bool(expected[1]) == any(answers)
        given = (value for answer in answers if (value := typed(answer)) is not None)
        return any(_compare(value, expected, str(operator)) for value in given)

    def _answers(self, condition: Json, item: Item, path: Path) -> list[Json]:
        """Return the answers that a condition is about: those in the innermost group that holds
        both questions.
        """
        link_id = condition.get("question")
        target = self._questionnaire.item(link_id) if type(link_id) is str else None
        if target is None or target.link_id is None:
            return []
        group = self._questionnaire.common(item, target)
        if group is None:
            return self._answers_below(self._response, target.link_id)
        around = next(
            (answered for question, answered in reversed(path) if question is group), None
        )
        return [] if around is None else self._answers_below(around, target.link_id)

    def _answers_below(self, holder: Json, link_id: str) -> list[Json]:
        """Return every answer to a question in an item (itself too) or the response; each is walked
        through once, however many conditions ask.
        """
        index = self._indexes.get(id(holder))
        if index is None:
            index = self._indexes[id(holder)] = {}
            _index_answers(holder, index)
        return index.get(link_id, [])


def _index_answers(holder: Json, index: dict[str, list[Json]]) -> None:
    answers, link_id = objects(holder.get("answer")), holder.get("linkId")
    if type(link_id) is str and answers:
        index.setdefault(link_id, []).extend(answers)
    for below in (holder, *answers):
        for item in objects(below.get("item")):
            _index_answers(item, index)


def _expression(item: Item) -> str | None:
    for _, value in extensions(item.definition, _FINNISH):
        return str(value)
    for _, value in extensions(item.definition, _SDC):
        if (
            type(value) is not dict
            or value.get("language") != "text/fhirpath"
            or type(value.get("expression")) is not str
        ):
            raise UndecidableConditionError("an enableWhen expression must be FHIRPath")
        return str(value["expression"])
    return None


def _compare(actual: Answer, expected: Answer | None, operator: str) -> bool:
    if expected is None or actual[0] != expected[0]:
        raise UndecidableConditionError(
            f"the answer is of type {actual[0]}, the condition of type "
            f"{expected[0] if expected else 'none'}"
        )
    if operator not in _ORDER:
        raise UndecidableConditionError(f"no operator {operator}")
    kind, value, wanted = actual[0], actual[1], expected[1]
    if kind == "Coding":
        if operator not in ("=", "!="):
            raise UndecidableConditionError(f"the operator {operator} is not for codings")
        return _same_coding(wanted, value) is (operator == "=")
    if kind in ("Reference", "Attachment"):
        raise UndecidableConditionError(f"answers of type {kind} cannot be compared")
    if kind == "Quantity":
        value, wanted = (
            part.get("value") if type(part) is dict else None for part in (value, wanted)
        )
    return _ORDER[operator](_sign(kind, lexical(value), lexical(wanted)))


def _sign(kind: str, value: str | None, wanted: str | None) -> int:
    if value is None or wanted is None:
        raise UndecidableConditionError("a value is missing")
    try:
        left: Any = value
        right: Any = wanted
        if kind in _NUMBERS or kind == "Quantity":
            left, right = Decimal(value), Decimal(wanted)
        elif kind in _TIMES:
            left, right = instant(value), instant(wanted)
        return int(left > right) - int(left < right)
    except (InvalidOperation, ValueError) as error:
        raise UndecidableConditionError(f"a value that is no {kind}") from error


def _same_coding(wanted: Any, value: Any) -> bool:
    """Tell whether two codings have one code; the system counts only where the
    condition names one.
    """
    if type(wanted) is not dict or type(value) is not dict:
        return False
    same_system = "system" not in wanted or wanted["system"] == value.get("system")
    return same_system and wanted.get("code") == value.get("code")
