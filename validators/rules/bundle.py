"""Bundles (FHIR R4, section 2.36): full urls, links, search results, and documents and messages
whose parts are there.

References between entries are followed by ``references`` as the walk meets them; here is what
concerns the Bundle as a whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..economy.lazy_pattern import lazy_pattern
from ..schema import Property, Schema, TypeSchema
from ..values.members import objects
from ..values.primitives import is_absolute_uri
from ..verdicts.declaration import Violation
from ..verdicts.issue import Issue
from . import bundle_faults as faults

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE"]

Entry = dict[str, Any]

_RESTFUL = lazy_pattern(
    r"(?:https?://(?:[A-Za-z0-9\\.:%$\-_/]*/)?)?([A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)
_NO_FULL_URL = frozenset({"transaction", "transaction-response", "batch", "batch-response"})
_SEARCH_RELATIONS = frozenset({"first", "previous", "next", "last"})
_LINKED = ("history", "searchset")
_OLD_TERMINOLOGY = ("http://hl7.org/fhir/v3/", "http://hl7.org/fhir/v2/")
_NO_LINK = frozenset(
    {
        "Bundle.entry.fullUrl", "Coding.system", "Identifier.system", "Meta.profile",
        "Extension.url", "Quantity.system",
        "MessageHeader.source.endpoint", "MessageHeader.destination.endpoint", "Endpoint.address",
    }
)  # fmt: skip
_COMPOSITION = (
    ("subject",),
    ("author",),
    ("encounter",),
    ("custodian",),
    ("attester", "party"),
    ("event", "detail"),
)
"""Where a document's Composition refers to what the document must hold."""


def _object_or_objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of an array, or the one that stands where an array should."""
    return [value] if type(value) is dict else objects(value)


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _resource(entry: Entry) -> dict[str, Any] | None:
    resource = entry.get("resource")
    return resource if type(resource) is dict else None


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of Bundles (FHIR R4, section 2.36): their links, what their type wants of
    their entries, and their full urls. None for any other type.
    """
    if schema.name != "Bundle":
        return None
    links = _Links(compilation.schema)

    def check(value: Any, scope: Scope) -> Issues:
        bundle = _Bundle(value, links)
        return [*bundle.links(), *bundle.content(), *bundle.full_urls()] or None

    return check


