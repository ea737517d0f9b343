"""Kept paths: what a path finds from an object is found once a line, where several expressions
begin with it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from .evaluation import Collection, Environment, Evaluator
from .model import TypeModel
from .node import Node
from .sight import REFERENCES, sight
from .syntax import Call, Index, Member, Tree, TypeTest

__all__ = ["kept", "may_be_kept"]

_SELECTING = frozenset({"as", "extension", "first", "last", "ofType", "resolve", "where"})


class _Path:
    """A path that was compiled.

    run     its evaluator, made when it is first compiled
    uses    how often it stands in expressions, but inside of a longer path once
    """

    __slots__ = ("run", "uses")

    def __init__(self) -> None:
        self.run: Evaluator | None = None
        self.uses = 0


@lru_cache(maxsize=8192)
def _path(tree: Tree, model: TypeModel) -> _Path:
    return _Path()


def may_be_kept(tree: Tree) -> bool:
    """Tell whether a tree is a path of more than one step from the focus, and sees nothing else
    but what references lead to.
    """
    match tree:
        case Member(source, _) if source is not None:
            pass
        case Call(_, name, _) if name in _SELECTING:
            pass
        case Index() | TypeTest("as", _, _):
            pass
        case _:
            return False
    return _is_rooted(tree) and sight(tree) <= {REFERENCES}


def _is_rooted(tree: Tree) -> bool:
    """Tell whether a path begins with a name: with a constant it finds the same everywhere."""
    while True:
        match tree:
            case Member(None, _):
                return True
            case Member(source, _) if source is not None:
                tree = source
            case Call(source, name, _) if name in _SELECTING:
                if source is None:
                    return True
                tree = source
            case Index(source, _) | TypeTest("as", source, _):
                tree = source
            case _:
                return False


def kept(
    tree: Tree, model: TypeModel, compiled: Callable[[Tree, TypeModel], Evaluator]
) -> Evaluator:
    """Return the evaluator of a path, which looks for what was found before.

    compiled   compiles the path itself
    """
    path = _path(tree, model)
    path.uses += 1
    if path.run is None:
        run = compiled(tree, model)
        path.run = _recalling(path, run, follows=bool(sight(tree)))
    return path.run


def _recalling(path: _Path, run: Evaluator, *, follows: bool) -> Evaluator:
    def recall(env: Environment, focus: Collection) -> Collection:
        memory = env.memory
        item = focus[0] if len(focus) == 1 else None
        if item.__class__ is not Node or (value := item.value).__class__ is not dict:
            return run(env, focus)
        steps = env.steps
        if memory is None or path.uses == 1:
            # a list that is known takes fewer steps: what a path takes must not hang on what was
            # evaluated before, or on what other expressions there are
            with_lists, steps.lists = steps.lists, {}
            found = run(env, focus)
            steps.lists = with_lists
            return found
        key = (
            (path, id(value), item.type, id(env.scope.root), id(env.scope.bundle))
            if follows
            else (path, id(value), item.type)
        )
        known = memory.found.get(key)
        if known is not None:
            recalled: Collection = known[1]
            steps.take(known[2])
            return recalled
        before, extended = steps.left, steps.extended
        with_lists, steps.lists = steps.lists, {}
        found = run(env, focus)
        steps.lists = with_lists
        if steps.extended is extended:
            memory.keep(key, value, found, before - steps.left)
        return found

    return recall
