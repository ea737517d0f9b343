"""Tokens -> tree, by precedence climbing (FHIRPath N1, section 6.8)."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from .errors import FhirPathSyntaxError, NestingError
from .lexer import Token, tokens, unescape
from .quantity import CALENDAR_UNITS, Quantity
from .syntax import (
    Binary,
    Call,
    Empty,
    External,
    Index,
    Literal,
    Member,
    Tree,
    TypeName,
    TypeTest,
    Unary,
    Variable,
    depth,
)
from .temporal import Temporal

__all__ = ["MAXIMUM_DEPTH", "parse", "type_name"]

MAXIMUM_DEPTH = 150
"""Deepest nesting that is read: the deepest expression of R4 and the packages we know has 32
levels, Python's stack holds about 1,000 frames.
"""

_POWER = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    "=": 5,
    "~": 5,
    "!=": 5,
    "!~": 5,
    "<": 6,
    "<=": 6,
    ">": 6,
    ">=": 6,
    "|": 7,
    "is": 8,
    "as": 8,
    "+": 9,
    "-": 9,
    "&": 9,
    "*": 10,
    "/": 10,
    "div": 10,
    "mod": 10,
}
_UNARY_POWER = 11
"""A sign binds more tightly than any operator between two values."""


@lru_cache(maxsize=4096)
def parse(expression: str) -> Tree:
    """Parse an expression to its tree. Trees are kept: asking again costs nothing.

    Raises FhirPathSyntaxError, which says where; NestingError for one nested deeper than
    MAXIMUM_DEPTH.
    """
    tree = _Parser(expression).whole()
    # ``a.b.c`` and ``a + b + c`` nest without recursion here, but not in the compilers
    if depth(tree) > MAXIMUM_DEPTH:
        raise NestingError(f"nested deeper than {MAXIMUM_DEPTH} levels", expression, 0)
    return tree


def type_name(tree: Tree) -> TypeName | None:
    """Return the type that an argument of ``is()``, ``as()`` or ``ofType()`` names; None where it
    is no name.
    """
    match tree:
        case Member(None, name):
            return TypeName(None, name)
        case Member(Member(None, namespace), name):
            return TypeName(namespace, name)
        case _:
            return None


class _Parser:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = tokens(expression)
        self._position = 0
        self._level = 0

    def whole(self) -> Tree:
        tree = self._operation(0)
        if self._now.kind != "end":
            raise self._error(f"unexpected {self._now.text!r}")
        return tree

    @property
    def _now(self) -> Token:
        return self._tokens[self._position]

    def _error(self, message: str) -> FhirPathSyntaxError:
        return FhirPathSyntaxError(message, self._expression, self._now.offset)

    def _take(self) -> Token:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _at(self, symbol: str) -> bool:
        return self._now.kind == "symbol" and self._now.text == symbol

    def _expect(self, symbol: str) -> None:
        if not self._at(symbol):
            raise self._error(f"expected {symbol!r}")
        self._position += 1

    def _operation(self, power: int) -> Tree:
        self._level += 1
        if self._level > MAXIMUM_DEPTH:
            raise NestingError(
                f"nested deeper than {MAXIMUM_DEPTH} levels", self._expression, self._now.offset
            )
        tree = self._prefixed()
        while (
            self._now.kind in ("symbol", "name")
            and (binding := _POWER.get(self._now.text, 0)) > power
        ):
            operator = self._take().text
            if operator in ("is", "as"):
                tree = TypeTest(operator, tree, self._type())
            else:
                tree = Binary(operator, tree, self._operation(binding))
        self._level -= 1
        return tree

    def _prefixed(self) -> Tree:
        if self._at("+") or self._at("-"):
            operator = self._take().text
            return Unary(operator, self._operation(_UNARY_POWER))
        return self._invocations(self._term())

    def _invocations(self, tree: Tree) -> Tree:
        while True:
            if self._at("."):
                self._take()
                tree = self._variable() if self._now.kind == "variable" else self._invocation(tree)
            elif self._at("["):
                self._take()
                tree = Index(tree, self._operation(0))
                self._expect("]")
            else:
                return tree

    def _variable(self) -> Tree:
        return Variable(self._take().text[1:])

    def _invocation(self, source: Tree | None) -> Tree:
        name = self._name()
        if not self._at("("):
            return Member(source, name)
        self._take()
        arguments: list[Tree] = []
        if not self._at(")"):
            arguments.append(self._operation(0))
            while self._at(","):
                self._take()
                arguments.append(self._operation(0))
        self._expect(")")
        return Call(source, name, tuple(arguments))

    def _name(self) -> str:
        token = self._now
        if token.kind == "name":
            return self._take().text
        if token.kind == "quoted":
            self._take()
            return unescape(token.text[1:-1], self._expression, token.offset)
        raise self._error("expected a name")

    def _type(self) -> TypeName:
        name = self._name()
        if self._at(".") and self._tokens[self._position + 1].kind in ("name", "quoted"):
            after = self._tokens[self._position + 2]
            # in ``value is Quantity.exists()`` the name before the bracket is no type
            if not (after.kind == "symbol" and after.text == "("):
                self._take()
                return TypeName(name, self._name())
        return TypeName(None, name)

    def _term(self) -> Tree:
        token = self._now
        match token.kind:
            case "number":
                return self._number()
            case "string":
                self._take()
                return Literal(unescape(token.text[1:-1], self._expression, token.offset))
            case "date" | "datetime" | "time":
                self._take()
                return Literal(self._temporal(token))
            case "external":
                self._take()
                return External(
                    unescape(token.text[1:].strip("`'"), self._expression, token.offset)
                )
            case "variable":
                return self._variable()
            case "name" if token.text in ("true", "false"):
                self._take()
                return Literal(token.text == "true")
            case "name" | "quoted":
                return self._invocation(None)
        if self._at("("):
            self._take()
            tree = self._operation(0)
            self._expect(")")
            return tree
        if self._at("{"):
            self._take()
            self._expect("}")
            return Empty()
        raise self._error("expected a value")

    def _number(self) -> Tree:
        text = self._take().text
        value = Decimal(text)
        if self._now.kind == "string":
            unit = self._take()
            return Literal(
                Quantity(value, unescape(unit.text[1:-1], self._expression, unit.offset))
            )
        if self._now.kind == "name" and self._now.text in CALENDAR_UNITS:
            return Literal(Quantity(value, self._take().text, calendar=True))
        return Literal(value if "." in text else int(text))

    def _temporal(self, token: Token) -> Temporal:
        value = Temporal.parse(token.text[1:])
        if value is None:
            raise FhirPathSyntaxError(
                f"no such date or time: {token.text}", self._expression, token.offset
            )
        return value
