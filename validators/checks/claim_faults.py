"""Faults of the profiles that a resource claims to follow."""

from __future__ import annotations

from ..verdicts.declaration import Declaration

PROFILE_UNKNOWN = Declaration(
    "profile-unknown",
    "error",
    "not-found",
    "Profile reference '{url}' has not been checked because it is unknown: add its package, "
    "validate with --level structure-only, or say --unknown-profile warning|ignore",
    "a profile that a resource claims to follow is known, and so is one that a profile names",
    section="5.1.0.4",
    reference=("Validation_VAL_Profile_Unknown",),
    quotes=("url",),
    brief="the profile '{url}' is not known",
)
PROFILE_TYPE = Declaration(
    "profile-type",
    "error",
    "structure",
    "Specified profile type was '{type}' in profile '{url}', but found type '{found}'",
    "a profile that a resource claims to follow is one of its type",
    section="5.1.0.4",
    reference=("Validation_VAL_Profile_WrongType",),
)
PROFILE_ELEMENT = Declaration(
    "profile-element",
    "error",
    "structure",
    "This element is not allowed by the profile {url}",
    "a resource that follows a profile on an abstract type has only what that type has",
    section="5.1.0.4",
    reference=("Validation_VAL_Profile_NotAllowed",),
)
