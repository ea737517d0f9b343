"""Canonical urls of definitions (FHIR R4, section 2.24.0.3): ``ValueSet.url`` and its like are
absolute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Asked, Rule
from ..checks.surroundings import Scope
from ..schema import Property
from ..values.format_faults import CANONICAL_ABSOLUTE
from ..values.primitives import is_absolute_uri, is_blank
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["CANONICAL_RESOURCES", "RULE"]

CANONICAL_RESOURCES = frozenset(
    {
        "ActivityDefinition", "CapabilityStatement", "ChargeItemDefinition", "CodeSystem",
        "CompartmentDefinition", "ConceptMap", "EffectEvidenceSynthesis",
        "EventDefinition", "Evidence", "EvidenceVariable", "ExampleScenario", "GraphDefinition",
        "ImplementationGuide", "Library", "Measure",
        "MessageDefinition", "NamingSystem", "OperationDefinition", "PlanDefinition",
        "Questionnaire", "ResearchDefinition", "ResearchElementDefinition",
        "RiskEvidenceSynthesis", "SearchParameter", "StructureDefinition", "StructureMap",
        "TerminologyCapabilities", "TestScript", "ValueSet",
    }
)  # fmt: skip
"""The types of R4 that HL7's validator calls canonical: others refer to them by their url, which
NamingSystem does not have yet.
"""


DEFINITION_URL = CANONICAL_ABSOLUTE.also(
    "The canonical URL of a definition must be absolute ({url})", quotes=("url",)
)


def build(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check that the url of a canonical resource is absolute (FHIR R4, section
    2.24.0.3); None for any other property. A blank url is another rule's.
    """
    name, _, rest = prop.element.path.partition(".")
    if rest != "url" or name not in CANONICAL_RESOURCES:
        return None

    def check(value: Any, scope: Scope) -> Issues:
        # A blank url is a blank string, which is a warning and no more, as in the reference
        # validator.
        if type(value) is not str or is_absolute_uri(value) or is_blank(value):
            return None
        return [Issue.of(DEFINITION_URL(url=value[:256]))]

    return check


RULE = Rule("canonical urls of definitions", ("value",), build, Asked())
