"""Snapshots: a profile's whole set of elements, from its differential and its base.

StructureDefinition with a differential only -> base's snapshot as a tree, differential merged in ->
StructureDefinition with a snapshot (FHIR R4, section 5.1.0.3, and as HL7's validator makes them
where the specification leaves it open)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..definitions import Definitions, type_url
from ..errors import DefinitionError
from .changes import (
    BY_URL,
    changed,
    constraints_added,
    is_extension_slicing,
    least,
    sourced,
    without,
)
from .choices import BY_TYPE, close_types, gather_choices, types_of_slices
from .profile_tree import profile_tree
from .tree import Element, TreeNode, elements_of, tree_of

__all__ = ["Snapshots", "UsableSnapshots", "snapshot"]

_MALFORMED = (
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)  # objects where lists belong, names that are missing
_EXTENSIONS = frozenset({"extension", "modifierExtension"})

Resource = dict[str, Any]


_DEEPEST = 40
"""Profiles on one another: those of the deepest guides at hand are six. Each takes stack."""


class Snapshots:
    """Definitions whose StructureDefinitions all have a snapshot: the one they came with, else one
    made when first asked for.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._made: dict[str, Resource] = {}
        self._trees: dict[str, TreeNode | None] = {}
        self._making: list[str] = []

    def fetch(self, kind: str, url: str) -> Resource | None:
        """Return the resource of a kind and url, as Definitions has it; a StructureDefinition with
        its snapshot. None where it is not known.

        Raises DefinitionError for a profile whose snapshot cannot be made.
        """
        found = self._definitions.fetch(kind, url)
        return (
            self._completed(found) if found is not None and kind == "StructureDefinition" else found
        )

    def versions(self, kind: str, url: str) -> frozenset[str]:
        """Return the versions of a resource that are at hand, as Definitions has them."""
        return self._definitions.versions(kind, url)

    def urls(self, kind: str) -> Iterator[str]:
        """Return the canonical urls of all resources of a kind, as Definitions has them."""
        return self._definitions.urls(kind)

    def all(self, kind: str) -> Iterator[Resource]:
        """Yield every resource of a kind, as Definitions has it; StructureDefinitions with their
        snapshots.

        Raises DefinitionError for a profile whose snapshot cannot be made.
        """
        for found in self._definitions.all(kind):
            yield self._completed(found) if kind == "StructureDefinition" else found

    def tree(self, url: str) -> TreeNode | None:
        """Return the snapshot of the StructureDefinition as a tree, to be copied before it is
        changed; None where it is not known.

        Raises DefinitionError for a profile whose snapshot cannot be made.
        """
        if url not in self._trees:
            found = self.fetch("StructureDefinition", url)
            self._trees[url] = (
                tree_of(
                    [sourced(element, found["url"]) for element in found["snapshot"]["element"]]
                )
                if found
                else None
            )
        return self._trees[url]

    def misfit(self, error: DefinitionError) -> None:
        """Raise the error, which is about an element of a differential that its base does not
        have.
        """
        raise error

    def _completed(self, definition: Resource) -> Resource:
        if definition.get("snapshot", {}).get("element"):
            return definition
        key = f"{definition['url']}|{definition.get('version', '')}"
        if key not in self._made:
            if key in self._making:
                raise DefinitionError(
                    definition["url"],
                    definition.get("type", ""),
                    f"is its own base or part: {' -> '.join(self._making)}",
                )
            self._check_depth(definition)
            self._making.append(key)
            try:
                self._made[key] = {
                    **definition,
                    "snapshot": {"element": snapshot(definition, self)},
                }
            finally:
                self._making.pop()
        return self._made[key]

    def _check_depth(self, definition: Resource) -> None:
        """Raise DefinitionError for a profile that has more bases than are followed, whichever of
        them was made before.
        """
        base: Resource | None = definition
        seen: set[str] = set()
        for _ in range(_DEEPEST + 1):
            if base is None or base.get("derivation") != "constraint":
                return
            url = str(base.get("baseDefinition", ""))
            if url in seen:
                return  # a circle, which making it finds
            seen.add(url)
            base = self._definitions.fetch("StructureDefinition", url)
        raise DefinitionError(
            definition["url"],
            definition.get("type", ""),
            f"is a profile on a profile, more than {_DEEPEST} deep, which is not followed",
        )


def _behind(node: TreeNode, outer: str) -> int | None:
    """Return the place behind the last slice of a slice, or the slice itself."""
    places = reversed(range(len(node.slices)))
    of_outer = (at for at in places if str(node.slices[at].slice_name).partition("/")[0] == outer)
    last = next(of_outer, None)
    return None if last is None else last + 1


