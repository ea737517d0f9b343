"""Faults of one answer by its Questionnaire's item: its type, its options, its bounds (FHIR R4,
section 9.8).

As the reference validator decides, where it counts oddly too: fewer than ``maxDecimalPlaces - 1``
decimals, less than ``maxSize`` bytes, a quantity's minimum taken for a maximum, no quantity with a
comparator, no comparison between units, no date among the options of a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from ...checks.bounds import BEYOND
from ...checks.resolution import contained
from ...definitions import CORE
from ...patterns import PatternError, pattern
from ...terminology import Membership, Terminology, ValueSet
from ...terminology.membership import FAULTS
from ...values.base64_text import decoded
from ...values.instants import instant
from ...values.members import extensions, lexical, text_of
from ...values.primitives import utf16_length
from ...verdicts.declaration import Declaration, Violation
from . import answer_rules as rules
from .questionnaire import Item, Questionnaire

__all__ = ["AnswerFaults"]

Faults = Iterator[Violation]

_MIN_VALUE, _MAX_VALUE = CORE + "minValue", CORE + "maxValue"
_MAX_DECIMALS = CORE + "maxDecimalPlaces"
_MIN_LENGTH = CORE + "minLength"
_REGEX, _ENTRY_FORMAT = CORE + "regex", CORE + "entryFormat"
_MIME_TYPE, _MAX_SIZE = CORE + "mimeType", CORE + "maxSize"
_REFERENCE_RESOURCE = CORE + "questionnaire-referenceResource"
_EXCLUSIVE = CORE + "questionnaire-optionExclusive"
_UNIT_OPTION, _UNIT_VALUE_SET = (
    CORE + "questionnaire-unitOption",
    CORE + "questionnaire-unitValueSet",
)
_MIN_QUANTITY = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-minQuantity"
_MAX_QUANTITY = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-maxQuantity"

_CHOICES = ("Coding", "Date", "Time", "Integer", "String")
_TYPES: dict[str, tuple[str, ...]] = {
    "boolean": ("Boolean",),
    "decimal": ("Decimal",),
    "integer": ("Integer",),
    "date": ("Date",),
    "dateTime": ("DateTime",),
    "time": ("Time",),
    "string": ("String",),
    "text": ("String",),
    "url": ("Uri",),
    "attachment": ("Attachment",),
    "reference": ("Reference",),
    "quantity": ("Quantity",),
    "choice": _CHOICES,
    "open-choice": _CHOICES,
}
"""Item type -> the types that an answer may have."""


class AnswerFaults:
    """A judge of the answers to one Questionnaire.

    response     the resource that holds the answers
    is_resource  whether a name is that of a resource type
    """

    def __init__(
        self,
        questionnaire: Questionnaire,
        response: dict[str, Any],
        terminology: Terminology,
        is_resource: Callable[[str], bool],
    ) -> None:
        self._questionnaire = questionnaire
        self._response = response
        self._terminology = terminology
        self._is_resource = is_resource

    def find(self, item: Item, kind: str, value: Any, count: int) -> Faults:
        """Yield what is wrong with an answer of type ``kind`` (as its JSON name says it), one of
        ``count``.
        """
        allowed = _TYPES.get(item.type or "")
        if allowed is None:
            return
        if kind not in allowed:
            expected = " or ".join(_lower(name) for name in allowed)
            yield rules.TYPE(expected=expected, found=_lower(kind))
        elif allowed is _CHOICES:
            yield from self._choice(item, kind, value, count)
        elif item.type == "quantity":
            yield from self._quantity(item, value)
        elif item.type == "reference":
            yield from self._reference(item, value)
        elif item.type == "string":
            yield from self._string(item, value)
        elif item.type in _BOUND:
            yield from _bounded(item, kind, value)
        elif item.type == "attachment":
            yield from _attachment(item, value)

    def _choice(self, item: Item, kind: str, value: Any, count: int) -> Faults:
        if item.options:
            yield from _chosen(item, kind, value, count)
        elif kind == "Coding" and type(url := item.definition.get("answerValueSet")) is str:
            coding = (
                (_text(value, "system"), _text(value, "code"))
                if type(value) is dict
                else (None, None)
            )
            yield from self._in_value_set(url, lambda found: found.member(*coding), str(coding[1]))

    def _string(self, item: Item, value: Any) -> Faults:
        if type(value) is not str:
            return
        least, most = _integer(item.extension(_MIN_LENGTH)), item.definition.get("maxLength")
        length = utf16_length(value)
        if least is not None and length < least:
            yield rules.LENGTH_TOO_SHORT(limit=least)
        if type(most) is int and 0 <= most < length:
            yield rules.LENGTH(limit=most)
        wanted = item.extension(_REGEX)
        matches = _matches(wanted, value) if type(wanted) is str else True
        if matches is None:
            yield BEYOND(what="format of an answer")
        elif not matches:
            text = item.extension(_ENTRY_FORMAT) or wanted
            yield rules.REGEX(format=str(text))
        if "\r" in value or "\n" in value:
            yield rules.LINE()
        url = item.definition.get("answerValueSet")
        if type(url) is str and not url.startswith("#"):
            yield from self._in_value_set(url, lambda found: found.code(value), value)
        if item.options and value not in item.option_values("String"):
            yield rules.OPTION()

    def _quantity(self, item: Item, value: Any) -> Faults:
        quantity = value if type(value) is dict else {}
        # The reference validator refuses a quantity with a comparator (docs/differences.md).
        if "comparator" in quantity:
            yield rules.QUANTITY()
            return
        yield from _quantity_bound(item, _MIN_QUANTITY, quantity, "minimum")
        yield from _quantity_bound(item, _MAX_QUANTITY, quantity, "maximum")
        yield from _decimal_places(item, lexical(quantity.get("value")))
        units = [unit for _, unit in extensions(item.definition, _UNIT_OPTION)]
        if units and not any(_is_unit(quantity, unit) for unit in units):
            yield rules.UNIT()
        url = item.extension(_UNIT_VALUE_SET)
        if type(url) is str and not url.startswith("#"):
            unit = _text(quantity, "system"), _text(quantity, "code")
            yield from self._in_value_set(
                url, lambda found: found.member(*unit), str(unit[1]), rules.UNIT_VALUE_SET
            )
        if item.options:
            yield rules.OPTION()

    def _reference(self, item: Item, value: Any) -> Faults:
        reference = value.get("reference") if type(value) is dict else None
        if type(reference) is not str:
            return
        allowed = [name for _, name in extensions(item.definition, _REFERENCE_RESOURCE)]
        name = self._target(reference)
        # The reference validator breaks on a target whose type the url does not tell
        # (``urn:uuid:…``), which proves no fault: it is refused only where the Questionnaire says
        # which types may be.
        if allowed and name not in allowed:
            expected = ", ".join(map(str, allowed))
            yield (
                rules.REFERENCE(type=name, expected=expected)
                if name
                else rules.REFERENCE_UNTOLD(expected=expected)
            )
        elif name is not None and not self._is_resource(name):
            yield rules.REFERENCE_NO_TYPE(type=name[:64])

    def _target(self, reference: str) -> str | None:
        """Return the resource type that a reference implies: the part before the last, even of a
        versioned one. None where it implies none.
        """
        if reference.startswith("#"):
            found = contained(self._response, reference[1:])
            return _text(found, "resourceType") if found is not None else None
        parts = reference.rstrip("/").split("/")
        return parts[-2] if len(parts) > 1 else None

    def _in_value_set(
        self,
        url: str,
        answer: Callable[[ValueSet], Membership],
        code: str,
        outside: Declaration = rules.VALUE_SET,
    ) -> Faults:
        try:
            found = (
                self._contained(url) if url.startswith("#") else self._terminology.value_set(url)
            )
            membership = None if found is None else answer(found)
        except (AttributeError, KeyError, TypeError):
            return  # a contained value set of another form than the type's: the walk reports it
        if membership is None:
            yield rules.VALUE_SET_UNKNOWN(value_set=url[:256])
        elif membership in FAULTS:
            yield outside(code=code[:64], value_set=url[:256])

    def _contained(self, url: str) -> ValueSet | None:
        # HL7's own validator looks into the value set beside the Questionnaire; HAPI does not find
        # it and refuses every answer (docs/differences.md).
        found = contained(self._questionnaire.container, url[1:])
        if (
            found is None
            or found.get("resourceType") != "ValueSet"
            or type(found.get("compose")) is not dict
        ):
            return None
        return ValueSet({**found, "url": url}, self._terminology)


def _lower(name: str) -> str:
    return (
        name
        if name in ("Attachment", "Coding", "Quantity", "Reference")
        else name[0].lower() + name[1:]
    )


def _text(value: dict[str, Any], name: str) -> str | None:
    return text_of(value.get(name))


def _integer(value: Any) -> int | None:
    """Return an extension's integer, of a decimal the whole part; None for any other value."""
    text = lexical(value)
    try:
        return None if text is None or type(value) is str else int(Decimal(text))
    except (ArithmeticError, ValueError):
        return None


