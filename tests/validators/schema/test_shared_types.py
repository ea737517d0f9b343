"""Types that are shared: those of R4 are compiled once a process, whoever asks for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.definitions import core
from bulkfhir.validators.definitions.packages import Packages
from bulkfhir.validators.schema import Schema, UnknownType, schema_of
from bulkfhir.validators.schema.snapshot import UsableSnapshots

PACKAGE = Path(__file__).resolve().parents[3] / "fixtures/packages/example.profiles"
OF_PACKAGE = "http://example.org/fhir/StructureDefinition/typed"


@pytest.mark.parametrize("packages", [(), (str(PACKAGE),)], ids=["R4", "a package"])
def test_validators_share_the_types_of_r4(packages: tuple[str, ...]) -> None:
    one, other = (Validator(native=False, packages=packages)._errors.schema for _ in range(2))
    for name in ("Patient", "Patient.contact", "HumanName", "string"):
        assert one.type(name) is other.type(name) is schema_of(core()).type(name)


def test_what_a_package_has_is_known_to_its_own_schema_alone() -> None:
    own = schema_of(UsableSnapshots(Packages([str(PACKAGE)])))
    assert own.head(OF_PACKAGE) is not None
    assert own.head(OF_PACKAGE + "|0.0") is None
    assert schema_of(core()).head(OF_PACKAGE) is None
    assert own.head("http://hl7.org/fhir/StructureDefinition/bp|4.0.1") is not None


def test_what_no_type_has_compiles_none_again() -> None:
    contact = schema_of(core()).type("Patient.contact")
    for _ in range(2):
        with pytest.raises(UnknownType):
            schema_of(core()).type("Patient.nonsense")
    assert schema_of(core()).type("Patient.contact") is contact


def test_threads_that_ask_at_once_are_handed_the_same_types() -> None:
    names = ("Bundle.entry.resource", "Bundle.entry", "Bundle", "Patient.contact", "Patient") * 4
    schema = Schema(core())

    def asked(name: str) -> object:
        try:
            return schema.type(name)
        except UnknownType:
            return None

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(asked, names))
    assert [id(each) for each in found] == [id(each) for each in found[:5]] * 4
    assert found[1] is not None