class _Bundle:
    def __init__(self, value: dict[str, Any], links: _Links) -> None:
        self.schema, self._links = links.schema, links
        self.value = value
        self.type = _text(value.get("type")) or ""
        self.entries = _object_or_objects(value.get("entry"))
        self.by_url: defaultdict[str, list[Entry]] = defaultdict(list)
        self.by_name: defaultdict[str, list[Entry]] = defaultdict(list)
        self.ids: dict[int, Counter[str]] = {}
        for entry in self.entries:
            self._register(entry)

    def _register(self, entry: Entry) -> None:
        url, resource = _text(entry.get("fullUrl")), _resource(entry)
        meta = resource.get("meta") if resource is not None else None
        version = _text(meta.get("versionId")) if type(meta) is dict else None
        name = (
            f"{resource.get('resourceType')}/{resource['id']}"
            if resource is not None and type(resource.get("id")) is str
            else None
        )
        for table, key in ((self.by_url, url), (self.by_name, name)):
            if key is not None:
                table[key].append(entry)
                if version is not None:
                    table[f"{key}/_history/{version}"].append(entry)

    def is_restful(self, url: str) -> bool:
        """Tell whether a url has the form of a resource's place on a RESTful server
        (``http://server/Patient/1``), and the type in it is known.
        """
        match = _RESTFUL.fullmatch(url)
        return match is not None and self.schema.is_resource(match[1])

    def links(self) -> Iterator[Issue]:
        """Yield what is wrong with Bundle.link: which relations a kind of Bundle may have, and how
        often.
        """
        seen: set[str | None] = set()
        for index, link in enumerate(_object_or_objects(self.value.get("link"))):
            relation = _text(link.get("relation"))
            repeated = relation in seen
            seen.add(relation)
            if self.type in _LINKED:
                if repeated and relation in _SEARCH_RELATIONS | {"self"}:
                    yield Issue.of(faults.LINK(relation=relation), f"link[{index}]")
            elif relation in _SEARCH_RELATIONS:
                fault = faults.LINK_PROHIBITED(relation=relation)
                yield Issue.of(fault, f"link[{index}].relation")
            elif relation == "self" and repeated:
                yield Issue.of(faults.LINK(relation=relation), f"link[{index}].relation")
            elif relation == "stylesheet" and self.type == "document":
                url = _text(link.get("url"))
                if url and not is_absolute_uri(url) and url not in self.by_name:
                    yield Issue.of(faults.LINK_STYLESHEET(), f"link[{index}].url")

    def content(self) -> Iterator[Issue]:
        """Yield what is wrong with the entries, by what the type of the Bundle wants of them."""
        if not self.entries:
            if self.type in ("document", "message"):
                yield Issue.of(faults.FIRST_ENTRY_MISSING())
            return
        if self.type == "searchset":
            yield from self._search_set()
        elif self.type in ("document", "message"):
            first = _resource(self.entries[0])
            if first is None:
                yield Issue.of(faults.FIRST_ENTRY_EMPTY(), "entry[0]")
                return
            found: list[Issue] = []
            expected = "Composition" if self.type == "document" else "MessageHeader"
            if first.get("resourceType") != expected:
                fault = faults.FIRST_ENTRY(type=self.type, expected=expected)
                yield Issue.of(fault, "entry[0].resource")
            else:
                found = list(self._parts(first, expected))
            yield from found
            yield from self._interlinked({issue.violation for issue in found})

    def _parts(self, first: dict[str, Any], name: str) -> Iterator[Issue]:
        where = "entry[0].resource"
        paths = _COMPOSITION if name == "Composition" else (("focus",),)
        for path in paths:
            for location, reference in _walk(first, path, where):
                yield from self._resolved(reference, location, self.entries[0], name)
        yield from self._sections(first, where)

    def _sections(self, holder: dict[str, Any], where: str) -> Iterator[Issue]:
        for index, section in enumerate(_object_or_objects(holder.get("section"))):
            inside = f"{where}.section[{index}]"
            for path in (("author",), ("focus",), ("entry",)):
                for location, reference in _walk(section, path, inside):
                    yield from self._resolved(reference, location, self.entries[0], "Composition")
            yield from self._sections(section, inside)

    def _resolved(
        self, reference: dict[str, Any], location: str, entry: Entry, name: str
    ) -> Iterator[Issue]:
        target = _text(reference.get("reference"))
        if target and not target.startswith("#"):
            _, fault = self.find(target, entry, name, must=True)
            if fault is not None:
                yield Issue.of(fault, location)

    def find(
        self, reference: str, entry: Entry, name: str, *, must: bool = False
    ) -> tuple[Entry | None, Violation | None]:
        """Return the entry that a reference from another entry leads to, and what is wrong; not to
        be there is wrong only where it must be. Either is None where there is none.
        """
        bare, mark, fragment = reference.partition("#")
        if is_absolute_uri(bare):
            found = self.by_url.get(bare, [])
            if len(found) == 1:
                several = mark and self._ids_of(found[0])[fragment] > 1
                fault = faults.FOUND_FRAGMENTS(fragment=fragment[:64], url=bare[:128])
                return found[0], fault if several else None
            if not found:
                match = _RESTFUL.fullmatch(bare)
                excused = match is not None and self._is_canonical(match[1])
                return None, faults.NOT_FOUND(url=bare[:128]) if must and not excused else None
            return None, faults.FOUND_SEVERAL(count=len(found), url=bare[:128])
        found = self.by_url.get(self._beside(bare, entry, name) or "", [])
        if len(found) == 1:
            return found[0], None
        if found:
            return None, faults.FOUND_SEVERAL(count=len(found), url=bare[:128])
        parts = bare.split("/")
        if len(parts) < 2 or not self.schema.is_resource(parts[0]):
            return None, None
        if self.by_name.get("/".join(parts[:2])):
            return None, faults.NOT_FOUND_BY_URL(url=bare[:128])
        return None, faults.NOT_FOUND(url=bare[:128]) if must else None

    def _ids_of(self, entry: Entry) -> Counter[str]:
        if id(entry) not in self.ids:
            self.ids[id(entry)] = Counter(_ids(entry))
        return self.ids[id(entry)]

    def _beside(self, reference: str, entry: Entry, name: str) -> str | None:
        url, resource = _text(entry.get("fullUrl")), _resource(entry)
        own = f"{name}/{resource.get('id') if resource is not None else None}"
        return (
            url[: -len(own)] + reference
            if url is not None and url.endswith(own) and self.is_restful(url)
            else None
        )

    def _is_canonical(self, name: str) -> bool:
        return (
            self.schema.is_resource(name)
            and {"url", "version", "status"} <= self.schema.properties(name).keys()
        )

    def _interlinked(self, told: Container[Violation | None]) -> Iterator[Issue]:
        """Yield an issue for every entry of a document that is not reached from its Composition,
        and leads to none that is; in a message that is only a wish. Before them, what is wrong with
        references that entries make, unless it was told where the reference stands.
        """
        held = [
            (index, entry, resource)
            for index, entry in enumerate(self.entries)
            if (resource := _resource(entry)) is not None
        ]
        targets: dict[int, set[int]] = {}
        for _, entry, resource in held:
            reached: set[int] = set()
            for reference in dict.fromkeys(self._links.in_entry(entry)):
                target, fault = self.find(reference, entry, str(resource.get("resourceType")))
                if fault is not None and fault not in told:
                    yield Issue.of(fault)
                if target is not None:
                    reached.add(id(target))
            targets[id(entry)] = reached
        if self.type != "document" or not held:
            return
        sources: defaultdict[int, set[int]] = defaultdict(set)
        for source, reached in targets.items():
            for target_of_it in reached:
                sources[target_of_it].add(source)
        visited: set[int] = set()
        pending = [id(held[0][1])] + [id(e) for e in self._stylesheets()]
        while pending:
            one = pending.pop()
            if one not in visited:
                visited.add(one)
                pending += targets.get(one, ())
                pending += sources.get(one, ())
        for index, entry, _ in held:
            if id(entry) not in visited:
                yield Issue.of(faults.ORPHAN(), f"entry[{index}]")

    def _stylesheets(self) -> Iterator[Entry]:
        for link in _object_or_objects(self.value.get("link")):
            if link.get("relation") == "stylesheet" and type(link.get("url")) is str:
                yield from self.by_name.get(link["url"], ())

    def _search_set(self) -> Iterator[Issue]:
        expected = self._searched_types()
        modes = [
            _text(search.get("mode")) if type(search := entry.get("search")) is dict else None
            for entry in self.entries
        ]
        for index, (entry, mode) in enumerate(zip(self.entries, modes, strict=True)):
            resource = _resource(entry)
            if resource is None:
                yield Issue.of(faults.SEARCH_NO_RESOURCE(), f"entry[{index}]")
                continue
            where, name = f"entry[{index}].resource", resource.get("resourceType")
            if mode in ("match", "include") and "id" not in resource:
                yield Issue.of(faults.SEARCH_NO_ID(), where)
            if mode == "match" and expected and name not in expected:
                yield Issue.of(faults.SEARCH(type=str(name), expected=", ".join(expected)), where)
            if mode is not None and mode not in ("match", "include") and name != "OperationOutcome":
                yield Issue.of(faults.SEARCH_NO_OUTCOME(type=str(name)), where)

    def _searched_types(self) -> list[str]:
        url = next(
            (
                _text(link.get("url"))
                for link in _object_or_objects(self.value.get("link"))
                if link.get("relation") == "self"
            ),
            None,
        )
        if url is None:
            return []
        head, _, query = url.partition("?")
        name = head.rstrip("/").rpartition("/")[2]
        if self.schema.is_resource(name):
            return [name]
        return [
            t for part in query.split("&") if part.startswith("_type=") for t in part[6:].split(",")
        ]

    def full_urls(self) -> Iterator[Issue]:
        """Yield what is wrong with Bundle.entry.fullUrl: it is there, is absolute, and is that of
        the resource.
        """
        for index, entry in enumerate(self.entries):
            url, resource, where = _text(entry.get("fullUrl")), _resource(entry), f"entry[{index}]"
            name = _text(resource.get("resourceType")) if resource is not None else None
            identity = _text(resource.get("id")) if resource is not None else None
            if url:
                if not is_absolute_uri(url):
                    yield Issue.of(faults.FULL_URL_RELATIVE(url=url[:128]), where)
                elif name is not None and self.is_restful(url):
                    if identity is None:
                        yield Issue.of(faults.FULL_URL_NO_ID(url=url[:128]), where)
                    elif not url.endswith(f"/{name}/{identity}"):
                        fault = faults.FULL_URL_OTHER(url=url[:128], type=name, id=identity[:64])
                        yield Issue.of(fault, where)
            canonical = _text(resource.get("url")) if resource is not None else None
            if (
                canonical is not None
                and canonical == url
                and not canonical.startswith(_OLD_TERMINOLOGY)
                and not (self.is_restful(canonical) and canonical.endswith(f"/{identity}"))
            ):
                fault = faults.FULL_URL_CANONICAL(url=canonical[:128], id=identity)
                yield Issue.of(fault, where)
            if url is None and "_fullUrl" not in entry and self.type not in _NO_FULL_URL:
                yield Issue.of(faults.FULL_URL_MISSING(), where)


