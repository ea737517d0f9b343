"""Narratives: the XHTML that FHIR allows in Narrative.div (R4, section 2.4), and the links inside a
resource that it uses.

``read_div`` reads one div; ``check_div`` is what is wrong with it; ``resolve_anchors`` finds local
links that lead nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from ..economy.memory import Memory
from ..verdicts.declaration import Violation
from ..verdicts.issue import Issue
from . import narrative_faults as faults
from .uri import is_absolute_uri, link_fault
from .xhtml import Element, MalformedError, read_xhtml

__all__ = ["Narrative", "check_div", "read_div", "resolve_anchors"]

XHTML: Final = "http://www.w3.org/1999/xhtml"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS: Final = _words(
    "a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn "
    "div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q "
    "samp small span strong sub sup table tbody td tfoot th thead tr tt ul var"
)
ATTRIBUTES: Final = _words(
    "title style class id lang xml:lang xml:space dir accesskey tabindex span width align valign "
    "char charoff abbr axis headers scope rowspan colspan"
)
"""Attributes that any element may have; ``xmlns`` and whatever starts with it comes on top."""
OWN_ATTRIBUTES: Final = {
    "a": _words("href name charset type hreflang rel rev shape coords"),
    "area": _words("shape coords href nohref alt"),
    "blockquote": frozenset(("cite",)),
    "img": _words("src border alt longdesc height width usemap ismap"),
    "map": frozenset(("name",)),
    "pre": frozenset(("space",)),
    "q": frozenset(("cite",)),
    "table": _words("summary width border frame rules cellspacing cellpadding"),
    "td": frozenset(("nowrap",)),
}

PARENTS: Final = {
    "tr": ("table", "thead", "tfoot", "tbody"),
    **dict.fromkeys(("tbody", "thead", "tfoot", "caption", "colgroup", "col"), ("table",)),
    **dict.fromkeys(("th", "td"), ("tr", "thead", "tfoot")),
    "li": ("ul", "ol"),
    **dict.fromkeys(("dd", "dt"), ("dl",)),
}
"""Element -> where alone it may stand.

