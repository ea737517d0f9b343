"""Reading a pattern as java.util.regex reads it: its classes, flags, quotes and quantifiers.

Where Java is odd this is odd too: a quantifier after a quantifier repeats nothing, ``]`` right
after ``[`` is itself, ``^`` in a class negates what ``&&`` leaves of it.
"""

from __future__ import annotations

from typing import Final

from . import characters as sets
from .characters import Ranges
from .errors import PatternError, UnknownSyntaxError
from .pieces import (
    Again,
    Assertion,
    Atomic,
    Chars,
    Either,
    Kind,
    Look,
    Numbered,
    Repeat,
    Series,
    Tree,
)

__all__ = ["LONGEST", "parse"]

LONGEST: Final = 8_192
"""Characters of a pattern that is read: those that people write have some hundred."""
_DEEPEST: Final = 100
"""Groups and classes inside one another."""

_ESCAPED: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\x07", "e": "\x1b"}
_CLASSES: Final = {
    "d": sets.DIGIT,
    "w": sets.WORD,
    "s": sets.SPACE,
    "h": sets.BLANK,
    "v": sets.VERTICAL,
}
_FLAGS: Final = frozenset("idmsux")
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_OCTAL: Final = frozenset("01234567")
_DIGITS: Final = frozenset("0123456789")
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_EMPTY: Final = Series(())


def parse(
    text: str, *, dot_all: bool = False, fold: bool = False
) -> tuple[Tree, int, dict[str, int]]:
    """Return the tree of a pattern, how many groups it has, and the numbers of those with names.

    dot_all  as if ``(?s)`` stood before it
    fold     as if ``(?i)`` did

    Raises PatternError for what Java refuses, UnknownSyntaxError for what is not read here.
    """
    if len(text) > LONGEST:
        raise UnknownSyntaxError("too long")
    flags = frozenset("s" if dot_all else "") | frozenset("i" if fold else "")
    reader = _Reader(text, flags)
    tree = reader.alternatives()
    if reader.at < len(text):
        raise PatternError("a closing bracket that none opens")
    return tree, reader.groups, reader.names


