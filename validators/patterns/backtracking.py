"""The engine that counts: tries one way after the other, as java.util.regex does, and gives up
after so many steps.

    tree -> program: a tuple of instructions -> run: (instruction, place in the text), a stack of
                                                 the ways not tried yet

It takes what no linear engine can (looks around, groups once more, possessive quantifiers), and
everything where there is no other. Its stack is a list: no text is nested too deep for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from .characters import WORD, Ranges, has
from .errors import UnknownSyntaxError
from .pieces import Again, Assertion, Atomic, Chars, Either, Look, Numbered, Repeat, Series, Tree

__all__ = ["Backtracking", "SpentError", "steps_for"]

_LARGEST: Final = 4_000
"""Instructions of a program: counts are written out."""
_BASE, _EACH = 1_000, 10
"""Steps for any text, and for each of its characters. A step takes about a microsecond."""
_STEP_RUN: Final = 32
"""Characters of a run that count as one step: re goes through them."""

Instruction = tuple[Any, ...]
Match = list[int]
"""Begin and end of the match and of each group; -1 for one that took no part."""


class SpentError(Exception):
    """The steps are used up: nothing is decided."""


def steps_for(text: str) -> int:
    """Return the steps that a match on a text may take."""
    return _BASE + _EACH * len(text)


class Backtracking:
    """A pattern as a program. Raises UnknownSyntaxError where that would be too large."""

    def __init__(self, tree: Tree, groups: int) -> None:
        self._program = _Compiler().program(tree)
        self._groups = groups

    def found(self, text: str) -> bool:
        """Return whether the pattern matches somewhere. Raises SpentError."""
        return self.search(text, 0, _Steps(steps_for(text))) is not None

    def full(self, text: str) -> bool:
        """Return whether the pattern matches the whole text. Raises SpentError."""
        run = _Run(text, _Steps(steps_for(text)))
        return run.match(self._program, 0, self._nothing(), until=len(text)) is not None

    def matches(self, text: str) -> list[Match]:
        """Return every match from left to right, as replaceAll meets them. Raises SpentError."""
        found: list[Match] = []
        steps, at = _Steps(steps_for(text)), 0
        while at <= len(text) and (match := self.search(text, at, steps)) is not None:
            found.append(match)
            # one character on after an empty match, which would be found again for ever
            at = match[1] + (match[0] == match[1])
        return found

    def search(self, text: str, start: int, steps: _Steps) -> Match | None:
        """Return the leftmost place from ``start`` on where the pattern fits, as begin and end of
        the whole and of each group; None where it fits nowhere.

        Raises SpentError.
        """
        run = _Run(text, steps)
        for begin in range(start, len(text) + 1):
            caught = self._nothing()
            end = run.match(self._program, begin, caught)
            if end is not None:
                return [begin, end, *caught[2:]]
        return None

    def _nothing(self) -> Match:
        return [-1] * (2 * self._groups + 2)


class _Steps:
    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, number: int) -> None:
        self.left -= number
        if self.left < 0:
            raise SpentError


class _Compiler:
    """Writes a tree as instructions; a jump names the place it leads to."""

    def __init__(self) -> None:
        self._marks = 0

    def program(self, tree: Tree) -> tuple[Instruction, ...]:
        code: list[Instruction] = []
        self._write(tree, code)
        return (*code, ("match",))

    def _write(self, tree: Tree, code: list[Instruction]) -> None:
        if len(code) > _LARGEST:
            raise UnknownSyntaxError("too large")
        match tree:
            case Chars(ranges):
                code.append(("chars", ranges))
            case Series(parts):
                for part in parts:
                    self._write(part, code)
            case Either(parts):
                self._either(parts, code)
            case Numbered(part, number):
                code.append(("save", 2 * number))
                self._write(part, code)
                code.append(("save", 2 * number + 1))
            case Repeat(Chars(ranges), least, most, kind):
                code.append(("run", _runner(ranges), least, most, kind))
            case Repeat(part, least, most, "possessive"):
                code.append(("atomic", self.program(Repeat(part, least, most, "greedy"))))
            case Repeat(part, least, most, kind):
                self._repeat(part, least, most, kind == "greedy", code)
            case Atomic(part):
                code.append(("atomic", self.program(part)))
            case Look(part, ahead, wanted):
                code.append(("look", self.program(part), ahead, wanted))
            case Again(number, folded):
                code.append(("back", number, folded))
            case _:
                code.append(("assert", _ASSERTIONS[tree]))

    def _either(self, parts: tuple[Tree, ...], code: list[Instruction]) -> None:
        jumps = []
        for part in parts[:-1]:
            split = len(code)
            code.append(())
            self._write(part, code)
            jumps.append(len(code))
            code.append(())
            code[split] = ("split", split + 1, len(code))
        self._write(parts[-1], code)
        for jump in jumps:
            code[jump] = ("jump", len(code))

    def _repeat(
        self, part: Tree, least: int, most: int | None, greedy: bool, code: list[Instruction]
    ) -> None:
        for _ in range(least):
            self._write(part, code)
        if most is None:
            self._loop(part, greedy, code)
            return
        splits = []
        for _ in range(most - least):
            splits.append(len(code))
            code.append(())
            self._write(part, code)
        for split in splits:
            inside, behind = split + 1, len(code)
            code[split] = ("split", inside, behind) if greedy else ("split", behind, inside)

    def _loop(self, part: Tree, greedy: bool, code: list[Instruction]) -> None:
        """Any number: a round that takes no character is the last one."""
        self._marks += 1
        mark, split = -self._marks, len(code)
        code.append(())
        code.append(("mark", mark))
        self._write(part, code)
        code.append(("moved", mark, split))
        inside, behind = split + 1, len(code)
        code[split] = ("split", inside, behind) if greedy else ("split", behind, inside)


class _Run:
    """One text, and the steps that are left for it."""

    def __init__(self, text: str, steps: _Steps) -> None:
        self._text = text
        self._steps = steps

    def match(  # one loop: a call for each instruction would double its time
        self,
        program: tuple[Instruction, ...],
        at: int,
        caught: Match,
        until: int | None = None,
    ) -> int | None:
        """Return where a match from a place on ends, None for none. ``caught`` then holds its
        groups. until: where it has to end.
        """
        text, size, steps = self._text, len(self._text), self._steps
        marks: dict[int, int] = {}
        ways: list[tuple[Any, ...]] = []
        place = 0
        while True:
            steps.left -= 1
            if steps.left < 0:
                raise SpentError
            instruction = program[place]
            name = instruction[0]
            place += 1
            end: int | None = at
            if name == "chars":
                end = at + 1 if at < size and has(instruction[1], ord(text[at])) else None
            elif name == "split":
                ways.append((instruction[2], at))
                place = instruction[1]
            elif name == "run":
                end = self._run(instruction, at, place, ways)
            elif name == "jump":
                place = instruction[1]
            elif name == "save":
                _note(caught, instruction[1], at, ways)
            elif name == "mark":
                _note(marks, instruction[1], at, ways)
            elif name == "moved":
                place = instruction[2] if marks[instruction[1]] != at else place
            elif name == "assert":
                end = at if instruction[1](text, at) else None
            elif name == "match":
                if until is None or at == until:
                    return at
                end = None
            else:
                end = self._nested(instruction, at, caught, ways)
            if end is not None:
                at = end
            elif (way := self._other_way(ways)) is not None:
                place, at = way
            else:
                return None

    def _nested(
        self, instruction: Instruction, at: int, caught: Match, ways: list[tuple[Any, ...]]
    ) -> int | None:
        """Return where a part with a program of its own, or a group once more, ends."""
        if instruction[0] == "back":
            _, number, folded = instruction
            return self._again(number, folded, at, caught)
        # what fails inside must leave no groups behind
        inner = caught.copy()
        end: int | None
        if instruction[0] == "look":
            _, program, ahead, wanted = instruction
            end = at if self._seen(program, ahead, at, inner) is wanted else None
            inner = inner if wanted else caught
        else:
            end = self.match(instruction[1], at, inner)
        if end is not None and inner is not caught:
            ways.append((None, caught, slice(None), caught.copy()))
            caught[:] = inner
        return end

    def _seen(self, program: tuple[Instruction, ...], ahead: bool, at: int, caught: Match) -> bool:
        """Return whether a part matches from a place on, or up to it."""
        if ahead:
            return self.match(program, at, caught) is not None
        return any(
            self.match(program, begin, caught, until=at) is not None for begin in range(at, -1, -1)
        )

    def _other_way(self, ways: list[tuple[Any, ...]]) -> tuple[int, int] | None:
        """Undo what was done since the last choice, and return the way not tried yet."""
        while ways:
            way = ways.pop()
            if way[0] is None:
                _, holder, key, before = way
                holder[key] = before
            elif len(way) == 2:
                return way
            else:
                place, first, last, step = way
                if first != last:
                    ways.append((place, first + step, last, step))
                return place, first
        return None

    def _run(
        self, instruction: Instruction, at: int, place: int, ways: list[tuple[Any, ...]]
    ) -> int | None:
        """Return where a set that is repeated ends first; its other ends are one entry of ways."""
        _, runner, least, most, kind = instruction
        limit = len(self._text) if most is None else min(len(self._text), at + most)
        longest: int = runner(self._text, at, limit).end()
        self._steps.take((longest - at) // _STEP_RUN)
        shortest: int = at + least
        if longest < shortest:
            return None
        if kind == "possessive" or longest == shortest:
            return longest
        if kind == "greedy":
            ways.append((place, longest - 1, shortest, -1))
            return longest
        ways.append((place, shortest + 1, longest, 1))
        return shortest

    def _again(self, number: int, folded: bool, at: int, caught: Match) -> int | None:
        begin, end = caught[2 * number : 2 * number + 2]
        if begin < 0 or end < 0:
            return None
        wanted, given = self._text[begin:end], self._text[at : at + end - begin]
        self._steps.take(len(wanted) // _STEP_RUN)
        same = wanted.lower() == given.lower() if folded else wanted == given
        return at + len(wanted) if same else None


def _note(
    holder: list[int] | dict[int, int], key: int, at: int, ways: list[tuple[Any, ...]]
) -> None:
    """Note a place, and how to undo that."""
    before = holder.get(key, -1) if isinstance(holder, dict) else holder[key]
    ways.append((None, holder, key, before))
    holder[key] = at


def _runner(ranges: Ranges) -> Callable[[str, int, int], Any]:
    """Return what finds the end of a run of a set: one class of re, which cannot backtrack."""
    inside = "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
    return re.compile(f"[{inside}]*" if inside else "").match


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and has(WORD, ord(text[at]))


def _at_word(text: str, at: int) -> bool:
    return _is_word(text, at - 1) != _is_word(text, at)


_ENDS: Final = frozenset("\n\r\x85\u2028\u2029")


def _line_end(text: str, at: int) -> bool:
    """At the end, or before a line's end; not in the middle of ``\\r\\n``."""
    if at == len(text):
        return True
    return text[at] in _ENDS and not (text[at] == "\n" and at > 0 and text[at - 1] == "\r")


def _last(text: str, at: int) -> bool:
    left = len(text) - at
    return left <= 1 + text.endswith("\r\n") and _line_end(text, at)


def _line_start(text: str, at: int) -> bool:
    if at == 0:
        return True
    before = text[at - 1]
    return at < len(text) and before in _ENDS and not (before == "\r" and text[at] == "\n")


_ASSERTIONS: Final[dict[Assertion, Callable[[str, int], bool]]] = {
    "start": lambda text, at: at == 0,
    "end": lambda text, at: at == len(text),
    "last": _last,
    "last-unix": lambda text, at: text[at:] in ("", "\n") if len(text) - at < 2 else False,
    "line-start": _line_start,
    "line-start-unix": lambda text, at: at == 0 or (at < len(text) and text[at - 1] == "\n"),
    "line-end": _line_end,
    "line-end-unix": lambda text, at: at == len(text) or text[at] == "\n",
    "word": _at_word,
    "no-word": lambda text, at: not _at_word(text, at),
}
