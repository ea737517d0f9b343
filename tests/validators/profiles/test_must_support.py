"""The elements of a profile that must be supported, as paths."""

from __future__ import annotations

from bulkfhir.validators.definitions import core, type_url
from bulkfhir.validators.profiles.must_support import must_support


def element(identity, **members):
    path = ".".join(step.partition(":")[0] for step in identity.split("."))
    return {"id": identity, "path": path, "max": "1", "mustSupport": True, **members}


def paths(*elements):
    root = {"id": "Patient", "path": "Patient", "max": "*"}
    return dict(must_support({"snapshot": {"element": [root, *elements]}}))


def test_an_element_is_its_path_and_a_choice_one_of_its_types():
    kinds = [{"code": "boolean"}, {"code": "dateTime"}]
    found = paths(element("Patient.name", max="*"), element("Patient.deceased[x]", type=kinds))
    assert found == {
        "Patient.name": ("Patient.name",),
        "Patient.deceased[x]": ("Patient.deceasedBoolean", "Patient.deceasedDateTime"),
    }


def test_an_extension_is_told_by_its_url_and_a_choice_by_the_slice_of_a_type():
    kind = [{"code": "Extension", "profile": ["http://e|1"]}]
    found = paths(
        element("Patient.extension:race", type=kind),
        element("Patient.deceased[x]", mustSupport=False, type=[]),
        element("Patient.deceased[x]:deceasedBoolean", type=[{"code": "boolean"}]),
    )
    assert found == {
        "Patient.extension:race": ("Patient.extension:http://e",),
        "Patient.deceased[x]:deceasedBoolean": ("Patient.deceasedBoolean",),
    }


def test_what_a_path_does_not_tell_is_left_out():
    found = paths(
        element("Patient.identifier", mustSupport=False, max="*"),
        element("Patient.identifier:mrn"),
        element("Patient.identifier:mrn.value"),
        element("Patient.contact", mustSupport=False, max="*"),
        element("Patient.contact.value[x]", type=[{"code": "string"}]),
        element("Patient.link", mustSupport=False),
    )
    assert found == {}


def test_the_vital_signs_of_fhir_have_some():
    definition = core().fetch("StructureDefinition", type_url("vitalsigns"))
    found = dict(must_support(definition))
    assert found["Observation.status"] == ("Observation.status",)
    assert "Observation.valueQuantity" in found["Observation.value[x]"]
