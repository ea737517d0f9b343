"""Reading the XHTML of a narrative into a tree.

The scanner is our own, because the verdict of HL7's validator hangs on its scanner's leniency: end
tags may be missing at the end, text after the root's end tag is overlooked, an attribute may lack
quotes or a value, ``>`` ends a quoted value. It expands no entity but XML's five and character
references, knows no DTD, opens nothing, and reads each character once: its bound is
the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Final

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from .white_space import BLANK

__all__ = ["Element", "MalformedError", "read_xhtml"]

_END: Final = "\uffff"
"""Stands for the end of the text, and ends it where it occurs."""

_NAME_CHARACTERS: Final = r"(?:(?![_\U00010000-\U0010ffff])\w|[_\-:.])"
_SPACES = lazy_pattern(f"[{BLANK}]*")
_LEADING = lazy_pattern(f"[{BLANK}\ufeff]*")
_NAME = lazy_pattern(f"{_NAME_CHARACTERS}*+")
_RUN = "[^<&\uffff]"
_TEXT = lazy_pattern(f"{_RUN}++")
_ORDINARY = lazy_pattern(
    f"({_RUN}*+)<(?:/([a-z][a-z0-9]*)>|(?!script)([a-z][a-z0-9]*)((?: "
    '(?!xmlns)[a-z:]+="[^"&<>\uffff]*")*+) ?(/?)>)'
)
"""Text, and behind it an end tag, or a start tag that needs no second look: one match instead of a
dozen.
"""
_ORDINARY_ATTRIBUTE = lazy_pattern(' ([a-z:]+)="([^"]*)"')
_PLAIN = {
    '"': lazy_pattern('[^"&>\uffff]*'),
    "'": lazy_pattern("[^'&>\uffff]*"),
    "": lazy_pattern("[^/&>\uffff]*"),
}
_REFERENCE_END = lazy_pattern("[;&'\"><]")
_DECIMAL = lazy_pattern(r"[+-]?\d+")
_HEXADECIMAL = lazy_pattern(r"[+-]?[0-9A-Fa-f]+")
_UNDEFINED: Final = "http://error/undefined-namespace"
_NAMED: Final = {"quot": '"', "amp": "&", "apos": "'", "lt": "<", "gt": ">"}


def read_xhtml(text: str) -> Element:
    """Read the text to its root element; what stands before and after it is dropped. Raises
    MalformedError.
    """
    return _Scanner(text).document()


class MalformedError(ValueError):
    """The text is no XHTML, not even leniently."""


@dataclass(slots=True)
class Element:
    """One element of a narrative: its name without prefix; its namespace where that differs from
    the parent's; its children, which are elements, texts, and None for a comment.
    """

    name: str
    attributes: dict[str, str | None]
    namespace: str | None = None
    children: list[Element | str | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Namespaces:
    default: str | None = None
    adopted: str | None = None
    """Prefix whose namespace became the default one at its first use."""


class _Prefixes:
    """The namespaces of prefixes where reading stands.

    One table for the whole text, since a copy for each element would be as large as all that its
    ancestors declare; what an element declares is undone at its end.
    """

    def __init__(self) -> None:
        self._meanings: dict[str, str | None] = {}
        self._undone: list[tuple[str, str | None]] = []

    @property
    def mark(self) -> int:
        """The place that ``undo`` is given to come back to here."""
        return len(self._undone)

    def meaning(self, prefix: str) -> str | None:
        """Return the namespace of a prefix, None where it is declared to have none."""
        return self._meanings.get(prefix, _UNDEFINED)

    def declare(self, prefix: str, namespace: str | None) -> None:
        """Give a prefix a namespace, up to the end of the element that is being read."""
        self._undone.append((prefix, self.meaning(prefix)))
        self._meanings[prefix] = namespace

    def undo(self, mark: int) -> None:
        """Forget what was declared since the mark."""
        while len(self._undone) > mark:
            prefix, namespace = self._undone.pop()
            self._meanings[prefix] = namespace


_Open = tuple[Element, _Namespaces, int]
"""An element that is open, the namespaces inside it, and the mark of prefixes before it."""


class _Scanner:
    """Where reading stands.

    Text and plain tags take one match of ``_ORDINARY``; the rest goes character by character.
    """

    def __init__(self, text: str) -> None:
        end = text.find(_END)
        # with an end mark no look at the next character can fall off the text
        self._text = (text if end < 0 else text[:end]) + _END
        self._at = 0
        self._prefixes = _Prefixes()

    def document(self) -> Element:
        self._prolog()
        if self._text[self._at] != "<":
            raise MalformedError("it does not start with a tag")
        self._at += 1
        root, open_, spaces = self._start(_Namespaces(), lower=True)
        if open_:
            self._inside(root, spaces)
        return root

    def _prolog(self) -> None:
        """White space, comments, processing instructions and a document type before the root."""
        text = self._text
        while True:
            self._skip(_LEADING)
            if text.startswith("<!--", self._at):
                begin = self._at + (5 if text.startswith(" ", self._at + 4) else 4)
                # dashes right here are taken for the opening ones once more
                plain = text.startswith("-", begin) and not text.startswith("--", begin)
                self._at = self._after(
                    ">" if plain else "-->", begin + (2 if text.startswith("--", begin) else 0)
                )
            elif text.startswith("<!-", self._at):
                raise MalformedError("'<!-' opens nothing")
            elif text.startswith("<!", self._at) or (
                text.startswith("<?", self._at) and not text.startswith("<?>", self._at)
            ):
                self._at = self._after(">", self._at)
            elif text.startswith("<?", self._at):
                raise MalformedError("'<?>' is empty")
            else:
                return

    def _inside(self, root: Element, spaces: _Namespaces) -> None:
        """Everything up to the root's end tag, or the end of the text."""
        text, stack = self._text, [(root, spaces, 0)]
        ordinary, attributes_in = _ORDINARY.match, _ORDINARY_ATTRIBUTE.findall
        while stack:
            element, spaces, _ = stack[-1]
            match = ordinary(text, self._at)
            if match is None:
                if (plain := _TEXT.match(text, self._at)) is not None:
                    element.children.append(plain[0])
                    self._at = plain.end()
                if text[self._at] == _END:
                    return
                self._unusual(stack)
                continue
            run, ended, started, attributes, slash = match.groups()
            self._at = match.end()
            if run:
                element.children.append(run)
            if ended is not None:
                self._end(ended, stack)
                continue
            child = Element(started, dict(attributes_in(attributes)) if attributes else {})
            element.children.append(child)
            if not slash:
                stack.append((child, spaces, self._prefixes.mark))

    def _unusual(self, stack: list[_Open]) -> None:
        """One piece of content that is neither text nor an ordinary tag."""
        text, at = self._text, self._at
        element, spaces, _ = stack[-1]
        follower = text[at + 1]
        if text[at] == "&":
            if character := self._reference():
                element.children.append(character)
        elif follower == "/":
            self._at = self._after(">", at)
            self._end(text[at + 2 : self._at - 1], stack)
        elif follower == "!":
            self._comment()
            element.children.append(None)
        elif follower == "?":
            self._at = self._after(">", at)
            element.children.append(None)
        elif follower.isalpha() or follower.isdecimal():
            self._at += 1
            mark = self._prefixes.mark
            child, open_, inner = self._start(spaces)
            element.children.append(child)
            if open_:
                stack.append((child, inner, mark))
            else:
                self._prefixes.undo(mark)
        else:
            raise MalformedError(f"'<' is followed by '{follower}' in '{element.name}'")

    def _end(self, name: str, stack: list[_Open]) -> None:
        element, _, mark = stack.pop()
        self._prefixes.undo(mark)
        if _local(name) != element.name:
            raise MalformedError(f"'</{name}>' where '</{element.name}>' is expected")

    def _start(
        self, outer: _Namespaces, *, lower: bool = False
    ) -> tuple[Element, bool, _Namespaces]:
        """A start tag, after its ``<``: the element, whether it is open, and the namespaces inside
        it.
        """
        name = self._name().lower() if lower else self._name()
        attributes = self._attributes(_local(name))
        element = Element(_local(name), attributes)
        inner = self._namespaces(element, name.partition(":")[0] if ":" in name else None, outer)
        closed = self._text[self._at] == "/"
        if closed:
            self._at += 1
            if self._text[self._at] != ">":
                raise MalformedError(f"'/' without '>' in '{name}'")
        if self._text[self._at] != _END:
            self._at += 1
        if _local(name) == "script" and not closed:
            # its content is no XHTML; the element itself is refused later
            end = self._text.find("</script>", self._at)
            self._at = len(self._text) - 1 if end < 0 else end + len("</script>")
            closed = True
        return element, not closed, inner

    def _namespaces(self, element: Element, prefix: str | None, outer: _Namespaces) -> _Namespaces:
        """The namespaces inside an element; sets the element's own where it is not the parent's."""
        attributes, prefixes = element.attributes, self._prefixes
        if prefix is None and not any(name.startswith("xmlns") for name in attributes):
            return outer
        default, adopted = attributes.get("xmlns", outer.default), outer.adopted
        for name, value in attributes.items():
            if name.startswith("xmlns:"):
                prefixes.declare(name[6:], value)
        if prefix is not None:
            meant = default if prefix == adopted else prefixes.meaning(prefix)
            if meant is None:
                raise MalformedError(f"prefix '{prefix}' has no namespace")
            if meant != default:
                element.namespace = default = meant
                adopted = prefix
                prefixes.declare(prefix, _UNDEFINED)
        if default is not None and default != outer.default:
            element.namespace = default
        return _Namespaces(default, adopted)

    def _attributes(self, element: str) -> dict[str, str | None]:
        text = self._text
        attributes: dict[str, str | None] = {}
        self._skip(_SPACES)
        while text[self._at] not in (">", "/", _END):
            name = self._name()
            if not name:
                raise MalformedError(f"no attribute name in '{element}' but '{text[self._at]}'")
            self._skip(_SPACES)
            if text[self._at] == "=":
                self._at += 1
                self._skip(_SPACES)
                attributes[name] = self._value()
            elif text[self._at] in (">", "/") or _NAME.fullmatch(text[self._at]):
                attributes[name] = None
            else:
                raise MalformedError(f"attribute '{name}' of '{element}' has no value")
            self._skip(_SPACES)
        return attributes

    def _value(self) -> str:
        text = self._text
        quote = text[self._at] if text[self._at] in "\"'" else ""
        self._at += len(quote)
        pieces = []
        while True:
            match = _PLAIN[quote].match(text, self._at)
            assert match is not None
            pieces.append(match[0])
            self._at = match.end()
            if text[self._at] != "&":
                break
            pieces.append(self._reference())
        if quote and text[self._at] == quote:
            self._at += 1
        return "".join(pieces)

    def _reference(self) -> str:
        """Read an entity or character reference: the text that it stands for.

        Any of ``;&'"><`` ends it, and is gone.
        """
        match = _REFERENCE_END.search(self._text, self._at + 1)
        if match is None:
            raise MalformedError("'&' is not ended")
        name = self._text[self._at + 1 : match.start()]
        self._at = match.end()
        if name in _NAMED:
            return _NAMED[name]
        if name.startswith("#"):
            return _character(name)
        raise MalformedError(f"entity '&{name};' is not one of quot, amp, apos, lt and gt")

    def _comment(self) -> None:
        text, start = self._text, self._at
        plain = not text.startswith("<!--", start)
        begin = start + (2 if plain else 4)
        if text.startswith("DOCTYPE", begin):
            raise MalformedError("a document type stands in it")
        self._at = self._after(">" if plain else "-->", begin)

    def _after(self, mark: str, start: int) -> int:
        found = self._text.find(mark, start)
        if found < 0:
            raise MalformedError(f"'{mark}' is missing")
        return found + len(mark)

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return match[0]

    def _skip(self, spaces: re.Pattern[str]) -> None:
        match = spaces.match(self._text, self._at)
        assert match is not None
        self._at = match.end()


def _local(name: str) -> str:
    return name.partition(":")[2] if ":" in name else name


def _character(reference: str) -> str:
    """A character reference, with its ``#``. One that is no 32-bit number stands for nothing."""
    digits = reference[1:]
    if not digits:
        raise MalformedError("'&#;' is no character")
    base = 16 if digits[0] == "x" else 10
    digits = digits.removeprefix("x")
    significant = digits.lstrip("+-0")  # Python refuses to convert thousands of digits
    if not (_HEXADECIMAL if base == 16 else _DECIMAL).fullmatch(digits) or len(significant) > 10:
        return ""
    number = int(significant or "0", base) * (-1 if digits[0] == "-" else 1)
    if not -0x80000000 <= number <= 0x7FFFFFFF:
        return ""
    if not 0 <= number <= 0x10FFFF:
        raise MalformedError(f"'&{reference};' is no character")
    return chr(number)