def _walk(value: Any, path: tuple[str, ...], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (location, object) of everything at a path below a value."""
    if not path:
        if type(value) is dict:
            yield where, value
        return
    if type(value) is not dict:
        return
    item = value.get(path[0])
    for index, one in enumerate(item if type(item) is list else ()):
        yield from _walk(one, path[1:], f"{where}.{path[0]}[{index}]")
    if type(item) is dict:
        yield from _walk(item, path[1:], f"{where}.{path[0]}")


class _Links:
    """The values that may be references to another entry: References, and uris and urls that are no
    identifiers of systems.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._members: dict[str, Mapping[str, tuple[bool, str]]] = {}

    def in_entry(self, entry: Entry) -> list[str]:
        """Return the texts in an entry that may be references, in document order."""
        found: list[str] = []
        self._collect("Bundle.entry", entry, found)
        return found

    def _collect(self, name: str, value: dict[str, Any], found: list[str]) -> None:
        members = self._members.get(name) or self._of(name)
        for key, item in value.items():
            if key not in members:
                continue
            leads, kind = members[key]
            for one in item if type(item) is list else (item,):
                if type(one) is str:
                    if leads and not one.startswith("#"):
                        found.append(one)
                elif type(one) is dict:
                    inside = str(one.get("resourceType")) if kind == "Resource" else kind
                    if kind == "Resource" and not self.schema.is_resource(inside):
                        continue  # a name of the data's own
                    if inside != "Bundle":
                        self._collect(inside, one, found)

    def _of(self, name: str) -> Mapping[str, tuple[bool, str]]:
        """Return of the members of a type whether their texts may lead to an entry, and their
        types; nothing for a type that is not known.
        """
        known = self.schema.properties(name) if self.schema.kind(name) is not None else {}
        members = self._members[name] = {
            key: (_leads(name, key, prop), prop.type) for key, prop in known.items()
        }
        return members


def _leads(name: str, key: str, prop: Property) -> bool:
    return (name == "Reference" and key == "reference") or (
        prop.type in ("uri", "url") and key != "system" and prop.element.path not in _NO_LINK
    )


def _ids(value: Any) -> Iterator[str]:
    """Yield the ids of the elements in a value."""
    if type(value) is list:
        for item in value:
            yield from _ids(item)
    elif type(value) is dict:
        if type(identity := value.get("id")) is str:
            yield identity
        for item in value.values():
            yield from _ids(item)


RULE = Rule(
    "bundles",
    ("object",),
    build,
    Twin("bundle"),
    Reads(
        (
            "type",
            "link.relation",
            "link.url",
            "entry.fullUrl",
            "entry._fullUrl",
            "entry.search.mode",
            "entry.resource.resourceType",
            "entry.resource.id",
            "entry.resource.meta.versionId",
            "entry.resource.focus",
        )
    ),
)
