"""Responses to Questionnaires (FHIR R4, section 9.8): items where the Questionnaire has them,
answered as it says.

The Questionnaire is contained in the response, or among the definitions; where it is not known
nothing is checked. Of a response that is not completed, what is missing is only worth a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ... import fhirpath
from ...checks.bounds import BEYOND, undecided
from ...checks.check import Check, Issues
from ...checks.resolution import contained
from ...checks.rule import Asked, Rule, Settled
from ...checks.surroundings import Scope
from ...definitions import CORE
from ...schema import Property, TypeSchema
from ...values.instants import instant
from ...values.members import Json, objects, text_of, typed
from ...verdicts.issue import Issue, Severity
from . import answer_rules, condition_faults
from . import response_faults as faults
from .answer_faults import AnswerFaults
from .enable_when import BeyondBoundsError, EnableWhen, UndecidableConditionError
from .questionnaire import Item, Questionnaire

if TYPE_CHECKING:
    from ...checks.compilation import Compilation

__all__ = ["NAMED", "RULE"]

Path = tuple[tuple[Item, Json], ...]

_MAX_OCCURS = CORE + "questionnaire-maxOccurs"
_MIN_OCCURS = CORE + "questionnaire-minOccurs"
_FOUND = "response and its questionnaire"
_COMPLETE = ("completed", "amended")
_WHOLE = frozenset(
    {"choice", "open-choice", "attachment"}
)  # item types whose faults are the answer's, not its value's
_PRIMITIVE_TYPES = frozenset(
    {"Boolean", "Decimal", "Integer", "Date", "DateTime", "Time", "String", "Uri"}
)


def build_named(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of the response's ``questionnaire``: it finds the Questionnaire, and leaves
    the response to the rule on the whole of it. None for any other property.
    """
    if prop.element.path != "QuestionnaireResponse.questionnaire":
        return None
    known: dict[str, Questionnaire] = {}  # those of the definitions, by canonical url

    def defined(url: str) -> Questionnaire | None:
        if url not in known:
            definition = compilation.definitions.fetch("Questionnaire", url)
            if definition is None:
                return None
            known[url] = Questionnaire(definition)
        return known[url]

    def check(value: Any, scope: Scope) -> Issues:
        url = text_of(value)
        if url is None:
            return None
        if url.startswith("#"):
            held = contained(scope.resource, url[1:])
            if held is not None and held.get("resourceType") != "Questionnaire":
                return [Issue.of(faults.NO_QUESTIONNAIRE(url=url[:64]))]
            questionnaire = Questionnaire(held, scope.resource) if held is not None else None
        else:
            questionnaire = defined(url)
        if questionnaire is None:
            unknown = [Issue.of(faults.UNKNOWN(url=url[:256]))]
            return unknown if compilation.warnings else None
        scope.memo[_FOUND] = _Response(questionnaire, scope.resource, scope, compilation)
        return None

    return check


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of a response against its Questionnaire, where that was found (FHIR R4,
    section 9.8); None for any other type.
    """
    if schema.name != "QuestionnaireResponse":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        response: _Response | None = scope.memo.get(_FOUND)
        if response is None:
            return None
        return [issue for issue in response.issues() if compilation.warnings or issue.fails] or None

    return check


def _at(where: str, name: str, index: int) -> str:
    return f"{where}.{name}[{index}]" if where else f"{name}[{index}]"


class _Response:
    """One response, held against its Questionnaire."""

    def __init__(
        self, questionnaire: Questionnaire, response: Json, scope: Scope, compilation: Compilation
    ) -> None:
        self.questionnaire = questionnaire
        self.response = response
        self.complete = response.get("status") in _COMPLETE
        self.answers = AnswerFaults(
            questionnaire, response, compilation.terminology, compilation.schema.is_resource
        )
        self.enable_when = EnableWhen(questionnaire, response, self._holds)
        self._model = compilation.model
        self._outer = scope
        # One count for all expressions of a Questionnaire, which may come with the data.
        self._scope = replace(compilation.fhirpath_scope(scope), steps=fhirpath.Steps(response))

    def _holds(self, text: str) -> bool:
        try:
            expression = fhirpath.compile(text, "QuestionnaireResponse", model=self._model)
        except fhirpath.NestingError as error:
            raise BeyondBoundsError from error
        except fhirpath.FhirPathError as error:
            raise UndecidableConditionError(
                "an enableWhen expression that is no FHIRPath"
            ) from error
        try:
            return expression.holds(self.response, self._scope)
        except fhirpath.UndecidedError as error:
            raise BeyondBoundsError from error

    def issues(self) -> Iterator[Issue]:
        """Yield what is wrong with the response: the period of its Questionnaire, then
        each item.
        """
        yield from self._period()
        yield from self._items(self.questionnaire.items, self.response, "", ())

    def _period(self) -> Iterator[Issue]:
        period = self.questionnaire.definition.get("effectivePeriod")
        bounds = (period.get("start"), period.get("end")) if type(period) is dict else (None, None)
        try:
            authored = instant(str(self.response.get("authored")))
            early = type(bounds[0]) is str and authored < instant(bounds[0])
            late = type(bounds[1]) is str and authored > instant(bounds[1])
        except ValueError:
            return  # none, or no dates: their own rule says so
        if early or late:
            fault = faults.PERIOD(start=str(bounds[0]), end=str(bounds[1]))
            yield Issue.of(fault, "authored")

    def _items(
        self, questions: list[Item], holder: Json, where: str, path: Path
    ) -> Iterator[Issue]:
        """Yield what is wrong with the items of a response, a group or an answer, against the items
        that belong there.
        """
        places = {item.link_id: index for index, item in reversed(list(enumerate(questions)))}
        given: dict[str, list[tuple[int, Json]]] = {}
        last = -1
        for index, item in enumerate(objects(holder.get("item"))):
            link_id = text_of(item.get("linkId"))
            if link_id is None:
                yield Issue.of(faults.LINK_ID(), where)
            elif link_id in places:
                if places[link_id] < last:
                    yield Issue.of(faults.ORDER(), _at(where, "item", index))
                last = places[link_id]
                given.setdefault(link_id, []).append((index, item))
            else:
                yield from self._misplaced(link_id, item, _at(where, "item", index), where, path)
        for question in questions:
            yield from self._question(question, given.get(question.link_id or "", []), where, path)

    def _misplaced(
        self, link_id: str, item: Json, at: str, where: str, path: Path
    ) -> Iterator[Issue]:
        question = self.questionnaire.item(link_id)
        if question is None:
            yield Issue.of(faults.LINK_ID_UNKNOWN(link_id=link_id[:64]), where)
            return
        yield Issue.of(faults.LINK_ID_MISPLACED(link_id=link_id[:64]), where)
        yield from self._item(question, item, at, (*path, (question, item)))

    def _question(
        self, question: Item, given: list[tuple[int, Json]], where: str, path: Path
    ) -> Iterator[Issue]:
        """Yield what is wrong with all that the response has of one item of the Questionnaire in
        one place.
        """
        enabled: bool | None
        try:
            enabled = self.enable_when.enabled(question, path)
        except BeyondBoundsError:
            for issue in undecided("enableWhen expression", self._outer):
                issue.location = where
                yield issue
            enabled = None
        except UndecidableConditionError as error:
            fault = condition_faults.UNDECIDABLE(link_id=question.link_id, reason=str(error))
            yield Issue.of(fault, where)
            return
        if not given:
            if enabled and question.required:
                yield self._missing(question, where)
            return
        for index, item in given if enabled is False else ():
            if "answer" in item or "item" in item:
                fault = condition_faults.NOT_ENABLED(link_id=question.link_id)
                yield Issue.of(fault, _at(where, "item", index))
        if len(given) > 1 and not question.repeats:
            fault = faults.REPEATS(link_id=question.link_id, count=len(given))
            yield Issue.of(fault, where)
        for index, item in given:
            yield from self._item(
                question, item, _at(where, "item", index), (*path, (question, item))
            )

    def _missing(self, question: Item, where: str) -> Issue:
        severity: Severity = "error" if self.complete else "warning"
        fault = faults.REQUIRED(link_id=question.link_id)
        return Issue.of(fault, where, severity=severity)

    def _item(self, question: Item, item: Json, at: str, path: Path) -> Iterator[Issue]:
        text = text_of(item.get("text"))
        if text is not None and text != question.text:
            yield Issue.of(faults.TEXT(link_id=question.link_id), at)
        answers = objects(item.get("answer"))
        yield from self._number(question, answers, at, path)
        for index, answer in enumerate(answers):
            inside = _at(at, "answer", index)
            yield from self._answer(question, answer, inside, len(answers))
            if question.type != "group":
                yield from self._items(question.items, answer, inside, path)
        yield from self._below(question, item, at, path)

    def _number(self, question: Item, answers: list[Json], at: str, path: Path) -> Iterator[Issue]:
        """Yield what is wrong with how many answers there are to a question."""
        if (
            not answers
            and question.required
            and question.type != "group"
            and (not self.complete or self._is_enabled(question, path))
        ):
            yield self._missing(question, at)
        if len(answers) > 1 and not question.repeats:
            yield Issue.of(faults.REPEATS_ANSWER(), at)
        most, least = question.extension(_MAX_OCCURS), question.extension(_MIN_OCCURS)
        # the bounds themselves are out of bounds for the reference validator
        if type(most) is int and 0 <= most <= len(answers):
            yield Issue.of(faults.OCCURS(limit=most, count=len(answers)), at)
        if type(least) is int and 0 <= len(answers) <= least:
            yield Issue.of(faults.OCCURS_TOO_FEW(limit=least, count=len(answers)), at)

    def _is_enabled(self, question: Item, path: Path) -> bool:
        try:
            return self.enable_when.enabled(question, path)
        except (UndecidableConditionError, BeyondBoundsError):
            return False  # said already

    def _answer(self, question: Item, answer: Json, at: str, count: int) -> Iterator[Issue]:
        if question.type in ("group", "display"):
            yield Issue.of(faults.ANSWER(type=question.type), at)
            return
        value = typed(answer)
        if value is None:
            return
        kind = value[0]
        shown = kind[0].lower() + kind[1:] if kind in _PRIMITIVE_TYPES else kind
        inside = f"{at}.value.ofType({shown})"
        for fault in self.answers.find(question, kind, value[1], count):
            if fault.declaration is BEYOND:
                for issue in undecided(str(fault.values["what"]), self._outer):
                    issue.location = inside
                    yield issue
                continue
            of_answer = fault.declaration is not answer_rules.TYPE and question.type in _WHOLE
            yield Issue.of(fault, at if of_answer else inside)

    def _below(self, question: Item, item: Json, at: str, path: Path) -> Iterator[Issue]:
        """Yield what is wrong with the items inside an item: groups have some, questions have
        theirs inside their answers.
        """
        items = objects(item.get("item"))
        if question.type == "group":
            if question.required and not items:
                yield Issue.of(faults.REQUIRED_GROUP(), at)
            yield from self._items(question.items, item, at, path)
        elif question.type is None:
            yield Issue.of(faults.TYPE(link_id=question.link_id), at)
        elif items:
            sentence = faults.GROUP_DISPLAY if question.type == "display" else faults.GROUP
            yield Issue.of(sentence(type=question.type, link_id=question.link_id), at)


NAMED = Rule("questionnaires of responses", ("value",), build_named, Asked())
RULE = Rule(
    "responses to questionnaires",
    ("object",),
    build,
    Settled("QuestionnaireResponse.questionnaire"),
)