class UsableSnapshots(Snapshots):
    """Snapshots for validation: a faulty package must not stop a job.

    What a differential says of elements that its base does not have is passed over, as HL7's
    validator does; a profile that cannot be completed is one that nobody knows.

    faults   canonical url of such a profile -> what is wrong with it
    """

    def __init__(self, definitions: Definitions) -> None:
        super().__init__(definitions)
        self.faults: dict[str, DefinitionError] = {}
        self._usable: set[str] = set()
        self._unusable: set[str] = set()

    def fetch(self, kind: str, url: str) -> Resource | None:
        """Return what ``Snapshots.fetch`` does, but None for a profile whose snapshot cannot be
        made: the reason is kept in ``faults``, nothing is raised.
        """
        if kind != "StructureDefinition" or url in self._usable:
            return super().fetch(kind, url)
        if url in self._unusable:
            return None
        try:
            found = super().fetch(kind, url)
            if found is not None:
                if found.get("derivation") == "constraint":
                    profile_tree(found)
                self._usable.add(url)
            return found
        except DefinitionError as error:
            self.faults[url] = error
        except _MALFORMED as error:
            self.faults[url] = DefinitionError(
                url, "", f"is malformed ({type(error).__name__}: {error})"
            )
        self._unusable.add(url)
        return None

    def look_through(self, urls: Iterable[str]) -> list[DefinitionError]:
        """Complete the StructureDefinitions of these urls; return what is wrong with them or with
        what they are made of, sorted by profile.
        """
        for url in urls:
            self.fetch("StructureDefinition", url)
        return [self.faults[url] for url in sorted(self.faults)]

    def misfit(self, error: DefinitionError) -> None:
        """Keep the error as the fault of its profile, and let the snapshot be made without the
        element.
        """
        self.faults[error.profile] = error


def snapshot(definition: Mapping[str, Any], definitions: Snapshots) -> list[Element]:
    """Return the elements of a profile's snapshot, made from its differential.

    definitions   where the base is, and the types and profiles that the differential goes into

    Raises DefinitionError where the base is unknown or the differential does not fit it.
    """
    return _Profile(definition, definitions).elements()