class _Reader:
    def __init__(self, text: str, flags: frozenset[str]) -> None:
        self.text = text
        self.at = 0
        self.flags = flags
        self.groups = 0
        self.names: dict[str, int] = {}
        self._depth = 0

    # Text

    def _peek(self) -> str:
        """The next character that counts, "" at the end."""
        if "x" in self.flags:
            self._skip_comments()
        return self.text[self.at : self.at + 1]

    def _skip_comments(self) -> None:
        text = self.text
        while self.at < len(text) and (text[self.at] in " \t\n\x0b\f\r" or text[self.at] == "#"):
            if text[self.at] == "#":
                while self.at < len(text) and text[self.at] not in "\n\r\x85\u2028\u2029":
                    self.at += 1
            else:
                self.at += 1

    def _next(self) -> str:
        found = self._peek()
        self.at += len(found)
        return found

    def _take(self, wanted: str) -> bool:
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    # Structure

    def alternatives(self) -> Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnknownSyntaxError("nested too deep")
        parts = [self._series()]
        while self._peek() == "|":
            self.at += 1
            parts.append(self._series())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _series(self) -> Tree:
        parts: list[Tree] = []
        while (following := self._peek()) not in ("", "|", ")"):
            if following in "*+?":
                raise PatternError(f"dangling meta character '{following}'")
            if self._take("\\Q"):
                parts += self._quoted()
                continue
            part = self._atom()
            if part is not None:
                parts.append(self._quantified(part))
        return parts[0] if len(parts) == 1 else Series(tuple(parts))

    def _quantified(self, part: Tree) -> Tree:
        following = self._peek()
        if following in ("*", "+", "?"):
            self.at += 1
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[following]
        elif following == "{":
            least, most = self._counts()
        else:
            return part
        kind: Kind = "greedy"
        if self._peek() in ("?", "+"):
            kind = "lazy" if self._next() == "?" else "possessive"
        return Repeat(part, least, most, kind)

    def _counts(self) -> tuple[int, int | None]:
        self.at += 1
        if self.text[self.at : self.at + 1] not in _DIGITS:
            raise PatternError("illegal repetition")
        least = self._number()
        most: int | None = least
        if self._take(","):
            most = None
            if self.text[self.at : self.at + 1] != "}":
                most = self._number()
        if not self._take("}"):
            raise PatternError("unclosed counted closure")
        if most is not None and most < least:
            raise PatternError("illegal repetition range")
        return least, most

    def _number(self) -> int:
        start = self.at
        while self.text[self.at : self.at + 1] in _DIGITS:
            self.at += 1
        digits = self.text[start : self.at]
        if not digits:
            raise PatternError("unclosed counted closure")
        if len(digits.lstrip("0")) > 9:
            raise UnknownSyntaxError("a count out of range")
        return int(digits)

    def _atom(self) -> Tree | None:
        """One piece that may be quantified; None for flags alone."""
        following = self._next()
        if following == "(":
            return self._group()
        if following == "[":
            return Chars(self._class())
        if following == "\\":
            return self._escape()
        if following == "^":
            return self._start()
        if following == "$":
            return self._end()
        if following == ".":
            return Chars(self._dot())
        if following == "{":  # an empty piece, whose quantifier this is
            self.at -= 1
            return _EMPTY
        return self._literal(following)

    def _literal(self, character: str) -> Tree:
        return Chars(self._folded(sets.of(character)))

    def _folded(self, ranges: Ranges) -> Ranges:
        return sets.folded(ranges, unicode="u" in self.flags) if "i" in self.flags else ranges

    def _dot(self) -> Ranges:
        if "s" in self.flags:
            return sets.ALL
        return sets.other(sets.NEWLINE if "d" in self.flags else sets.LINE_END)

    def _start(self) -> Assertion:
        if "m" not in self.flags:
            return "start"
        return "line-start-unix" if "d" in self.flags else "line-start"

    def _end(self) -> Assertion:
        if "m" not in self.flags:
            return "last-unix" if "d" in self.flags else "last"
        return "line-end-unix" if "d" in self.flags else "line-end"

    # Groups

    def _group(self) -> Tree | None:
        if not self._take("?"):
            self.groups += 1
            number = self.groups
            return Numbered(self._inside(), number)
        if self._take(":"):
            return self._inside()
        if self._take(">"):
            return Atomic(self._inside())
        for mark, ahead, wanted in (
            ("=", True, True), ("!", True, False), ("<=", False, True), ("<!", False, False),
        ):  # fmt: skip
            if self._take(mark):
                part = self._inside()
                if not ahead and not _is_short(part):
                    raise UnknownSyntaxError("a look behind without an obvious length")
                return Look(part, ahead, wanted)
        if self._take("<"):
            return self._named_group()
        return self._flagged()

    def _named_group(self) -> Tree:
        name = self._name()
        if name in self.names:
            raise PatternError(f"the group '{name}' is there twice")
        self.groups += 1
        number = self.names[name] = self.groups
        return Numbered(self._inside(), number)

    def _name(self) -> str:
        end = self.text.find(">", self.at)
        name = self.text[self.at : end] if end >= 0 else ""
        if not name or name[0] not in _LETTERS or not name.isascii() or not name.isalnum():
            raise PatternError("a group's name is missing")
        self.at = end + 1
        return name

    def _inside(self) -> Tree:
        """Everything up to the closing bracket; flags set in it end with it."""
        before = self.flags
        tree = self.alternatives()
        self.flags = before
        if not self._take(")"):
            raise PatternError("unclosed group")
        return tree

    def _flagged(self) -> Tree | None:
        before, on, adding = self.flags, set(self.flags), True
        while True:
            name = self.text[self.at : self.at + 1]
            self.at += 1
            if name == "-" and adding:
                adding = False
            elif name in _FLAGS:
                on.add(name) if adding else on.discard(name)
            elif name == "U":
                raise UnknownSyntaxError("Unicode classes")
            elif name in (")", ":"):
                break
            else:
                raise PatternError("an inline modifier that is none")
        self.flags = frozenset(on)
        if name == ")":
            return None
        tree = self.alternatives()
        self.flags = before
        if not self._take(")"):
            raise PatternError("unclosed group")
        return tree

    # Escapes

    def _escape(self) -> Tree:
        following = self.text[self.at : self.at + 1]
        self.at += 1
        if following in _PLACES:
            return _PLACES[following] if following != "Z" else self._last()
        if following == "R":
            return Either(
                (Series((Chars(sets.of("\r")), Chars(sets.of("\n")))), Chars(sets.VERTICAL))
            )
        if following == "k":
            if not self._take("<"):
                raise PatternError("\\k is not followed by '<'")
            name = self._name()
            if name not in self.names:
                raise PatternError(f"there is no group '{name}'")
            return Again(self.names[name], "i" in self.flags)
        if following in _DIGITS and following != "0":
            return self._back(int(following))
        if following in ("G", "X", "N") or (following == "b" and self._take("{g}")):
            raise UnknownSyntaxError(f"\\{following}")
        if following == "b":
            return "word"
        ranges = self._class_escape(following)
        if ranges is not None:
            return Chars(ranges)
        return self._literal(self._character(following))

    def _last(self) -> Assertion:
        return "last-unix" if "d" in self.flags else "last"

    def _quoted(self) -> list[Tree]:
        """Read the text in a quote; a quantifier behind it is its last character's."""
        end = self.text.find("\\E", self.at)
        inside = self.text[self.at :] if end < 0 else self.text[self.at : end]
        self.at = len(self.text) if end < 0 else end + 2
        parts = [self._literal(character) for character in inside]
        if parts and self._peek() in ("*", "+", "?", "{"):
            parts[-1] = self._quantified(parts[-1])
        return parts

    def _back(self, number: int) -> Tree:
        """As many digits as there are groups for."""
        while (digit := self.text[self.at : self.at + 1]) in _DIGITS and digit:
            if number * 10 + int(digit) > self.groups:
                break
            number = number * 10 + int(digit)
            self.at += 1
        if number > self.groups:
            raise UnknownSyntaxError("a reference to a group that is not there yet")
        return Again(number, "i" in self.flags)

    def _class_escape(self, letter: str) -> Ranges | None:
        """The set that ``\\d``, ``\\p{..}`` and their like mean, None where it is a character."""
        known = _CLASSES.get(letter.lower()) if letter else None
        if known is not None:
            return known if letter.islower() else sets.other(known)
        if letter not in ("p", "P"):
            return None
        name = self.text[self.at : self.at + 1]
        self.at += 1
        if name == "{":
            end = self.text.find("}", self.at)
            if end < 0:
                raise PatternError("an unclosed character family")
            name = self.text[self.at : end]
            self.at = end + 1
        if not name:
            raise PatternError("an empty character family")
        ranges = sets.named(name)
        if ranges is None:
            raise UnknownSyntaxError(f"the character family {name}")
        if "i" in self.flags and name in ("Lower", "Upper", "Lu", "Ll", "Lt"):
            raise UnknownSyntaxError("a character family that knows case, without case")
        return ranges if letter == "p" else sets.other(ranges)

    def _character(self, letter: str) -> str:
        """The one character that an escape stands for."""
        if letter in _ESCAPED:
            return _ESCAPED[letter]
        if letter == "0":
            return self._octal()
        if letter == "x":
            if self._take("{"):
                end = self.text.find("}", self.at)
                return self._code(self.text[self.at : end], end + 1)
            return self._code(self.text[self.at : self.at + 2], self.at + 2, 2)
        if letter == "u":
            return self._utf16()
        if letter == "c" and self.at < len(self.text):
            self.at += 1
            return chr(ord(self.text[self.at - 1]) ^ 64)
        if not letter or letter in _LETTERS:
            raise PatternError(f"illegal escape sequence '\\{letter}'")
        return letter

    def _octal(self) -> str:
        start = self.at
        while self.at - start < 3 and self.text[self.at : self.at + 1] in _OCTAL and self._more():
            # Java reads a third digit only up to \0377
            if self.at - start == 2 and self.text[start] > "3":
                break
            self.at += 1
        if self.at == start:
            raise PatternError("illegal octal escape sequence")
        return chr(int(self.text[start : self.at], 8))

    def _more(self) -> bool:
        return self.at < len(self.text)

    def _code(self, digits: str, end: int, length: int | None = None) -> str:
        if not digits or not _HEX.issuperset(digits) or (length and len(digits) != length):
            raise PatternError("illegal hexadecimal escape sequence")
        if len(digits.lstrip("0")) > 6 or int(digits, 16) > 0x10FFFF:
            raise PatternError("a hexadecimal code point that is too large")
        self.at = end
        return chr(int(digits, 16))

    def _utf16(self) -> str:
        """A code unit, or the two of a character beyond the first 65,536."""
        high = self._code(self.text[self.at : self.at + 4], self.at + 4, 4)
        if "\ud800" <= high <= "\udbff" and self.text.startswith("\\u", self.at):
            back = self.at
            self.at += 2
            low = self._code(self.text[self.at : self.at + 4], self.at + 4, 4)
            if "\udc00" <= low <= "\udfff":
                return chr(0x10000 + ((ord(high) - 0xD800) << 10) + ord(low) - 0xDC00)
            self.at = back
        return high

    # Classes

    def _class(self, *, consume: bool = True) -> Ranges:
        """A class, after its ``[``; without ``consume`` the right side of ``&&``, which leaves the
        ``]`` for its left.
        """
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnknownSyntaxError("nested too deep")
        negated = consume and self._peek() == "^"
        if negated:
            self.at += 1
        found: list[Ranges] = []
        while True:
            following = self._peek()
            if not following:
                raise PatternError("unclosed character class")
            if following == "]" and found:
                break
            if following == "[":
                self.at += 1
                found.append(self._class())
            elif following == "&" and self.text.startswith("&&", self.at):
                self.at += 2
                found = [self._intersected(found)]
            else:
                found.append(self._range())
        if consume:
            self.at += 1
        self._depth -= 1
        ranges = sets.either(found)
        return sets.other(ranges) if negated else ranges

    def _intersected(self, left: list[Ranges]) -> Ranges:
        right: list[Ranges] = []
        while (following := self._peek()) not in ("]", "&", ""):
            if following == "[":
                self.at += 1
                right.append(self._class())
            else:
                right.append(self._class(consume=False))
        if not left and not right:
            raise PatternError("bad class syntax")
        if not right:
            return sets.either(left)
        return sets.both(sets.either(left), sets.either(right)) if left else sets.either(right)

    def _range(self) -> Ranges:
        """One character, a range of two, or a set by its escape."""
        first = self._member()
        if not isinstance(first, str):
            return first
        if self._peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", "[", ""):
            self.at += 1
            last = self._member()
            if not isinstance(last, str) or last < first:
                raise PatternError("illegal character range")
            return self._folded(((ord(first), ord(last)),))
        return self._folded(sets.of(first))

    def _member(self) -> str | Ranges:
        following = self._next()
        if following != "\\":
            if not following:
                raise PatternError("unclosed character class")
            return following
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter == "Q":
            raise UnknownSyntaxError("a quote in a class")
        if letter in ("N", "X"):
            raise UnknownSyntaxError(f"\\{letter}")
        ranges = self._class_escape(letter)
        return self._character(letter) if ranges is None else ranges


_PLACES: Final[dict[str, Assertion]] = {"A": "start", "z": "end", "Z": "last", "B": "no-word"}


def _is_short(tree: Tree) -> bool:
    """Tell whether a look behind is of a bounded length.

    Of others Java takes some and refuses some.
    """
    match tree:
        case Series(parts) | Either(parts):
            return all(map(_is_short, parts))
        case Repeat(part, _, most, _):
            return most is not None and _is_short(part)
        case Numbered(part) | Atomic(part):
            return _is_short(part)
        case Again():
            return False
        case _:
            return True
