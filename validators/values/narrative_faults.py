"""Faults of a narrative (FHIR R4, section 2.4.0.1): the rules that ``narrative`` finds broken.

Names in it are text of the narrative, and so are quoted.
"""

from __future__ import annotations

from ..verdicts.declaration import Declaration

SYNTAX = Declaration(
    "xhtml-syntax",
    "error",
    "invalid",
    "the narrative is no XHTML: {reason}",
    "a narrative is XHTML, without a document type or entities of HTML",
    section="2.4.0.1",
    reference=("XHTML_XHTML_DOCTYPE_ILLEGAL",),
    quotes=("reason",),
)
NAMESPACE = Declaration(
    "xhtml-namespace",
    "error",
    "invalid",
    "the narrative's namespace is {namespace}, it must be {expected}",
    "a narrative is in the namespace of XHTML, and so is everything in it",
    section="2.4.0.1",
    reference=("XHTML_XHTML_NS_InValid",),
    quotes=("namespace",),
)
NAMESPACE_MISSING = NAMESPACE.also("the narrative's namespace is missing, it must be {expected}")
NAMESPACE_INSIDE = NAMESPACE.also(
    "element '{element}' is of namespace {namespace}", quotes=("element", "namespace")
)
ROOT_NAME = Declaration(
    "xhtml-name",
    "error",
    "invalid",
    "the narrative starts with '{element}', it must be a div",
    "a narrative is a div",
    section="2.4.0.1",
    reference=("XHTML_XHTML_Name_Invalid",),
    quotes=("element",),
)
ELEMENT = Declaration(
    "xhtml-element",
    "error",
    "invalid",
    "element '{element}' is not allowed",
    "a narrative holds the basic elements of XHTML alone",
    section="2.4.0.1",
    reference=("XHTML_XHTML_Element_Illegal",),
    quotes=("element",),
)
ATTRIBUTE = Declaration(
    "xhtml-attribute",
    "error",
    "invalid",
    "attribute '{attribute}' is not allowed on '{element}'",
    "an element of a narrative has the attributes that FHIR allows",
    section="2.4.0.1",
    reference=("XHTML_XHTML_Attribute_Illegal",),
    quotes=("attribute", "element"),
)
NESTING = Declaration(
    "xhtml-nesting",
    "error",
    "invalid",
    "'{element}' must not stand inside '{outer}'",
    "an element of a narrative does not stand where XHTML forbids it",
    section="2.4.0.1",
    reference=("XHTML_XHTML_ILLEGAL_CHILDREN",),
)
NESTING_IN_ITSELF = NESTING.also("'{element}' must not stand inside itself")
PLACE = Declaration(
    "xhtml-place",
    "error",
    "invalid",
    "'{element}' must stand in {expected}, not in {parent}",
    "parts of lists and tables stand in a list or table",
    section="2.4.0.1",
    reference=("XHTML_XHTML_OUT_OF_PLACE",),
    quotes=("parent",),
)
CHILDREN = Declaration(
    "xhtml-children",
    "error",
    "invalid",
    "'{element}' must not hold '{child}'",
    "lists, tables and images hold what XHTML lets them hold",
    section="2.4.0.1",
    reference=("XHTML_XHTML_ILLEGAL_CHILDREN",),
    quotes=("child",),
)
CHILDREN_TEXT = CHILDREN.also("'{element}' must not hold text")
CHILDREN_ANY = CHILDREN.also("'{element}' must be empty")
LINK = Declaration(
    "xhtml-link",
    "error",
    "invalid",
    "{kind} '{target}' is no valid address: {reason}",
    "links and images of a narrative have a valid address",
    section="2.4.0.1",
    reference=("XHTML_URL_INVALID", "TYPE_SPECIFIC_CHECKS_DT_XHTML_EMPTY_HREF"),
    quotes=("target", "reason"),
)
SCHEME = Declaration(
    "xhtml-scheme",
    "error",
    "invalid",
    "a link must not use the scheme '{scheme}'",
    "links of a narrative run nothing",
    section="2.4.0.1",
    reference=("TYPE_SPECIFIC_CHECKS_DT_XHTML_ACTIVE_HREF",),
)
ANCHOR = Declaration(
    "xhtml-anchor",
    "error",
    "invalid",
    "the link '#{target}' leads nowhere",
    "a local link of a narrative leads to something in the resource",
    section="2.4",
    reference=("Type_Specific_Checks_DT_XHTML_Resolve",),
    quotes=("target",),
)
IMAGE = Declaration(
    "xhtml-image",
    "error",
    "invalid",
    "the image '#{target}' has {count} targets, it must have one",
    "a local image of a narrative is one element of the resource",
    section="2.4",
    reference=("Type_Specific_Checks_DT_XHTML_Resolve_Img",),
    quotes=("target",),
)
BASIC_ONLY = Declaration(
    "txt-1",
    "error",
    "invalid",
    "the narrative holds elements or attributes that FHIR does not allow",
    "a narrative holds basic elements and attributes alone",
    section="2.4.0.1",
)
CONTENT = Declaration(
    "txt-2",
    "error",
    "invalid",
    "the narrative has no content but white space",
    "a narrative has some content",
    section="2.4.0.1",
)
