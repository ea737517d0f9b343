"""Compiled types: choices and companions expanded, contentReferences resolved, bindings and
constraints kept.
"""

from __future__ import annotations

import dataclasses
import json

import pytest

from bulkfhir.validators.definitions import core
from bulkfhir.validators.schema import Schema, UnknownType


@pytest.fixture(scope="module")
def schema():
    return Schema(core())


def test_a_choice_has_one_name_for_each_type(schema):
    names = [name for name in schema.properties("Observation") if name.startswith("value")]
    assert names[:3] == ["valueQuantity", "valueCodeableConcept", "valueString"]
    assert schema.properties("Observation")["valueQuantity"].step == "value.ofType(Quantity)"


def test_a_backbone_element_is_a_type_named_by_its_path(schema):
    assert schema.properties("Patient")["contact"].type == "Patient.contact"
    assert "relationship" in schema.properties("Patient.contact")


@pytest.mark.parametrize(
    "path", ["Patient.none", "Patient.name", "Patient.", "a.b", ".", "http://example.org/Patient"]
)
def test_a_path_that_leads_to_no_backbone_element_is_no_type(schema, path):
    assert schema.kind("Patient.contact") == "backbone"
    assert schema.kind(path) is None


def test_a_content_reference_has_the_type_of_what_it_names(schema):
    assert (
        schema.properties("Observation.component")["referenceRange"].type
        == "Observation.referenceRange"
    )
    assert schema.properties("Questionnaire.item")["item"].type == "Questionnaire.item"


def test_lists_are_lists_by_the_base_cardinality(schema):
    assert schema.properties("Patient")["name"].is_list
    assert not schema.properties("Patient")["birthDate"].is_list


def test_bindings_and_constraints_are_kept(schema):
    gender = schema.properties("Patient")["gender"].element
    assert gender.binding is not None
    assert (gender.binding.strength, gender.binding.value_set) == (
        "required",
        "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1",
    )
    assert "per-1" in [c.key for c in schema.type("Period").root.constraints]


def test_an_id_has_the_fhir_type_behind_the_system_type(schema):
    assert schema.properties("Element")["id"].type == "string"


def test_only_types_that_can_be_instantiated_are_resources(schema):
    assert schema.is_resource("Patient")
    assert not schema.is_resource("DomainResource")
    assert not schema.is_resource("HumanName")
    assert not schema.is_resource("Nonsense")


def test_a_name_that_is_no_type_is_an_error(schema):
    with pytest.raises(UnknownType):
        schema.type("Nonsense")
    with pytest.raises(UnknownType):
        schema.type("Patient.nonsense")


def test_schemas_are_frozen(schema):
    with pytest.raises(dataclasses.FrozenInstanceError):
        schema.type("Patient").name = "Other"


def test_the_tree_of_a_definition_is_built_once_however_often_it_is_read(schema):
    url = "http://hl7.org/fhir/StructureDefinition/bp"
    read = [core().fetch("StructureDefinition", each) for each in (url, f"{url}|4.0.1")]
    copy = json.loads(json.dumps(read[0]))
    assert schema.profile_tree(copy) is schema.profile_tree(read[1])
    assert schema.profile_tree(copy) is not Schema(core()).profile_tree(copy | {})
