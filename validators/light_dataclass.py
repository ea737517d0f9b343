"""The standard library's ``dataclass`` in a quarter of its time.

The standard library compiles six methods a class when a module is imported; of the classes here a
process that validates one file meets 158. Of these methods ``__init__`` alone is compiled here, the
comparisons when somebody first compares, and the others are the same functions for all classes.
``dataclasses.fields``, ``replace`` and ``asdict`` take these classes as they take any other
(docs/decisions, 016). A class and its bases are made by the same decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

_Fields = tuple["dataclasses.Field[Any]", ...]
_NOT_GIVEN = dataclasses.MISSING


def _compiled(source: str, name: str, names: dict[str, Any], owner: type) -> Any:
    """Compile one method. Its source holds names of fields, which stand in our modules, and nothing
    that any data says.
    """
    exec(source, names)  # noqa: S102  # as the standard library does
    method = names[name]
    method.__qualname__ = f"{owner.__qualname__}.{name}"
    return method


def _initialiser(owner: type, fields: _Fields, *, frozen: bool) -> Any:
    names: dict[str, Any] = {"_set": object.__setattr__, "_NOT_GIVEN": _NOT_GIVEN}
    parameters: dict[bool, list[str]] = {False: ["self"], True: []}
    body: list[str] = []
    for item in fields:
        name, default, value = item.name, "", item.name
        if item.default_factory is not _NOT_GIVEN:
            names[f"_new_{name}"] = item.default_factory
            default, value = "=_NOT_GIVEN", f"_new_{name}() if {name} is _NOT_GIVEN else {name}"
        elif item.default is not _NOT_GIVEN:
            names[f"_default_{name}"] = item.default
            default = f"=_default_{name}"
        if item.init:
            parameters[bool(item.kw_only)].append(name + default)
        else:
            value = f"_new_{name}()" if f"_new_{name}" in names else default[1:]
        if value:
            body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(owner, "__post_init__"):
        body.append("self.__post_init__()")
    listed = ", ".join(
        [*parameters[False], *(["*"] if parameters[True] else []), *parameters[True]]
    )
    source = f"def __init__({listed}):\n " + "\n ".join(body or ["pass"])
    method = _compiled(source, "__init__", names, owner)
    method.__annotations__ = {item.name: item.type for item in fields if item.init}
    method.__annotations__["return"] = None
    return method


def _later(owner: type, name: str, source: str) -> Any:
    """Return a method that compiles itself when it is first called, and takes its own place."""

    def first(self: Any, *others: object) -> Any:
        method = _compiled(source, name, {}, owner)
        setattr(owner, name, method)
        return method(self, *others)

    first.__name__, first.__qualname__ = name, f"{owner.__qualname__}.{name}"
    return first


def _tuple_of(fields: Iterable[dataclasses.Field[Any]], owner: str) -> str:
    return "(" + "".join(f"{owner}.{item.name}," for item in fields) + ")"


def _equality(owner: type, fields: _Fields) -> Any:
    compared = [item for item in fields if item.compare]
    return _later(
        owner,
        "__eq__",
        "def __eq__(self, other):\n"
        " if other.__class__ is self.__class__:\n"
        f"  return {_tuple_of(compared, 'self')} == {_tuple_of(compared, 'other')}\n"
        " return NotImplemented",
    )


def _hash(owner: type, fields: _Fields) -> Any:
    hashed = [item for item in fields if (item.compare if item.hash is None else item.hash)]
    source = f"def __hash__(self):\n return hash({_tuple_of(hashed, 'self')})"
    return _later(owner, "__hash__", source)


@recursive_repr()
def _shown(self: Any) -> str:
    shown = (
        f"{item.name}={getattr(self, item.name)!r}"
        for item in dataclasses.fields(self)
        if item.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_assignment(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, item.name) for item in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for item, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, item.name, value)


def _methods(owner: type, *, init: bool, eq: bool, frozen: bool, slots: bool) -> dict[str, Any]:
    fields = dataclasses.fields(owner)
    made: dict[str, Any] = {"__repr__": _shown}
    if init:
        made["__init__"] = _initialiser(owner, fields, frozen=frozen)
    if eq:
        made |= {"__eq__": _equality(owner, fields), "__hash__": None}
    if eq and frozen:
        made["__hash__"] = _hash(owner, fields)
    if frozen:
        made |= {"__setattr__": _refuse_assignment, "__delattr__": _refuse_deletion}
    if frozen and slots:
        made |= {"__getstate__": _state, "__setstate__": _restore}
    return made


def _dataclass(
    cls: type | None = None,
    *,
    init: bool = True,
    eq: bool = True,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
) -> Any:
    """Make a class a dataclass, with the standard library's meaning of each choice."""

    def decorate(given: type) -> type:
        own = {name for name, value in given.__dict__.items() if value is not None}
        made: type = dataclasses.dataclass(
            init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
        )(given)
        for name, method in _methods(made, init=init, eq=eq, frozen=frozen, slots=slots).items():
            if name not in own:
                setattr(made, name, method)
        return made

    return decorate if cls is None else decorate(cls)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass: Callable[..., Any] = _dataclass
