"""Values are held only against slices that their codes leave open, and a profile is refused at
first sight where its fixed values are not met: the answers are those of asking everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkfhir.validators import Validator
from bulkfhir.validators.explainer import Explainer
from bulkfhir.validators.profiles.slice_tests import SliceTests
from tests.validators.rules.guides import guide, line, profile

URL = "http://example.org/fhir/StructureDefinition/"
SYSTEM = "http://example.org/codes"
SLICES = 8


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"system": SYSTEM, "code": code}]}


def of_code(code: str) -> dict[str, Any]:
    """A profile of observations of one code."""
    return profile(
        f"of-{code}",
        "Observation",
        {"path": "Observation"},
        {"path": "Observation.code", "patternCodeableConcept": concept(code)},
        {"path": "Observation.value[x]", "min": 1},
    )


def sliced_by(path: str, discriminator: dict[str, str], parts: list[dict[str, Any]]) -> Any:
    slicing = {"discriminator": [discriminator], "rules": "closed"}
    return [{"path": path, "slicing": slicing}, *parts]


def component(code: str) -> list[dict[str, Any]]:
    identity = f"Observation.component:c{code}"
    return [
        {"id": identity, "path": "Observation.component", "sliceName": f"c{code}", "max": "1"},
        {
            "id": f"{identity}.code",
            "path": "Observation.component.code",
            "patternCodeableConcept": concept(code),
        },
    ]


CODES = [str(number) for number in range(SLICES)]
COMPONENTS = profile(
    "components",
    "Observation",
    {"path": "Observation"},
    *sliced_by(
        "Observation.component",
        {"type": "pattern", "path": "code"},
        [part for code in CODES for part in component(code)],
    ),
)
RESULTS = profile(
    "results",
    "DiagnosticReport",
    {"path": "DiagnosticReport"},
    *sliced_by(
        "DiagnosticReport.result",
        {"type": "profile", "path": "resolve()"},
        [
            {
                "id": f"DiagnosticReport.result:r{code}",
                "path": "DiagnosticReport.result",
                "sliceName": f"r{code}",
                "max": "1",
                "type": [{"code": "Reference", "targetProfile": [f"{URL}of-{code}"]}],
            }
            for code in CODES
        ],
    ),
)
ENTRIES = profile(
    "entries",
    "Bundle",
    {"path": "Bundle"},
    *sliced_by(
        "Bundle.entry",
        {"type": "value", "path": "resource.meta.profile"},
        [
            part
            for code in CODES
            for identity in [f"Bundle.entry:e{code}"]
            for part in [
                {"id": identity, "path": "Bundle.entry", "sliceName": f"e{code}", "max": "1"},
                {
                    "id": f"{identity}.resource.meta.profile",
                    "path": "Bundle.entry.resource.meta.profile",
                    "fixedCanonical": f"{URL}of-{code}",
                },
            ]
        ],
    ),
)
odd: st.SearchStrategy[Any] = st.sampled_from([None, 1, "a", [], {}, [None], {"coding": {}}])
codings = st.fixed_dictionaries(
    {},
    optional={
        "system": st.sampled_from([SYSTEM, "http://example.org/others"]),
        "code": st.one_of(st.sampled_from([*CODES[:3], "none"]), odd),
        "display": st.just("A text"),
    },
)
concepts = st.one_of(
    st.builds(concept, st.sampled_from(CODES)),
    st.fixed_dictionaries({}, optional={"coding": st.lists(st.one_of(codings, odd), max_size=3)}),
    odd,
)
VALUES = [{"valueString": "x"}, {"valueInteger": 1}, {}]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    definitions = [COMPONENTS, RESULTS, ENTRIES, *map(of_code, CODES)]
    return guide(tmp_path_factory.mktemp("slice-tests"), definitions)


@pytest.fixture(scope="module")
def judge(package: str) -> Callable[[bytes], list[str]]:
    """Judges a line twice, as we do and by asking everything, and compares."""
    ours, everything = (Validator("strict", packages=[package], native=False) for _ in range(2))
    opened, telling = SliceTests.open, Explainer._telling_check

    def judged(text: bytes) -> list[str]:
        found = [str(issue) for issue in ours.validate(text).issues]
        SliceTests.open = lambda self, value: enumerate(self.tests)  # type: ignore[method-assign,assignment,return-value]
        Explainer._telling_check = lambda self, url: None  # type: ignore[method-assign]
        try:
            expected = [str(issue) for issue in everything.validate(text).issues]
        finally:
            SliceTests.open, Explainer._telling_check = opened, telling  # type: ignore[method-assign]
        assert found == expected
        return found

    return judged


def observation(name: str | None, **more: Any) -> dict[str, Any]:
    base = {"id": "o", "status": "final", "code": concept("other"), **more}
    return line("Observation", name, **base) if name else {"resourceType": "Observation", **base}


@given(st.lists(st.one_of(concepts.map(lambda code: {"code": code}), odd), max_size=4))
def test_components_are_in_the_slices_that_all_tests_find(
    judge: Callable[[bytes], list[str]], parts: list[Any]
) -> None:
    judge(json.dumps(observation("components", component=parts)).encode())


def test_a_code_of_a_slice_is_found_and_another_is_none(
    judge: Callable[[bytes], list[str]],
) -> None:
    known, unknown = ({"code": concept(code), "valueString": "x"} for code in ("3", "none"))
    assert not judge(json.dumps(observation("components", component=[known])).encode())
    said = judge(json.dumps(observation("components", component=[known, unknown])).encode())
    assert [one for one in said if "slice-closed" in one]


claims = st.one_of(
    st.lists(
        st.one_of(st.sampled_from([f"{URL}of-{code}" for code in CODES[:4]]), odd), max_size=3
    ),
    odd,
)
resources = st.one_of(
    st.builds(lambda claim: {**observation(None), "meta": {"profile": claim}}, claims),
    st.builds(lambda meta: {**observation(None), "meta": meta}, odd),
    odd,
)


@given(st.lists(st.one_of(resources.map(lambda one: {"resource": one}), odd), max_size=4))
def test_entries_are_in_the_slices_whose_profiles_they_name(
    judge: Callable[[bytes], list[str]], entries: list[Any]
) -> None:
    bundle = line("Bundle", "entries", id="b", type="collection", entry=entries)
    judge(json.dumps(bundle).encode())


def test_an_entry_is_found_by_the_profile_that_it_names(
    judge: Callable[[bytes], list[str]],
) -> None:
    def said(name: str) -> list[str]:
        entry = {"fullUrl": "urn:uuid:" + "0" * 8 + "-0000-4000-8000-" + "0" * 12}
        resource = {**observation(None), "valueString": "x", "meta": {"profile": [URL + name]}}
        bundle = line(
            "Bundle",
            "entries",
            id="b",
            type="collection",
            entry=[{**entry, "resource": {**resource, "code": concept("3")}}],
        )
        return [one for one in judge(json.dumps(bundle).encode()) if "slice-closed" in one]

    assert not said("of-3")
    assert said("components")


@given(st.lists(st.tuples(concepts, st.sampled_from(VALUES)), max_size=4))
def test_results_are_in_the_slices_whose_profiles_they_follow_whole(
    judge: Callable[[bytes], list[str]], targets: list[tuple[Any, dict[str, Any]]]
) -> None:
    contained = [
        observation(None, **{"id": f"o{number}", "code": code, **value})
        for number, (code, value) in enumerate(targets)
    ]
    report = line(
        "DiagnosticReport",
        "results",
        id="r",
        status="final",
        code=concept("other"),
        contained=contained,
        result=[{"reference": f"#{one['id']}"} for one in contained],
    )
    judge(json.dumps(report).encode())
