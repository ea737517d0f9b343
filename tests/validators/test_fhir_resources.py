"""fhir.resources as a plug-in: a second opinion through the entry point, with its extra
installed.
"""

from __future__ import annotations

import pytest

from bulkfhir.engine import import_job
from tests.late import Late, needs

pytestmark = needs("fhir.resources", "the extra bulkfhir[fhir-resources] is not installed")

plug_in = Late("bulkfhir.validators.fhir_resources")


@pytest.mark.parametrize(
    ("line", "resource_type", "resource_id", "rules"),
    [
        (b'{"resourceType":"Patient","id":"a"}', "Patient", "a", []),
        (b'{"resourceType":"Patient","id":"a","fooBar":1}', "Patient", "a", ["extra_forbidden"]),
        (
            b'{"resourceType":"Observation","id":"a","status":"final"}',
            "Observation",
            "a",
            ["missing"],
        ),
        (
            b'{"resourceType":"Patient","id":"a","name":[{"family":3}]}',
            "Patient",
            "a",
            ["string_type"],
        ),
        (b'{"resourceType":"Foo"}', "Foo", None, ["resource-type"]),
        (b'{"resourceType":"HumanName"}', "HumanName", None, ["resource-type"]),
        (b'{"resourceType":3,"id":4}', None, None, ["resource-type"]),
        (b"{}", None, None, ["resource-type"]),
        (b"[]", None, None, ["json"]),
        (b"{", None, None, ["json"]),
    ],
)
def test_its_verdicts_are_ours_in_form(line, resource_type, resource_id, rules):
    verdict = plug_in.FhirResourcesValidator().validate(line)
    assert (verdict.resource_type, verdict.resource_id) == (resource_type, resource_id)
    assert [issue.rule for issue in verdict.issues] == rules


def test_locations_are_paths_from_the_resource():
    verdict = plug_in.FhirResourcesValidator().validate(
        b'{"resourceType":"Patient","name":[{},{"family":3}]}'
    )
    assert [issue.location for issue in verdict.issues] == ["Patient.name[1].family"]


def test_it_gives_a_second_opinion_in_a_job(tmp_path):
    (tmp_path / "a.ndjson").write_bytes(
        b'{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","id":"b","active":"true"}\n'
    )
    result = import_job(
        tmp_path / "a.ndjson",
        tmp_path / "out",
        level="structure-only",
        workers=1,
        validators=["fhir-resources"],
    )
    opinions = result.summary.opinions["fhir-resources"]
    assert opinions["agrees"] == 1
    assert opinions["accepts"] == 1
