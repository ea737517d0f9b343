"""FHIR packages of a job: looked at once before anything is read, so that a mistake is one sentence
and not every line's.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bulkfhir.validators.errors import BulkfhirError

from ..errors import ConfigurationError
from ..job_terms.job_choices import Choices, default_versions

__all__ = ["check_packages", "check_profiles"]

_SHOWN = 20
"""Warnings about profiles: who gives a broken package learns that from the first of them."""

_log = logging.getLogger("bulkfhir.engine")


def check_packages(packages: Sequence[str], defaults: Sequence[str]) -> None:
    """Open the packages and log one warning for what they lack, one for each that is for another
    FHIR version than it says or holds links, one for all expressions that are no FHIRPath, and one
    for each profile that has a fault.

    Raises ConfigurationError for a package that cannot be found or read.
    """
    versions = default_versions(defaults)
    if not packages:
        return
    from bulkfhir.validators.definitions.packages import Packages
    from bulkfhir.validators.explainer import Explainer
    from bulkfhir.validators.profiles.broken_expressions import broken_expressions
    from bulkfhir.validators.profiles.lost_slices import lost_slices
    from bulkfhir.validators.schema.snapshot import UsableSnapshots

    try:
        opened = Packages(packages, defaults=versions)
    except BulkfhirError as error:
        raise ConfigurationError(str(error)) from None
    for sentence in opened.mislabelled():
        _log.warning("%s", sentence)
    for package in opened.packages:
        if left_out := package.left_out_sentence():
            _log.warning("%s", left_out)
    usable = UsableSnapshots(opened)
    profiles = [
        url
        for package in opened.packages
        for url in package.definitions.urls("StructureDefinition")
    ]
    if warning := opened.warning():
        unheld = [url for urls in opened.unchecked().values() for url in urls]
        lost = lost_slices(Explainer(usable), profiles, unheld)
        costs = f"; slices that cannot be decided without them: {'; '.join(lost[:_SHOWN])}"
        _log.warning("%s%s", warning, costs if lost else "")
    if broken := broken_expressions(usable, profiles):
        _log.warning(
            "%d %s no FHIRPath, which fails whatever is held to it: %s%s",
            len(broken),
            "expressions of profiles are" if len(broken) > 1 else "expression of a profile is",
            "; ".join(broken[:_SHOWN]),
            " …" if len(broken) > _SHOWN else "",
        )
    faults = usable.look_through(profiles)
    for fault in faults[:_SHOWN]:
        _log.warning("%s", fault)
    if len(faults) > _SHOWN:
        _log.warning("%d more profiles have faults", len(faults) - _SHOWN)


def check_profiles(choices: Choices) -> None:
    """Raise ConfigurationError for a profile that every resource is to follow and no package has,
    and at a level that does not look at profiles.
    """
    from bulkfhir.validators.definitions import core
    from bulkfhir.validators.definitions.packages import Packages
    from bulkfhir.validators.validator import known_profiles

    versions = default_versions(choices.default_versions)
    try:
        held = Packages(choices.packages, defaults=versions) if choices.packages else core()
        known_profiles(choices.profiles, held, choices.level)
    except BulkfhirError as error:
        raise ConfigurationError(str(error)) from None
