"""A class by our ``dataclass`` beside one by the standard library's: whatever a user of the class
can see of it is the same.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import pprint
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from bulkfhir.validators.economy.light_dataclass import _dataclass, replace

Decorator = Callable[..., Any]


def frozen(decorator: Decorator) -> Any:
    @decorator(frozen=True, slots=True)
    class Sample:
        """A class with each kind of field."""

        name: str
        number: int = 1
        parts: list[int] = field(default_factory=list)
        note: str = field(default="", compare=False, repr=False)

        @property
        def double(self) -> int:
            return self.number * 2

    return Sample


def changing(decorator: Decorator) -> Any:
    @decorator(kw_only=True)
    class Sample:
        name: str
        made: int = field(init=False, default=3)
        later: list[str] = field(init=False)

        def __post_init__(self) -> None:
            self.later = [self.name]

    return Sample


def own_methods(decorator: Decorator) -> Any:
    @decorator(frozen=True, slots=True)
    class Sample:
        name: str

        def __repr__(self) -> str:
            return "mine"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    return Sample


SHAPES = [frozen, changing, own_methods]


@pytest.fixture(params=SHAPES, ids=[shape.__name__ for shape in SHAPES])
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    shape = request.param
    return shape(_dataclass), shape(dataclasses.dataclass)


def test_an_object_is_printed_by_pprint(pair: tuple[Any, Any]) -> None:
    ours, theirs = (kind(name="x") for kind in pair)
    assert pprint.pformat([ours]) == pprint.pformat([theirs])


def test_parameters_and_fields_are_the_same(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair

    def parameters(cls: Any) -> list[tuple[str, Any, bool]]:
        given = inspect.signature(cls).parameters.values()
        return [(one.name, one.kind, one.default is one.empty) for one in given]

    assert parameters(ours) == parameters(theirs)
    assert inspect.get_annotations(ours.__init__) == inspect.get_annotations(theirs.__init__)
    names = [[item.name for item in dataclasses.fields(cls)] for cls in pair]
    assert names[0] == names[1]
    assert ours.__match_args__ == theirs.__match_args__


def test_what_is_made_looks_and_compares_the_same(pair: tuple[Any, Any]) -> None:
    def seen(cls: Any) -> list[Any]:
        one, same, other = cls(name="a"), cls(name="a"), cls(name="b")
        return [
            repr(one).replace("_dataclass", ""),
            [one == same, one == other, one == "a", one != same],
            dataclasses.asdict(one),
            dataclasses.asdict(dataclasses.replace(one, name="c")),
            dataclasses.asdict(copy.copy(one)),
            dataclasses.asdict(copy.deepcopy(one)),
        ]

    assert seen(pair[0]) == seen(pair[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_replace_makes_what_the_standard_library_makes(shape: Callable[[Decorator], Any]) -> None:
    one = shape(_dataclass)(name="a")
    made = replace(one, name="b")
    assert type(made) is type(one)
    assert dataclasses.asdict(replace(one)) == dataclasses.asdict(one)
    changed = {item.name: getattr(made, item.name) for item in dataclasses.fields(one)}
    kept = {item.name: getattr(one, item.name) for item in dataclasses.fields(one)}
    assert (one.name, changed) == ("a", kept | {"name": "b"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'nam'"):
        replace(one, nam="c")


@pytest.mark.parametrize("decorator", [_dataclass, dataclasses.dataclass])
def test_a_frozen_class_is_hashed_and_never_changed(decorator: Decorator) -> None:
    cls = frozen(decorator)
    assert hash(cls("a", 1, (), "x")) == hash(cls("a", 1, (), "y")) == hash(("a", 1, ()))
    one = cls("a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'number'"):
        one.number = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del one.name
    assert (one.double, one.parts is cls("a").parts) == (2, False)


@pytest.mark.parametrize("decorator", [_dataclass, dataclasses.dataclass])
def test_what_changes_has_no_hash(decorator: Decorator) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(changing(decorator)(name="a"))


@pytest.mark.parametrize("decorator", [_dataclass, dataclasses.dataclass])
def test_a_hash_of_its_own_stays(decorator: Decorator) -> None:
    @decorator(frozen=True)
    class Sample:
        name: str

        def __hash__(self) -> int:
            return 7

    assert hash(Sample("a")) == 7


@_dataclass(frozen=True, slots=True)
class Kept:
    name: str
    inner: Kept | None = None


def test_it_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept("a", Kept("b")))) == Kept("a", Kept("b"))


def test_one_that_holds_itself_is_shown() -> None:
    held = changing(_dataclass)(name="a")
    held.later.append(held)
    assert repr(held).endswith("later=['a', ...])")


def test_a_parameter_that_is_missing_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        Kept()