def _matches(wanted: str, value: str) -> bool | None:
    """Tell whether a text is of a format; None where that cannot be decided: within bounds, or
    because the format is no regular expression.
    """
    try:
        return pattern(wanted).full(value)
    except PatternError:
        return None


def _chosen(item: Item, kind: str, value: Any, count: int) -> Faults:
    """Yield what is wrong with an answer to a choice with options: it is one of them, or any text
    where the choice is open.
    """
    found: bool
    if kind == "Coding":
        pair = (value.get("system"), value.get("code")) if type(value) is dict else None
        codings = [c for c in item.option_values("Coding") if type(c) is dict]
        found = pair in [(c.get("system"), c.get("code")) for c in codings]
        if found and count > 1 and pair in [_exclusive(option) for option in item.options]:
            yield rules.EXCLUSIVE()
    elif kind == "Date":
        found = False  # the reference validator compares a date with a text here
    elif kind == "String" and item.type == "open-choice":
        found = True
    else:
        found = value in item.option_values(kind)
    if not found:
        yield rules.OPTION()


def _exclusive(option: dict[str, Any]) -> tuple[Any, Any] | None:
    coding = option.get("valueCoding")
    alone = [value for _, value in extensions(option, _EXCLUSIVE)][:1] == [True]
    return (coding.get("system"), coding.get("code")) if alone and type(coding) is dict else None


