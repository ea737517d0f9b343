"""Rules of one resource type each: canonical urls of definitions, StructureMaps,
OperationDefinitions, derived Questionnaires.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from bulkfhir.validators.rules.canonical_url import CANONICAL_RESOURCES
from tests.conftest import Judge

Json = dict[str, Any]


@pytest.fixture(scope="module")
def validator(judge: Judge) -> Judge:
    return judge


def _faults(validator: Judge, resource: Json, rule: str) -> list[str]:
    """Where the rule finds fault."""
    return [
        issue.location
        for issue in validator.validate(json.dumps(resource).encode()).issues
        if issue.rule == rule
    ]


@pytest.mark.parametrize("name", sorted(CANONICAL_RESOURCES - {"NamingSystem"}))
def test_the_url_of_a_definition_is_absolute(validator: Judge, name: str) -> None:
    for url, faults in (
        ("http://x.example/d", []),
        ("urn:oid:1.2.3", []),
        ("d", [f"{name}.url"]),
        ("#d", [f"{name}.url"]),
    ):
        assert (
            _faults(validator, {"resourceType": name, "url": url}, "canonical-absolute") == faults
        )


def test_other_urls_may_be_relative(validator: Judge) -> None:
    assert (
        _faults(
            validator,
            {"resourceType": "Subscription", "channel": {"endpoint": "x"}},
            "canonical-absolute",
        )
        == []
    )
    assert (
        _faults(
            validator, {"resourceType": "DocumentManifest", "source": "x"}, "canonical-absolute"
        )
        == []
    )


MAP: Json = {
    "resourceType": "StructureMap",
    "url": "http://x.example/map",
    "name": "Map",
    "status": "draft",
    "structure": [
        {"url": "http://hl7.org/fhir/StructureDefinition/Patient", "mode": "source", "alias": "P"}
    ],
    "group": [
        {
            "name": "main",
            "typeMode": "none",
            "input": [
                {"name": "src", "type": "P", "mode": "source"},
                {"name": "tgt", "type": "Person", "mode": "target"},
            ],
            "rule": [
                {
                    "name": "names",
                    "source": [{"context": "src", "element": "name", "variable": "n"}],
                    "target": [
                        {
                            "context": "tgt",
                            "contextType": "variable",
                            "element": "name",
                            "variable": "m",
                        }
                    ],
                    "rule": [
                        {
                            "name": "family",
                            "source": [{"context": "n", "element": "family", "variable": "f"}],
                            "target": [
                                {
                                    "context": "m",
                                    "contextType": "variable",
                                    "element": "family",
                                    "transform": "copy",
                                    "parameter": [{"valueId": "f"}],
                                }
                            ],
                        }
                    ],
                    "dependent": [{"name": "main", "variable": ["src", "tgt"]}],
                }
            ],
        }
    ],
}


def _changed(path: str, value: Any) -> Json:
    """The map with one value at a dotted path replaced."""
    changed: Json = json.loads(json.dumps(MAP))
    *steps, last = path.split(".")
    at: Any = changed["group"][0]
    for step in steps:
        at = at[int(step)] if step.isdecimal() else at[step]
    at[last] = value
    return changed


def test_a_sound_map_passes(validator: Judge) -> None:
    assert [
        issue for issue in validator.validate(json.dumps(MAP).encode()).issues if issue.fails
    ] == []


@pytest.mark.parametrize(
    ("path", "value", "location"),
    [
        ("name", "ma-in", ""),
        ("extends", "other", ".extends"),
        ("input.0.name", "s_rc", ".input[0]"),
        ("input.1.name", "src", ".input[1]"),
        ("input.1.type", "Persona", ".input[1]"),
        ("rule.0.name", "n-1", ".rule[0]"),
        ("rule.0.source.0.context", "tgt", ".rule[0].source[0]"),
        ("rule.0.source.0.element", "nom", ".rule[0].source[0]"),
        ("rule.0.target.0.context", "nobody", ".rule[0].target[0]"),
        ("rule.0.target.0.element", "nom", ".rule[0].target[0]"),
        ("rule.0.target.0.variable", "m.m", ".rule[0].target[0]"),
        (
            "rule.0.target.0.parameter",
            [{"valueString": "a"}, {"valueString": "b"}],
            ".rule[0].target[0]",
        ),
        ("rule.0.rule.0.source.0.element", "surname", ".rule[0].rule[0].source[0]"),
        ("rule.0.rule.0.target.0.element", "surname", ".rule[0].rule[0].target[0]"),
        ("rule.0.dependent.0.name", "other", ".rule[0].dependent[0]"),
        ("rule.0.dependent.0.variable", ["src"], ".rule[0].dependent[0]"),
        ("rule.0.dependent.0.variable", ["src", "nobody"], ".rule[0].dependent[0].variable[1]"),
    ],
)
def test_a_map_with_one_fault_is_told_where(
    validator: Judge, path: str, value: Any, location: str
) -> None:
    assert (
        _faults(validator, _changed(path, value), "structure-map")[0]
        == "StructureMap.group[0]" + location
    )


def test_of_an_unknown_structure_no_path_is_checked(validator: Judge) -> None:
    unknown = _changed("rule.0.source.0.element", "nom")
    unknown["structure"][0]["url"] = "http://x.example/StructureDefinition/logical"
    assert _faults(validator, unknown, "structure-map") == []


def test_the_profile_of_an_operation_is_a_known_one_on_parameters(validator: Judge) -> None:
    operation = {
        "resourceType": "OperationDefinition",
        "inputProfile": "http://nowhere.example/p",
        "outputProfile": "http://hl7.org/fhir/StructureDefinition/Patient",
    }
    assert _faults(validator, operation, "operation-profile") == [
        "OperationDefinition.inputProfile",
        "OperationDefinition.outputProfile",
    ]
    operation = {
        "resourceType": "OperationDefinition",
        "inputProfile": "http://hl7.org/fhir/StructureDefinition/Parameters",
    }
    assert _faults(validator, operation, "operation-profile") == []


def _slice(name: str, **value: Any) -> list[Json]:
    """A parameter of a profile that carries one value."""
    key = f"Parameters.parameter:{name}"
    path = "Parameters.parameter"
    return [
        {"id": key, "path": path, "sliceName": name, "min": 1, "max": "1"},
        {"id": f"{key}.name", "path": f"{path}.name", "fixedString": name},
        {"id": f"{key}.value[x]", "path": f"{path}.value[x]", "min": 1, "type": [value]},
        {"id": f"{key}.resource", "path": f"{path}.resource", "max": "0"},
        {"id": f"{key}.part", "path": f"{path}.part", "max": "0"},
    ]


@pytest.mark.parametrize(
    ("changed", "faulty"),
    [
        ({}, False),
        ({"min": 0}, True),
        ({"max": "*"}, True),
        ({"type": "code"}, True),
        ({"targetProfile": ["http://hl7.org/fhir/StructureDefinition/Patient"]}, True),
        ({"use": "out", "type": "code"}, False),
        ({"name": "other", "type": "code"}, False),
    ],
)
def test_the_parameters_of_an_operation_are_those_of_its_profile(
    judging: Callable[..., Judge], tmp_path: pathlib.Path, changed: Json, faulty: bool
) -> None:
    slicing = {
        "id": "Parameters.parameter",
        "path": "Parameters.parameter",
        "slicing": {"discriminator": [{"type": "value", "path": "name"}], "rules": "open"},
    }
    profile = {
        "resourceType": "StructureDefinition",
        "url": "http://x.example/p",
        "name": "P",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Parameters",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Parameters",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Parameters", "path": "Parameters"},
                slicing,
                *_slice("text", code="string"),
            ]
        },
    }
    (tmp_path / "p.json").write_text(json.dumps(profile))
    parameter = {"name": "text", "use": "in", "min": 1, "max": "1", "type": "string", **changed}
    operation = {
        "resourceType": "OperationDefinition",
        "inputProfile": "http://x.example/p",
        "parameter": [parameter],
    }
    faults = _faults(
        judging("structure-only", packages=[str(tmp_path)]), operation, "operation-profile"
    )
    assert set(faults) == ({"OperationDefinition.parameter[0]"} if faulty else set())


def test_no_resource_is_a_matchetype(validator: Judge) -> None:
    mark = {
        "extension": [
            {
                "url": "http://hl7.org/fhir/tools/StructureDefinition/matchetype",
                "valueCode": "partial",
            }
        ]
    }
    assert _faults(validator, {"resourceType": "Patient", **mark}, "extension-context") == [
        "Patient.extension[0]"
    ]
    assert (
        _faults(
            validator,
            {"resourceType": "Patient", "name": [{"family": "x", **mark}]},
            "extension-context",
        )
        == []
    )


@pytest.mark.parametrize(
    ("value", "faulty"),
    [
        ("0b0c9a7e-1111-4c3d-9b1e-000000000001", False),
        ("urn:uuid:x", False),
        ("0B0C9A7E-1111-4C3D-9B1E-000000000001", True),
        ("abc", True),
        (None, False),
    ],
)
def test_the_system_of_rfc_4122_is_for_uuids(
    validator: Judge, value: str | None, faulty: bool
) -> None:
    identifier = {
        "system": "https://tools.ietf.org/html/rfc4122",
        **({} if value is None else {"value": value}),
    }
    assert (
        bool(
            _faults(
                validator, {"resourceType": "Patient", "identifier": [identifier]}, "identifier-uri"
            )
        )
        is faulty
    )


def test_the_url_of_an_extension_has_a_value(validator: Judge) -> None:
    unknown = {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                "valueCode": "unknown",
            }
        ]
    }
    assert _faults(
        validator,
        {"resourceType": "Patient", "extension": [{"_url": unknown, "valueCode": "x"}]},
        "extension-url",
    ) == ["Patient.extension[0]"]