class _Profile:
    def __init__(self, definition: Mapping[str, Any], definitions: Snapshots) -> None:
        self._url = str(definition["url"])
        self._type = str(definition.get("type", ""))
        self._base_url = str(definition.get("baseDefinition", ""))
        self._differential = definition.get("differential", {}).get("element", [])
        self._definitions = definitions
        self._base = TreeNode("")

    def elements(self) -> list[Element]:
        base = self._definitions.tree(self._base_url)
        if base is None:
            raise DefinitionError(
                self._url, self._type, f"its base {self._base_url or '(none stated)'} is not known"
            )
        self._base = base
        root = base.copy()
        if self._differential:
            self._merge(root, tree_of(self._differential), root.name)
        return [self._absolute(element) for element in elements_of(root)]

    def _absolute(self, element: Element) -> Element:
        """A reference to an element is to that of the base type, not to the profile's own, as HL7's
        validator makes it.
        """
        reference = str(element.get("contentReference", ""))
        return (
            {**element, "contentReference": type_url(self._type) + reference}
            if reference.startswith("#")
            else element
        )

    def _merge(
        self, node: TreeNode, differential: TreeNode, path: str, *, sliced: bool = False
    ) -> None:
        """Lays a differential's element, and all below it, over the base's; ``sliced`` says that
        this is a slice or stands in one.
        """
        unsliced = (
            TreeNode(
                node.name,
                None,
                without(node.element, "slicing"),
                [child.copy() for child in node.children],
            )
            if differential.slices
            else node
        )
        self._apply(node, differential.element)
        if differential.children:
            self._merge_children(node, differential.children, path, sliced=sliced)
        if differential.slices:
            self._merge_slices(node, unsliced, differential, path)

    def _merge_children(
        self, node: TreeNode, children: list[TreeNode], path: str, *, sliced: bool
    ) -> None:
        if not node.children:
            self._unfold(node, path)
            sliced = False
        for child in gather_choices(node, children, sliced=sliced):
            target = node.child(child.name)
            if target is None:
                self._definitions.misfit(
                    DefinitionError(
                        self._url, f"{path}.{child.name}", "its base has no such element"
                    )
                )
                continue
            self._merge(
                target, child, f"{path}.{child.name}", sliced=sliced and bool(child.element)
            )

    def _merge_slices(
        self, node: TreeNode, unsliced: TreeNode, differential: TreeNode, path: str
    ) -> None:
        by_type = types_of_slices(node, differential)
        if (
            not by_type
            and len(differential.slices) == 1
            and not node.slices
            and "slicing" not in node.element
            and node.name not in _EXTENSIONS
        ):
            self._merge(
                node, differential.slices[0], path, sliced=True
            )  # a name without slicing: means the element itself, as HL7's validator has it
            return
        self._imply_slicing(node, differential, by_type, path)
        stated = differential.element.get("slicing")
        common = (
            differential.children if stated and not is_extension_slicing(stated) else []
        )  # said where the slicing is, meant for every slice
        for each in differential.slices:
            name = str(each.slice_name)
            target = node.slice(name) or self._new_slice(node, unsliced, each, path)
            if by_type and "type" not in each.element:
                code = by_type[name]
                target.element["type"] = [
                    entry for entry in target.element.get("type", ()) if entry["code"] == code
                ] or [{"code": code}]
            if common:
                self._merge_children(target, common, f"{path}:{name}", sliced=True)
            self._merge(target, each, f"{path}:{name}", sliced=True)
            target.element["max"] = least(target.element.get("max"), node.element.get("max"))
        if by_type:
            close_types(node, by_type, narrowed=not differential.element)

    def _imply_slicing(
        self, node: TreeNode, differential: TreeNode, by_type: Mapping[str, str], path: str
    ) -> None:
        """Gives the element the slicing that the specification implies where none is stated:
        extensions by url, choices by type.
        """
        if by_type:
            node.element["slicing"] = {**BY_TYPE, "rules": "open"}
        elif "slicing" not in node.element:
            if node.name not in _EXTENSIONS:
                raise DefinitionError(
                    self._url,
                    path,
                    "is sliced "
                    f"({', '.join(str(each.slice_name) for each in differential.slices)}) "
                    "without saying by what",
                )
            node.element["slicing"] = BY_URL

    def _new_slice(
        self, node: TreeNode, unsliced: TreeNode, differential: TreeNode, path: str
    ) -> TreeNode:
        name = str(differential.slice_name)
        outer = name.rpartition("/")[0]
        origin = node.slice(outer) if outer else unsliced
        if origin is None:
            raise DefinitionError(
                self._url, f"{path}:{name}", f"there is no slice {outer!r} to slice again"
            )
        made = TreeNode(
            node.name,
            name,
            without(origin.element, "slicing"),
            [child.copy() for child in origin.children],
        )
        if not path.endswith(
            "xtension.value[x]"
        ):  # the value of an extension stays required whatever its type
            made.element["min"] = 0
        node.add_slice(made, _behind(node, outer) if outer else None)
        return made

    def _apply(self, node: TreeNode, changes: Element) -> None:
        node.element = changed(self._with_extension_root(node.element, changes), changes, self._url)

    def _with_extension_root(self, element: Element, changes: Element) -> Element:
        """An extension that is given its definition takes cardinality and constraints from the
        definition's root.
        """
        profiles = (
            changes["type"][0].get("profile", ()) if len(changes.get("type", ())) == 1 else ()
        )
        current = element.get("type") or [{}]
        if (
            not profiles
            or current[0].get("code") != "Extension"
            or profiles[0] in current[0].get("profile", ())
        ):
            return dict(element)
        definition = self._definitions.tree(profiles[0])
        if definition is None:
            return dict(element)
        root = definition.element
        taken: Element = {key: root[key] for key in ("max", "isModifier") if key in root}
        return {
            **element,
            **taken,
            "constraint": constraints_added(
                element.get("constraint", ()), root.get("constraint", ())
            ),
        }

    def _unfold(self, node: TreeNode, path: str) -> None:
        """Gives an element the children of its type, of the profile on its type, or of what its
        contentReference names.
        """
        reference = node.element.get("contentReference")
        if reference:
            target = self._referenced(str(reference))
            if target is None:
                raise DefinitionError(self._url, path, f"refers to {reference}, which is not there")
            node.element = {
                **without(node.element, "contentReference"),
                "type": target.element.get("type", []),
            }
        else:
            target = self._type_tree(node, path)
        node.children = [child.copy() for child in target.children]

    def _referenced(self, reference: str) -> TreeNode | None:
        url, _, identifier = reference.rpartition("#")
        node: TreeNode | None = (
            self._definitions.tree(url) if url and url != self._base_url else None
        ) or self._base
        for name in identifier.split(".")[1:]:
            node = (
                node.child(name.partition(":")[0]) if node else None
            )  # some shipped snapshots name a slice here
        return node

    def _type_tree(self, node: TreeNode, path: str) -> TreeNode:
        entries = node.element.get("type", [])
        codes = {entry["code"] for entry in entries}
        profiles = list(entries[0].get("profile", ())) if len(entries) == 1 else []
        code = codes.pop() if len(codes) == 1 else "Element"
        found = self._definitions.tree(profiles[0]) if len(profiles) == 1 else None
        found = found or self._definitions.tree(code if "://" in code else type_url(code))
        if found is None:
            raise DefinitionError(
                self._url, path, f"has children, but its type {code} is not known"
            )
        return found