(Yes: HTML allows col in colgroup, HL7's validator does not.)
"""
CHILDREN: Final = {
    "table": _words("tbody tr caption thead tfoot col colgroup"),
    "tr": frozenset(("td", "th")),
    **dict.fromkeys(("tbody", "thead", "tfoot"), frozenset(("tr",))),
    **dict.fromkeys(("ul", "ol"), frozenset(("li",))),
    "dl": frozenset(("dd", "dt")),
    "map": frozenset(("area",)),
}
"""Element -> the only elements it may hold, and no text."""
EMPTY: Final = frozenset(("br", "img", "hr", "area"))
NOT_IN_ITSELF: Final = _words(
    "a b em i strong small big sub sup code tt dfn q var abbr acronym cite bdo kbd samp"
)
TEXT_ONLY: Final = NOT_IN_ITSELF | _words("p h1 h2 h3 h4 h5 h6 pre address span caption dd dt")
BLOCKS: Final = _words("div pre table ul ol")
"""What may stand nowhere inside a TEXT_ONLY element."""
NOT_IN_P: Final = _words("div blockquote table ol ul p")

MEMO_ENTRIES: Final = 200
MEMO_LENGTH: Final = 50_000
"""Bounds of the memory of divs read, at most some 10 MB in a worker: it spares links their second
reading, and repeated texts every one.
"""
LAST_LENGTH: Final = 4_000_000
"""Bound of a longer div that is remembered until the next one comes: several rules read it."""

_TRIMMED: Final = "".join(map(chr, range(33)))


@dataclass(frozen=True, slots=True)
class Narrative:
    """One div, read.

    findings   every fault; rules are ``txt-1``, ``txt-2`` and our own ``xhtml-…``
    allowed    whether txt-1 holds: basic elements and attributes only
    content    whether txt-2 holds: some text or an image
    links      fragments that ``a`` elements link to, without ``#``
    images     fragments that ``img`` elements show, without ``#``
    ids        values of ``id`` attributes, with repetitions
    names      values of ``name`` attributes on ``a`` elements, with repetitions
    wordless   whether there are pictures and the like, but no words, and no language is said of
               them
    """

    findings: tuple[Violation, ...]
    allowed: bool = False
    content: bool = False
    links: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    wordless: bool = False


_LOCAL: Final = lazy_pattern(r"[\"'=]\s*[#&]")
"""Found in whatever has an attribute whose value starts with ``#``: the value of a local link."""
_MEMORY: Final = Memory(MEMO_ENTRIES)
_READ: Final[dict[str, Narrative]] = _MEMORY.table()
_LAST_MEMORY: Final = Memory(1)
_LAST: Final[dict[str, Narrative]] = _LAST_MEMORY.table()


def check_div(xhtml: str) -> tuple[Violation, ...]:
    """Return what is wrong with the value of Narrative.div (FHIR R4, section 2.4); empty if nothing
    is.

    Whether local links resolve is for ``resolve_anchors``.
    """
    return read_div(xhtml).findings


def read_div(xhtml: str) -> Narrative:
    """Read and judge the div. Recent ones are remembered."""
    known = _READ.get(xhtml) or _LAST.get(xhtml)
    if known is not None:
        return known
    try:
        narrative = _judge(read_xhtml(xhtml))
    except MalformedError as error:
        narrative = Narrative((faults.SYNTAX(reason=str(error)),))
    if len(xhtml) <= MEMO_LENGTH:
        _MEMORY.keep(_READ, xhtml, narrative)
    elif len(xhtml) <= LAST_LENGTH:
        _LAST_MEMORY.keep(_LAST, xhtml, narrative)
    return narrative


def _judge(root: Element) -> Narrative:
    """Walk the tree once, in document order and without recursion, with what each element's
    ancestors forbid.
    """
    findings: list[Violation] = []
    if not root.namespace:
        findings.append(faults.NAMESPACE_MISSING(expected=XHTML))
    elif root.namespace != XHTML:
        findings.append(faults.NAMESPACE(namespace=root.namespace, expected=XHTML))
    if root.name != "div":
        findings.append(faults.ROOT_NAME(element=root.name))
    walk = _Walk(findings)
    walk.vocabulary(root, is_root=True)
    stack: list[tuple[Element, Element | None, frozenset[str]]] = [(root, None, frozenset())]
    while stack:
        element, parent, around = stack.pop()
        if parent is not None:
            walk.place(element, parent, around)
            walk.vocabulary(element)
            walk.links_of(element)
            if element.name in TEXT_ONLY and element.name not in around:
                around |= {element.name}
        walk.identity(element)
        for child in reversed(element.children):
            if isinstance(child, str):
                walk.content = walk.content or bool(child.strip(_TRIMMED))
            elif child is not None:
                stack.append((child, element, around))
    if not walk.allowed:
        findings.append(faults.BASIC_ONLY())
    if not walk.content:
        findings.append(faults.CONTENT())
    return Narrative(
        tuple(dict.fromkeys(findings)),
        walk.allowed,
        walk.content,
        tuple(walk.links),
        tuple(walk.images),
        tuple(walk.ids),
        tuple(walk.names),
        _wordless(root),
    )


def _wordless(root: Element) -> bool:
    """Tell whether the div has children, no words in any of them, and no language on itself or on
    one of them.
    """
    # HL7's validator breaks where it looks for the language of words that are not there
    stack, languages = [root], {"lang", "xml:lang"} & root.attributes.keys()
    while stack:
        for child in stack.pop().children:
            if isinstance(child, str):
                if child.strip(_TRIMMED):
                    return False
            elif child is not None:
                stack.append(child)
    return (
        bool(root.children)
        and not languages
        and not any(
            isinstance(child, Element) and "xml:lang" in child.attributes for child in root.children
        )
    )


class _Walk:
    """The findings of a walk over a div."""

    def __init__(self, findings: list[Violation]) -> None:
        self.findings = findings
        self.allowed = True
        self.content = False
        self.links: list[str] = []
        self.images: list[str] = []
        self.ids: list[str] = []
        self.names: list[str] = []

    def vocabulary(self, element: Element, *, is_root: bool = False) -> None:
        name = element.name
        if name == "img":
            self.content = True
        if name not in ELEMENTS:
            self.allowed = False
            if not is_root:
                self.findings.append(faults.ELEMENT(element=name))
        if not is_root and element.namespace not in (None, XHTML):
            self.findings.append(faults.NAMESPACE_INSIDE(element=name, namespace=element.namespace))
        own = OWN_ATTRIBUTES.get(name, ())
        for attribute in element.attributes:
            if (
                attribute not in ATTRIBUTES
                and attribute not in own
                and not attribute.startswith("xmlns")
            ):
                self.allowed = False
                if not is_root:
                    self.findings.append(faults.ATTRIBUTE(attribute=attribute, element=name))

    def place(self, element: Element, parent: Element, around: frozenset[str]) -> None:
        name = element.name
        if around:
            if (name in BLOCKS) or ("p" in around and name in NOT_IN_P):
                self.findings.append(faults.NESTING(element=name, outer=min(around)))
            if name in around and name in NOT_IN_ITSELF:
                self.findings.append(faults.NESTING_IN_ITSELF(element=name))
        parents = PARENTS.get(name)
        if parents and parent.name not in parents:
            expected = " or ".join(parents)
            self.findings.append(faults.PLACE(element=name, expected=expected, parent=parent.name))
        if name in EMPTY and element.children:
            self.findings.append(faults.CHILDREN_ANY(element=name))
        only = CHILDREN.get(name)
        if only is not None:
            for child in element.children:
                if isinstance(child, Element) and child.name not in only:
                    self.findings.append(faults.CHILDREN(element=name, child=child.name))
                elif isinstance(child, str) and child.strip(_TRIMMED):
                    self.findings.append(faults.CHILDREN_TEXT(element=name))

    def identity(self, element: Element) -> None:
        attributes = element.attributes
        if not attributes:
            return
        identifier, name = attributes.get("id"), attributes.get("name")
        if identifier is not None:
            self.ids.append(identifier)
        if name is not None and element.name == "a":
            self.names.append(name)

    def links_of(self, element: Element) -> None:
        if element.name == "a":
            target = element.attributes.get("href")
            if target is not None:
                self._target(target, "link")
                if target.startswith("#"):
                    if target != "#":
                        self.links.append(target[1:])
                elif is_absolute_uri(target) and (scheme := target.partition(":")[0]) in (
                    "javascript",
                    "vbscript",
                    "urn",
                    "cid",
                ):
                    self.findings.append(faults.SCHEME(scheme=scheme))
        elif element.name == "img":
            source = element.attributes.get("src")
            if source is not None:
                self._target(source, "image")
                if source.startswith("#"):
                    self.images.append(source[1:])

    def _target(self, target: str, kind: str) -> None:
        fault = link_fault(target)
        if fault is not None:
            self.findings.append(faults.LINK(kind=kind, target=target[:100], reason=fault))


def resolve_anchors(resource: dict[str, Any]) -> list[Issue]:
    """Return an issue for each local link and image in the resource's narratives that leads
    nowhere; the resource may be a Bundle or Parameters.

    A link ``#x`` may lead to any element or resource whose id is x, to an ``id`` in a narrative, or
    to the ``name`` of an ``a``, anywhere in the resource that holds the narrative; for a contained
    resource, in the one that contains it; failing that, in the Bundles around it. An image ``#x``
    must lead to exactly one such id (no ``name``), in the resource alone.
    """
    issues: list[Issue] = []
    kind = resource.get("resourceType")
    if isinstance(kind, str):
        _resolve(resource, resource, (), kind, _Targets(), issues)
    return issues


def _resolve(
    resource: dict[str, Any],
    scope: dict[str, Any],
    bundles: tuple[dict[str, Any], ...],
    path: str,
    targets: _Targets,
    issues: list[Issue],
) -> None:
    found: tuple[Counter[str], Counter[str]] | None = None
    for where, div in _divs(resource, path):
        if "#" not in div or not _LOCAL.search(div):
            continue  # no local link, and no need to read the div
        narrative = read_div(div)
        if not narrative.links and not narrative.images:
            continue
        found = found or targets.of(scope)
        ids, names = found
        for link in narrative.links:
            if not ids[link] and not names[link] and not targets.in_any(bundles, link):
                issues.append(Issue.of(faults.ANCHOR(target=link), where))
        for image in narrative.images:
            if ids[image] != 1:
                issues.append(Issue.of(faults.IMAGE(target=image, count=ids[image]), where))
    for position, inner in enumerate(_objects_in_place(resource.get("contained"))):
        _resolve(inner, resource, bundles, f"{path}.contained[{position}]", targets, issues)
    if resource.get("resourceType") == "Bundle":
        bundles = (*bundles, resource)
    for where, inner in _entries(resource, path):
        _resolve(inner, inner, bundles, where, targets, issues)


class _Targets:
    """The targets of links in the resources of one line, looked up in each resource once."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[Counter[str], Counter[str]]] = {}

    def of(self, resource: dict[str, Any]) -> tuple[Counter[str], Counter[str]]:
        found = self._found.get(id(resource))
        if found is None:
            found = self._found[id(resource)] = _targets(resource)
        return found

    def in_any(self, resources: tuple[dict[str, Any], ...], link: str) -> bool:
        return any(link in targets for resource in resources for targets in self.of(resource))


def _objects_in_place(value: object) -> list[dict[str, Any]]:
    """Return the objects of an array, with an empty one in place of what is none, so that the
    positions in locations hold.
    """
    if not isinstance(value, list):
        return []
    return [item if isinstance(item, dict) else {} for item in value]


def _divs(resource: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """(location, div) of the resource's own narratives: its text, and the texts of a Composition's
    sections.
    """
    text = resource.get("text")
    if isinstance(text, dict) and isinstance(text.get("div"), str):
        yield f"{path}.text.div", text["div"]
    for position, section in enumerate(_objects_in_place(resource.get("section"))):
        yield from _divs(section, f"{path}.section[{position}]")


def _entries(resource: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(location, resource) of what a Bundle's entries or Parameters hold."""
    kind = resource.get("resourceType")
    if kind == "Bundle":
        for position, entry in enumerate(_objects_in_place(resource.get("entry"))):
            if isinstance(entry.get("resource"), dict):
                yield f"{path}.entry[{position}].resource", entry["resource"]
            response = entry.get("response")
            if isinstance(response, dict) and isinstance(response.get("outcome"), dict):
                yield f"{path}.entry[{position}].response.outcome", response["outcome"]
    elif kind == "Parameters":
        yield from _parameters(resource, path, "parameter")


def _parameters(
    holder: dict[str, Any], path: str, name: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    for position, parameter in enumerate(_objects_in_place(holder.get(name))):
        where = f"{path}.{name}[{position}]"
        if isinstance(parameter.get("resource"), dict):
            yield f"{where}.resource", parameter["resource"]
        yield from _parameters(parameter, where, "part")


def _targets(resource: dict[str, Any]) -> tuple[Counter[str], Counter[str]]:
    """Count how often each id, and each name of a narrative's anchors, occurs in the resource and
    everything inside it.
    """
    ids: Counter[str] = Counter()
    names: Counter[str] = Counter()
    stack: list[object] = [resource]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            identifier, div = value.get("id"), value.get("div")
            if isinstance(identifier, str):
                ids[identifier] += 1
            if isinstance(div, str):
                narrative = read_div(div)
                ids.update(narrative.ids)
                names.update(narrative.names)
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return ids, names