_BOUND: dict[str, Callable[[str], Any]] = {
    "decimal": lambda text: Decimal(text or "-Infinity"),
    "integer": int,
    "date": instant,
    "dateTime": instant,
    "time": str,
}
"""Item types whose answers have minValue and maxValue -> how values are compared."""


def _bounded(item: Item, kind: str, value: Any) -> Faults:
    read, text = _BOUND[str(item.type)], lexical(value)
    least, most = (
        extensions(item.definition, _MIN_VALUE)[:1],
        extensions(item.definition, _MAX_VALUE)[:1],
    )
    try:
        value = read(text or "") if least or most or kind == "Integer" else None
        if least and value < read(lexical(least[0][1]) or ""):
            yield rules.BOUNDS_LESS(limit=str(least[0][1]))
        if most and value > read(lexical(most[0][1]) or ""):
            yield rules.BOUNDS_GREATER(limit=str(most[0][1]))
    except (InvalidOperation, ValueError):
        yield rules.BOUNDS_NO_VALUE()
    if kind == "Decimal":
        yield from _decimal_places(item, text)
    if item.options and text not in [lexical(option) for option in _options(item, kind)]:
        yield rules.OPTION()


def _options(item: Item, kind: str) -> list[Any]:
    """Return the options that an answer of that type is compared with: numbers with whatever there
    is.
    """
    if kind in ("Decimal", "Integer"):
        return [value for name in _CHOICES for value in item.option_values(name)]
    return item.option_values("Date" if kind == "DateTime" else kind)


def _decimal_places(item: Item, text: str | None) -> Faults:
    most = _integer(item.extension(_MAX_DECIMALS))
    # As in the reference validator the point counts as a place, and the maximum is itself too much:
    # a maximum of 3 allows one decimal place (docs/differences.md).
    places = len(text) - text.rindex(".") if text is not None and "." in text else 0
    if most is not None and places >= most:
        yield rules.DECIMALS(limit=most)


def _attachment(item: Item, value: Any) -> Faults:
    attachment = value if type(value) is dict else {}
    allowed = [str(code) for _, code in extensions(item.definition, _MIME_TYPE)]
    stated = attachment.get("contentType")
    if allowed and type(stated) is not str:
        yield rules.ATTACHMENT_NO_TYPE()
    elif allowed and not str(stated).startswith(tuple(allowed)):
        yield rules.ATTACHMENT(type=str(stated)[:64], expected=", ".join(allowed))
    most, data = _integer(item.extension(_MAX_SIZE)), attachment.get("data")
    if most is not None and most > 0 and type(data) is str:
        content = decoded("".join(data.split()))
        # The maximum is itself too much, as in the reference validator (docs/differences.md).
        if content is not None and len(content) >= most:
            yield rules.ATTACHMENT_SIZE(limit=most, size=len(content))


def _quantity_bound(item: Item, url: str, quantity: dict[str, Any], name: str) -> Faults:
    bound = item.extension(url)
    if bound is None:
        return
    bound = bound if type(bound) is dict else {}
    units = [(part.get("system"), part.get("code")) for part in (bound, quantity)]
    if any(not system or not code for system, code in units):
        yield rules.BOUNDS_NO_UNITS(bound=name)
    elif units[0] != units[1]:
        yield rules.BOUNDS_OTHER_UNIT(bound=name)
    else:
        # The reference validator takes the minimum for a maximum, too (docs/differences.md).
        most, value = lexical(bound.get("value")), lexical(quantity.get("value"))
        if most is None or value is None or Decimal(value) > Decimal(most):
            yield rules.BOUNDS(bound=name)


def _is_unit(quantity: dict[str, Any], unit: Any) -> bool:
    pairs = (("system", "system"), ("code", "code"), ("display", "unit"))
    return type(unit) is dict and all(
        unit[ours] == quantity.get(theirs) for ours, theirs in pairs if ours in unit
    )
