"""Tags: the numbers by which the table's records say what they are.

The crate has the same names in the same order (``tags`` of the native module); a test compares.
"""

from __future__ import annotations

from enum import Enum, IntEnum, IntFlag
from typing import Final

from .layout import LAYOUT, RecordTag

__all__ = [
    "LAYOUT",
    "SIGNS",
    "TAGS",
    "ClassTag",
    "EachTag",
    "ExprTag",
    "FunctionTag",
    "KindTag",
    "LiteralTag",
    "NodeFlag",
    "OpTag",
    "OperatorTag",
    "PrimitiveTag",
    "PropertyFlag",
    "RecordTag",
    "SignTag",
    "TextTag",
    "ValueTag",
]


class NodeFlag(IntFlag):
    """A fact about the objects of a type, for the walk and for the twins that look at them."""

    RESOURCE = 1
    MAY_BE_EMPTY = 2
    IDENTIFIER = 4
    ATTACHMENT = 8
    PLAIN_REFERENCE = 16
    SECURITY_LABELS = 32
    BUNDLE = 64
    PARAMETERS = 128


class PropertyFlag(IntFlag):
    """A fact that holds for a property as such."""

    LIST = 1
    TAKES_COMPANION = 2
    EMPTY_ASKS = 4
    UNIQUE = 8
    CODED = 16


class KindTag(IntEnum):
    """The kind of a property's values."""

    PRIMITIVE = 0
    OBJECT = 1
    CONTAINED = 2
    RESOURCE_TYPE = 3
    ASK = 4
    INLINE = 5


class PrimitiveTag(IntEnum):
    """The form of a primitive; several types may have one."""

    TEXT = 0
    CODE = 1
    ID = 2
    URI = 3
    CANONICAL = 4
    DATE = 5
    DATE_TIME = 6
    INSTANT = 7
    TIME = 8
    BOOLEAN = 9
    INTEGER = 10
    POSITIVE = 11
    UNSIGNED = 12
    DECIMAL = 13
    BASE64 = 14
    XHTML = 15
    OTHER = 16
    QUIET_TEXT = 17


class ValueTag(IntEnum):
    """A further demand on each value of a property, or on an object under a profile."""

    ASK = 0
    TEXT = 1
    CODING = 2
    CONCEPT = 3
    REFERENCE = 4
    EXTENSION = 5
    CONDITION = 6
    OVERLAY = 7
    VALUE = 8
    INLINE = 9
    INVARIANT = 10


class OpTag(IntEnum):
    """A condition on an object: the ops of ``fhirpath.lowered.condition``, and questions."""

    CONST = 0
    AND = 1
    OR = 2
    NOT = 3
    HAS = 4
    IS = 5
    EACH = 6
    NUMBER = 7
    PREFIX = 8
    PART = 9
    MATCH = 10
    DATES = 11
    COUNT = 12
    ONE = 13
    SOME = 14
    DISTINCT = 15
    SHARES = 16
    ON_RESOURCE = 17
    DOUBT = 18
    ASKED = 19
    ASKED_OF = 20
    PROGRAM = 21


class ExprTag(IntEnum):
    """An expression of a program."""

    FOCUS = 0
    THIS = 1
    CONTEXT = 2
    RESOURCE = 3
    LITERALS = 4
    STEP = 5
    EXTENSION = 6
    TYPED = 7
    IS = 8
    EACH = 9
    FUNCTION = 10
    INDEX = 11
    OPERATOR = 12
    COMPARE = 13
    TEXT = 14
    MATCH = 15
    PATH = 16


class ClassTag(IntEnum):
    """A kind of elements to a program."""

    OBJECT = 0
    TEXT = 1
    DATE = 2
    BOOLEAN = 3
    NUMBER = 4
    RESOURCE = 5
    MIXED = 6


class EachTag(IntEnum):
    """A function whose argument is looked at for each item."""

    WHERE = 0
    ALL = 1
    ANY = 2
    SELECT = 3


class FunctionTag(IntEnum):
    """A function without argument."""

    EXISTS = 0
    EMPTY = 1
    NOT = 2
    COUNT = 3
    FIRST = 4
    LAST = 5
    LENGTH = 6
    TO_STRING = 7
    RESOLVE = 8
    HAS_VALUE = 9


class OperatorTag(IntEnum):
    """An operator on two collections, but for comparisons."""

    AND = 0
    OR = 1
    XOR = 2
    IMPLIES = 3
    IN = 4
    PLUS = 5
    SUBSET_OF = 6
    INTERSECT = 7


class TextTag(IntEnum):
    """A test of a text by a part of it."""

    STARTS_WITH = 0
    ENDS_WITH = 1
    CONTAINS = 2


class SignTag(IntEnum):
    """A way in which two values compare."""

    LESS = 0
    LESS_OR_EQUAL = 1
    GREATER = 2
    GREATER_OR_EQUAL = 3
    EQUAL = 4
    UNEQUAL = 5


SIGNS: Final = {
    "<": SignTag.LESS,
    "<=": SignTag.LESS_OR_EQUAL,
    ">": SignTag.GREATER,
    ">=": SignTag.GREATER_OR_EQUAL,
    "=": SignTag.EQUAL,
    "!=": SignTag.UNEQUAL,
}
"""How FHIRPath writes each of them."""


class LiteralTag(IntEnum):
    """A kind of literal that a value is compared with."""

    BOOLEAN = 0
    NUMBER = 1
    TEXT = 2


_ALL: Final[tuple[type[Enum], ...]] = (
    RecordTag,
    NodeFlag,
    PropertyFlag,
    KindTag,
    PrimitiveTag,
    ValueTag,
    OpTag,
    ExprTag,
    ClassTag,
    EachTag,
    FunctionTag,
    OperatorTag,
    TextTag,
    SignTag,
    LiteralTag,
)
TAGS: Final = {each.__name__: {tag.name: int(tag.value) for tag in each} for each in _ALL}
"""Enumeration -> name -> number, as the crate's ``tags`` has them."""
