"""Guides: the package that should hold a profile, told by the profile's url alone."""

from __future__ import annotations

from ..economy.lazy_pattern import lazy_pattern

__all__ = ["is_listed", "package_of"]

_HL7 = lazy_pattern(r"https?://hl7\.org/fhir/([a-z]{2,3})/([A-Za-z0-9-]+)/")
"""HL7's own guides: their package is named after realm and guide."""

_KNOWN = (
    ("http://fhir.de/", "de.basisprofil.r4"),
    ("https://fhir.kbv.de/StructureDefinition/KBV_PR_ERP_", "kbv.ita.erp"),
    ("https://fhir.kbv.de/StructureDefinition/KBV_PR_FOR_", "kbv.ita.for"),
    ("https://fhir.kbv.de/StructureDefinition/KBV_PR_Base_", "kbv.basis"),
)
"""How the urls of others begin, and the packages that hold them, as their publishers name them."""

_GUIDES = frozenset(
    """
    hl7.fhir.us.bulkdata hl7.fhir.us.carin-bb hl7.fhir.us.core hl7.fhir.us.davinci-atr
    hl7.fhir.us.davinci-cdex hl7.fhir.us.davinci-crd hl7.fhir.us.davinci-deqm
    hl7.fhir.us.davinci-drug-formulary hl7.fhir.us.davinci-dtr hl7.fhir.us.davinci-hrex
    hl7.fhir.us.davinci-pas hl7.fhir.us.davinci-pdex hl7.fhir.us.davinci-pdex-plan-net
    hl7.fhir.us.ecr hl7.fhir.us.mcode hl7.fhir.us.odh hl7.fhir.us.qicore
    hl7.fhir.us.sdoh-clinicalcare
    hl7.fhir.uv.bulkdata hl7.fhir.uv.extensions hl7.fhir.uv.genomics-reporting hl7.fhir.uv.ips
    hl7.fhir.uv.pocd hl7.fhir.uv.sdc hl7.fhir.uv.smart-app-launch
    hl7.fhir.uv.subscriptions-backport
    """.split()
)
"""Guides of HL7 that are known by name: what a url alone says may be made up."""


def package_of(url: str) -> str:
    """Return the name of the package that should hold what has a url; "" where none is known."""
    if match := _HL7.match(url):
        return f"hl7.fhir.{match[1]}.{match[2].lower()}"
    return next((name for start, name in _KNOWN if url.startswith(start)), "")


def is_listed(package: str) -> bool:
    """Tell whether a package is known by its name, so that no url made it up."""
    return package in _GUIDES or package in (name for _, name in _KNOWN)
