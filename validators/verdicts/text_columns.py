"""Text columns: strings as they come from the native acceptor: buffers, of which strings are
made only where somebody looks at them.
"""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Self, overload

__all__ = ["DictionaryColumn", "NewlineColumn", "PatchedColumn", "Texts"]


class Texts(Sequence[str]):
    """A column in which every entry is a string. The first look at an entry makes them all."""

    _made: list[str] | None = None

    @abstractmethod
    def _make(self) -> list[str]: ...

    @abstractmethod
    def without(self, places: Collection[int]) -> Self:
        """Return the same column without the entries at some places."""
        ...

    def _all(self) -> list[str]:
        if self._made is None:
            self._made = self._make()
        return self._made

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._all()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and value in self._all()

    def __len__(self) -> int:
        return len(self._all())


class DictionaryColumn(Texts):
    """A column of a few strings that come many times.

    names   the strings, perhaps more than there are in the column
    codes   of every entry the place of its string in ``names``, as native 16-bit words
    """

    def __init__(self, names: tuple[str, ...], codes: bytes) -> None:
        self.names, self.codes = names, codes

    @classmethod
    def of(cls, column: Sequence[str]) -> DictionaryColumn:
        """Return any column of strings in this form."""
        if isinstance(column, DictionaryColumn):
            return column
        places = {name: place for place, name in enumerate(dict.fromkeys(column))}
        return cls(tuple(places), array("H", map(places.__getitem__, column)).tobytes())

    def _make(self) -> list[str]:
        return [self.names[code] for code in memoryview(self.codes).cast("H")]

    def __len__(self) -> int:
        return len(self.codes) // 2

    def without(self, places: Collection[int]) -> DictionaryColumn:
        """Return the same column without the entries at some places."""
        left, start = list[bytes](), 0
        for place in sorted(places):
            left.append(self.codes[start : 2 * place])
            start = 2 * place + 2
        return DictionaryColumn(self.names, b"".join([*left, self.codes[start:]]))


class NewlineColumn(Texts):
    """A column of strings of ASCII letters, digits, ``-`` and ``.``: FHIR's ids.

    text   all of them, each with a newline
    """

    def __init__(self, text: bytes) -> None:
        self.text = text

    def _make(self) -> list[str]:
        return self.text.decode("ascii").splitlines()

    def __len__(self) -> int:
        return self.text.count(b"\n")

    def without(self, places: Collection[int]) -> NewlineColumn:
        """Return the same column without the entries at some places."""
        entries = self.text.split(b"\n")
        for place in sorted(places, reverse=True):
            del entries[place]
        return NewlineColumn(b"\n".join(entries))


class PatchedColumn(Sequence[str | None]):
    """A column of strings in which a few entries are others, or none.

    column   a string for every entry; those at the places of ``others`` mean nothing
    others   place -> entry
    """

    def __init__(self, column: Texts, others: Mapping[int, str | None]) -> None:
        self.column, self.others = column, others

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | list[str | None] | None:
        if isinstance(index, slice):
            return list(self)[index]
        place = index if index >= 0 else index + len(self)
        return self.others[place] if place in self.others else self.column[place]

    def __iter__(self) -> Iterator[str | None]:
        made: list[str | None] = list(self.column)
        for place, entry in self.others.items():
            made[place] = entry
        return iter(made)

    def __contains__(self, value: object) -> bool:
        return value in self.others.values() or (value is not None and value in list(self))

    def __len__(self) -> int:
        return len(self.column)
