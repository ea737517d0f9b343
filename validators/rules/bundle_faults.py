"""Faults of a Bundle as a whole (FHIR R4, section 2.36): the rules that ``bundle``
finds broken.
"""

from __future__ import annotations

from ..checks.resolution import FULL_URL
from ..verdicts.declaration import Declaration

LINK = Declaration(
    "bundle-link",
    "error",
    "invalid",
    "The link relationship type '{relation}' can only occur once",
    "the links of a Bundle are those that its type may have, each once",
    section="2.36",
    reference=("BUNDLE_LINK_SEARCH_NO_DUPLICATES", "BUNDLE_LINK_SEARCH_PROHIBITED"),
)
LINK_PROHIBITED = LINK.also(
    "The link relationship type '{relation}' used in search sets is prohibited in this context"
)
LINK_STYLESHEET = LINK.also("The stylesheet reference could not be resolved in this bundle")
FIRST_ENTRY = Declaration(
    "bundle-first-entry",
    "error",
    "invalid",
    "The first entry in a {type} must be a {expected}",
    "a document starts with a Composition, a message with a MessageHeader",
    section="2.36",
    reference=(
        "Bundle_BUNDLE_Entry_NoFirst",
        "Bundle_BUNDLE_Entry_NoFirstResource",
        "Bundle_BUNDLE_Entry_Document",
        "Validation_BUNDLE_Message",
    ),
)
FIRST_ENTRY_MISSING = FIRST_ENTRY.also("Documents or Messages must contain at least one entry")
FIRST_ENTRY_EMPTY = FIRST_ENTRY.also("No resource on first entry")
NOT_FOUND = Declaration(
    "bundle-reference",
    "error",
    "not-found",
    "Can't find '{url}' in the bundle",
    "a document or message holds what it refers to, once",
    section="2.36",
    reference=(
        "Bundle_BUNDLE_Entry_NotFound",
        "BUNDLE_BUNDLE_ENTRY_NOTFOUND_APPARENT",
        "BUNDLE_BUNDLE_ENTRY_FOUND_MULTIPLE",
    ),
    quotes=("url",),
)
NOT_FOUND_BY_URL = NOT_FOUND.also(
    "Can't find '{url}' in the bundle: there is a resource with the same type and id, but its "
    "fullUrl does not match",
    quotes=("url",),
)
FOUND_SEVERAL = NOT_FOUND.also("Found {count} matches for '{url}' in the bundle", quotes=("url",))
FOUND_FRAGMENTS = NOT_FOUND.also(
    "Found several matches for fragment {fragment} in resource '{url}' in the bundle",
    quotes=("fragment", "url"),
)
ORPHAN = Declaration(
    "bundle-orphan",
    "error",
    "invalid",
    "Entry isn't reachable by traversing links (forward or backward) from the Composition",
    "every entry of a document belongs to its Composition",
    section="2.36",
    reference=("Bundle_BUNDLE_Entry_Orphan_DOCUMENT",),
)
SEARCH = Declaration(
    "bundle-search",
    "error",
    "invalid",
    "This is not a matching resource type for the specified search ({type} expecting {expected})",
    "the entries of a search set are resources with ids, of a type that was searched",
    section="2.36",
    reference=(
        "BUNDLE_SEARCH_ENTRY_NO_RESOURCE",
        "BUNDLE_SEARCH_ENTRY_NO_RESOURCE_ID",
        "BUNDLE_SEARCH_ENTRY_WRONG_RESOURCE_TYPE_OUTCOME",
        "BUNDLE_SEARCH_ENTRY_WRONG_RESOURCE_TYPE_MODE",
    ),
    quotes=("type", "expected"),
)
SEARCH_NO_RESOURCE = SEARCH.also("SearchSet Bundle Entries must have resources")
SEARCH_NO_ID = SEARCH.also("Search results must have ids")
SEARCH_NO_OUTCOME = SEARCH.also("This is not an OperationOutcome ({type})", quotes=("type",))
FULL_URL_RELATIVE = FULL_URL.also(
    "The fullUrl must be an absolute URL (not '{url}')", quotes=("url",), code="invalid"
)
FULL_URL_NO_ID = FULL_URL.also(
    "The fullUrl '{url}' looks like a RESTful server URL, but the resource has no id",
    quotes=("url",),
    code="invalid",
)
FULL_URL_OTHER = FULL_URL.also(
    "The fullUrl '{url}' looks like a RESTful server URL, so it must end with the correct type and "
    "id (/{type}/{id})",
    quotes=("url", "type", "id"),
    code="invalid",
)
FULL_URL_CANONICAL = FULL_URL.also(
    "The canonical URL ({url}) cannot match the fullUrl unless the resource id ({id}) also matches",
    quotes=("url", "id"),
    code="invalid",
)
FULL_URL_MISSING = FULL_URL.also(
    "Except for transactions and batches, each entry in a Bundle must have a fullUrl which is the "
    "identity of the resource in the entry",
    code="invalid",
)
