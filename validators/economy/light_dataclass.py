"""The standard library's ``dataclass`` in a tenth of its time.

The standard library compiles six methods a class when a module is imported; of the classes here a
process that validates one file meets 158. Here ``__init__`` and the comparisons are compiled when
somebody first makes or compares an object, and the others are the same functions for all classes.
``dataclasses.fields``, ``replace`` and ``asdict``, and ``pprint``, take these classes as they take
any other (docs/decisions, 016). A class and its bases are made by the same decorator. ``replace``
here is for whoever replaces fields by the thousand, and takes two fifths of the time.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable
from reprlib import recursive_repr
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "replace"]

_Fields = tuple["dataclasses.Field[Any]", ...]
_NOT_GIVEN = dataclasses.MISSING

_FIELD: Any = vars(dataclasses)["_FIELD"]
"""What the standard library calls a field, to tell it from a class variable."""


def _compiled(source: str, name: str, names: dict[str, Any], owner: type) -> Any:
    """Compile one method. Its source holds names of fields, which stand in our modules, and nothing
    that any data says.
    """
    exec(source, names)  # noqa: S102  # as the standard library does
    method = names[name]
    method.__qualname__ = f"{owner.__qualname__}.{name}"
    return method


def _initialiser(owner: type, fields: _Fields, *, frozen: bool) -> Any:
    """Return the method ``__init__``."""
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


def _replacer(owner: type, fields: _Fields, *, frozen: bool) -> Any:
    """Return the method ``__replace__``."""
    names: dict[str, Any] = {
        "_new": object.__new__,
        "_set": object.__setattr__,
        "_NOT_GIVEN": _NOT_GIVEN,
    }
    parameters = ", ".join(f"{item.name}=_NOT_GIVEN" for item in fields)
    body = ["_anew = _new(self.__class__)"]
    for item in fields:
        name = item.name
        value = f"self.{name} if {name} is _NOT_GIVEN else {name}"
        body.append(f"_set(_anew, {name!r}, {value})" if frozen else f"_anew.{name} = {value}")
    body.append("return _anew")
    source = f"def __replace__(self, *, {parameters}):\n " + "\n ".join(body)
    return _compiled(source, "__replace__", names, owner)


class _Later:
    """A method that is compiled when it is first looked up, and takes its own place."""

    __slots__ = ("_make", "_name", "_owner")

    def __init__(self, owner: type, name: str, make: Callable[[], Any]) -> None:
        self._owner, self._name, self._make = owner, name, make

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        method = self._make()
        setattr(self._owner, self._name, method)
        return method if instance is None else method.__get__(instance)


def _tuple_of(fields: Iterable[dataclasses.Field[Any]], owner: str) -> str:
    return "(" + "".join(f"{owner}.{item.name}," for item in fields) + ")"


def _equality(owner: type, fields: _Fields) -> Any:
    compared = [item for item in fields if item.compare]
    source = (
        "def __eq__(self, other):\n"
        " if other.__class__ is self.__class__:\n"
        f"  return {_tuple_of(compared, 'self')} == {_tuple_of(compared, 'other')}\n"
        " return NotImplemented"
    )
    return _compiled(source, "__eq__", {}, owner)


def _hash(owner: type, fields: _Fields) -> Any:
    hashed = [item for item in fields if (item.compare if item.hash is None else item.hash)]
    source = f"def __hash__(self):\n return hash({_tuple_of(hashed, 'self')})"
    return _compiled(source, "__hash__", {}, owner)


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

    def later(name: str, make: Callable[[], Any]) -> _Later:
        return _Later(owner, name, make)

    made: dict[str, Any] = {
        "__repr__": _shown,
        "__replace__": later("__replace__", lambda: _replacer(owner, fields, frozen=frozen)),
    }
    if init:
        made["__init__"] = later("__init__", lambda: _initialiser(owner, fields, frozen=frozen))
    if eq:
        made |= {"__eq__": later("__eq__", lambda: _equality(owner, fields)), "__hash__": None}
    if eq and frozen:
        made["__hash__"] = later("__hash__", lambda: _hash(owner, fields))
    if frozen:
        made |= {"__setattr__": _refuse_assignment, "__delattr__": _refuse_deletion}
    if frozen and slots:  # pickle sets slots by setattr, which a frozen record refuses
        made |= {"__getstate__": _state, "__setstate__": _restore}
    return made


def _field(given: type, name: str, kind: object, *, kw_only: bool) -> dataclasses.Field[Any]:
    """Return the field that a class states under a name, and leave its default to the class."""
    default = given.__dict__.get(name, _NOT_GIVEN)
    item: Any = default
    if not isinstance(default, dataclasses.Field):
        item = dataclasses.field(default=default)
    elif item.default is not _NOT_GIVEN:
        setattr(given, name, item.default)
    else:
        delattr(given, name)
    item.name, item.type = name, kind
    item._field_type = _FIELD  # noqa: SLF001  # as the standard library's own decorator does
    if item.kw_only is _NOT_GIVEN:
        item.kw_only = kw_only
    return item  # type: ignore[no-any-return]


def _with_fields(given: type, *, kw_only: bool) -> list[str]:
    """Write down the fields of a class, those of its bases first; return the names of its own."""
    fields: dict[str, dataclasses.Field[Any]] = {}
    for base in given.__mro__[:0:-1]:
        fields |= base.__dict__.get("__dataclass_fields__", {})
    own = {
        name: _field(given, name, kind, kw_only=kw_only)
        for name, kind in inspect.get_annotations(given).items()
        if not str(kind).startswith("ClassVar")
    }
    fields |= own
    made: Any = given
    made.__dataclass_fields__ = fields
    made.__match_args__ = tuple(  # type: ignore[misc]
        f.name for f in fields.values() if f.init and not f.kw_only
    )
    return list(own)


def _with_slots(given: type, own: Iterable[str]) -> type:
    """Return the class once more, with slots for its own fields: a class that is there gets none
    any more.
    """
    taken = dict.fromkeys((*own, "__dict__", "__weakref__"))
    inside = {name: value for name, value in given.__dict__.items() if name not in taken}
    held = {slot for base in given.__mro__[1:-1] for slot in base.__dict__.get("__slots__", ())}
    inside["__slots__"] = tuple(name for name in own if name not in held)
    made = type(given)(given.__name__, given.__bases__, inside)
    made.__qualname__ = given.__qualname__
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

    def decorate(given: type) -> Any:
        own = {name for name, value in given.__dict__.items() if value is not None}
        named = _with_fields(given, kw_only=kw_only)
        made: Any = _with_slots(given, named) if slots else given
        made.__dataclass_params__ = SimpleNamespace(
            init=init,
            repr=True,
            eq=eq,
            order=False,
            unsafe_hash=False,
            frozen=frozen,
            match_args=True,
            kw_only=kw_only,
            slots=slots,
            weakref_slot=False,
        )
        for name, method in _methods(made, init=init, eq=eq, frozen=frozen, slots=slots).items():
            if name not in own:
                setattr(made, name, method)
        return made

    return decorate if cls is None else decorate(cls)


def _replace(record: Any, /, **changes: Any) -> Any:
    """Return a record like one of these classes' but for some of its fields. A method
    ``__post_init__`` is not run again. Raises TypeError for a name that is no field.
    """
    return record.__replace__(**changes)


if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    dataclass: Callable[..., Any] = _dataclass
    replace: Callable[..., Any] = _replace
