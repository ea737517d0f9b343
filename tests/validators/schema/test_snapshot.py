"""Snapshots made from differentials: each way a differential can narrow its base, and agreement
with the snapshots that real packages ship.
"""

import json
import pathlib
import tarfile

import orjson
import pytest

from bulkfhir.validators.definitions import core, type_url
from bulkfhir.validators.definitions.trim import trim
from bulkfhir.validators.errors import DefinitionError
from bulkfhir.validators.schema.snapshot import Snapshots, UsableSnapshots, snapshot

SHARED = pathlib.Path(__file__).resolve().parents[3] / "../shared/packages"
BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}
BY_CODE = {"discriminator": [{"type": "pattern", "path": "code"}], "rules": "open"}
BY_TYPE = [{"type": "type", "path": "$this"}]


class Known:
    """The core and some more StructureDefinitions."""

    def __init__(self, *more):
        self.more = {definition["url"]: definition for definition in more}

    def fetch(self, kind, url):
        return self.more.get(url) or core().fetch(kind, url)

    def urls(self, kind):
        return iter((*core().urls(kind), *self.more))

    def all(self, kind):
        return iter(self.more.values())


def profile(*elements, base="Observation", url="http://example.org/p", kind="Observation"):
    """A profile with a differential.

    An element is (id, {...}); path and sliceName follow from the id.
    """
    listed = []
    for identifier, stated in elements:
        steps = [step.partition(":") for step in identifier.split(".")]
        named = {"sliceName": steps[-1][2]} if steps[-1][2] else {}
        listed.append(
            {"id": identifier, "path": ".".join(step[0] for step in steps), **named, **stated}
        )
    base_url = base if "://" in base else type_url(base)
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "type": kind,
        "derivation": "constraint",
        "baseDefinition": base_url,
        "differential": {"element": listed},
    }


def made(definition, *others):
    """id -> element of the snapshot that is made."""
    return {element["id"]: element for element in snapshot(definition, Snapshots(Known(*others)))}


def types(element):
    return [entry["code"] for entry in element["type"]]


def test_a_differential_that_says_nothing_gives_the_bases_snapshot():
    base = core().fetch("StructureDefinition", type_url("Observation"))["snapshot"]["element"]
    found = snapshot(profile(), Snapshots(core()))
    elsewhere = {"constraint": [], "contentReference": ""}
    assert [element | elsewhere for element in found] == [element | elsewhere for element in base]
    assert [[c["key"] for c in element.get("constraint", ())] for element in found] == [
        [c["key"] for c in element.get("constraint", ())] for element in base
    ]


def test_a_reference_to_an_element_is_to_that_of_the_base_type():
    found = made(profile())
    assert (
        found["Observation.component.referenceRange"]["contentReference"]
        == type_url("Observation") + "#Observation.referenceRange"
    )


def test_what_is_stated_replaces_and_constraints_add_up():
    found = made(
        profile(
            (
                "Observation.subject",
                {"min": 1, "type": [{"code": "Reference", "targetProfile": [type_url("Patient")]}]},
            ),
            (
                "Observation.status",
                {
                    "fixedCode": "final",
                    "binding": {"strength": "required", "valueSet": "http://example.org/vs"},
                },
            ),
            (
                "Observation.note",
                {
                    "max": "2",
                    "constraint": [
                        {"key": "x-1", "severity": "error", "expression": "true"},
                        {"key": "ele-1", "severity": "warning"},
                    ],
                },
            ),
        )
    )
    assert (found["Observation.subject"]["min"], found["Observation.subject"]["max"]) == (1, "1")
    assert found["Observation.subject"]["type"] == [
        {"code": "Reference", "targetProfile": [type_url("Patient")]}
    ]
    assert found["Observation.status"]["fixedCode"] == "final"
    assert found["Observation.status"]["binding"]["valueSet"] == "http://example.org/vs"
    note = found["Observation.note"]
    assert (note["max"], note["base"]["max"]) == ("2", "*")
    assert [(c["key"], c["severity"]) for c in note["constraint"]] == [
        ("ele-1", "error"),
        ("x-1", "error"),
    ]
    assert note["constraint"][1]["source"] == "http://example.org/p"


def test_a_pattern_replaces_a_bases_pattern_of_another_type():
    base = profile(("Observation.value[x]", {"patternString": "a"}), url="http://example.org/base")
    element = made(
        profile(("Observation.value[x]", {"patternInteger": 1}), base="http://example.org/base"),
        base,
    )["Observation.value[x]"]
    assert {key: value for key, value in element.items() if key.startswith("pattern")} == {
        "patternInteger": 1
    }


def test_a_binding_goes_when_no_type_that_is_left_can_have_one():
    bound = profile(
        (
            "Observation.value[x]",
            {"binding": {"strength": "required", "valueSet": "http://example.org/vs"}},
        ),
        url="http://example.org/base",
    )
    found = made(
        profile(
            ("Observation.value[x]", {"type": [{"code": "Period"}]}), base="http://example.org/base"
        ),
        bound,
    )
    assert "binding" not in found["Observation.value[x]"]


def test_elements_stand_in_the_bases_order_whatever_the_differentials():
    found = list(
        made(
            profile(
                ("Observation.note", {"max": "1"}),
                ("Observation.code", {"min": 1}),
                ("Observation.status", {"min": 1}),
            )
        )
    )
    assert found == [
        element["id"]
        for element in core().fetch("StructureDefinition", type_url("Observation"))["snapshot"][
            "element"
        ]
    ]


def test_a_datatype_is_unfolded_when_the_differential_goes_into_it():
    found = made(
        profile(
            ("Observation.code.coding", {"min": 1}), ("Observation.code.coding.system", {"min": 1})
        )
    )
    assert list(found)[list(found).index("Observation.code") :][:12] == [
        "Observation.code",
        "Observation.code.id",
        "Observation.code.extension",
        "Observation.code.coding",
        "Observation.code.coding.id",
        "Observation.code.coding.extension",
        "Observation.code.coding.system",
        "Observation.code.coding.version",
        "Observation.code.coding.code",
        "Observation.code.coding.display",
        "Observation.code.coding.userSelected",
        "Observation.code.text",
    ]
    assert found["Observation.code.coding.system"]["min"] == 1
    assert found["Observation.code.coding.system"]["base"]["path"] == "Coding.system"


def test_a_profile_on_a_datatype_is_what_is_unfolded():
    quantity = profile(
        ("Quantity.unit", {"min": 1}), base="Quantity", url="http://example.org/q", kind="Quantity"
    )
    value = {"type": [{"code": "Quantity", "profile": ["http://example.org/q"]}]}
    found = made(
        profile(("Observation.value[x]", value), ("Observation.value[x].code", {"min": 1})),
        quantity,
    )
    assert (
        found["Observation.value[x].unit"]["min"],
        found["Observation.value[x].code"]["min"],
    ) == (1, 1)


def test_a_content_reference_is_unfolded_when_the_differential_goes_into_it():
    found = made(profile(("Observation.component.referenceRange.low", {"min": 1})))
    reference = found["Observation.component.referenceRange"]
    assert "contentReference" not in reference
    assert types(reference) == ["BackboneElement"]
    assert found["Observation.component.referenceRange.low"]["min"] == 1
    assert found["Observation.referenceRange.low"]["min"] == 0


def test_extensions_are_sliced_by_url_and_take_the_definitions_maximum():
    extension = profile(
        ("Extension", {"max": "1"}), base="Extension", url="http://example.org/e", kind="Extension"
    )
    found = made(
        profile(
            (
                "Observation.extension:e",
                {"type": [{"code": "Extension", "profile": ["http://example.org/e"]}]},
            )
        ),
        extension,
    )
    assert found["Observation.extension"]["slicing"] == BY_URL
    assert (found["Observation.extension:e"]["min"], found["Observation.extension:e"]["max"]) == (
        0,
        "1",
    )
    assert "slicing" not in found["Observation.extension:e"]


def test_slices_come_after_their_elements_children_and_start_optional():
    sliced = profile(
        ("Observation.component", {"slicing": BY_CODE, "min": 2}),
        ("Observation.component:a", {"max": "1"}),
        ("Observation.component:a.code", {"patternCodeableConcept": {"text": "a"}}),
        ("Observation.component:b", {"min": 1}),
    )
    found = made(sliced)
    tail = [i for i in found if i.startswith("Observation.component")]
    assert (
        tail.index("Observation.component.referenceRange")
        < tail.index("Observation.component:a")
        < tail.index("Observation.component:b")
    )
    assert [
        (found[i]["min"], found[i]["max"])
        for i in ("Observation.component", "Observation.component:a", "Observation.component:b")
    ] == [
        (2, "*"),
        (0, "1"),
        (1, "*"),
    ]
    assert found["Observation.component:a.code"]["patternCodeableConcept"] == {"text": "a"}
    assert "patternCodeableConcept" not in found["Observation.component:b.code"]
    assert found["Observation.component:a"]["sliceName"] == "a"


def test_what_stands_beside_the_slicing_holds_for_every_slice():
    sliced = profile(
        ("Observation.component", {"slicing": BY_CODE}),
        ("Observation.component.value[x]", {"min": 1}),
        ("Observation.component:a", {}),
        ("Observation.component:b", {}),
        ("Observation.component:b.value[x]", {"max": "0", "min": 0}),
    )
    found = made(sliced)
    assert [found[f"Observation.component{name}.value[x]"]["min"] for name in ("", ":a", ":b")] == [
        1,
        1,
        0,
    ]


def test_a_slice_of_the_base_is_narrowed_where_it_stands_and_new_ones_follow():
    base = profile(
        ("Observation.component", {"slicing": BY_CODE}),
        ("Observation.component:a", {}),
        ("Observation.component:b", {"max": "3"}),
        url="http://example.org/base",
    )
    derived = profile(
        ("Observation.component:c", {}),
        ("Observation.component:a.code.text", {"min": 1}),
        ("Observation.component:b", {"min": 1}),
        base="http://example.org/base",
    )
    found = made(derived, base)
    assert [i for i in found if i.startswith("Observation.component:") and "." not in i[12:]] == [
        f"Observation.component:{name}" for name in "abc"
    ]
    assert found["Observation.component:a.code.text"]["min"] == 1
    assert (found["Observation.component:b"]["min"], found["Observation.component:b"]["max"]) == (
        1,
        "3",
    )
    assert found["Observation.component"]["slicing"] == BY_CODE


def test_a_slice_is_sliced_again_from_itself():
    resliced = profile(
        ("Observation.component", {"slicing": BY_CODE}),
        ("Observation.component:a", {"max": "4"}),
        ("Observation.component:a.interpretation", {"max": "0"}),
        ("Observation.component:a/x", {"min": 1}),
        ("Observation.component:b", {}),
    )
    found = made(resliced)
    assert (
        found["Observation.component:a/x"]["min"],
        found["Observation.component:a/x"]["max"],
    ) == (1, "4")
    assert found["Observation.component:a/x.interpretation"]["max"] == "0"
    assert found["Observation.component:b.interpretation"]["max"] == "*"


def test_the_short_form_of_a_choice_is_a_slice_by_type():
    found = made(
        profile(
            ("Observation.valueQuantity", {"min": 1}),
            ("Observation.valueQuantity.unit", {"min": 1}),
        )
    )
    choice, quantity = found["Observation.value[x]"], found["Observation.value[x]:valueQuantity"]
    assert (types(choice), choice["min"]) == (["Quantity"], 1)
    assert choice["slicing"] == {"discriminator": BY_TYPE, "ordered": False, "rules": "closed"}
    assert (types(quantity), quantity["min"], quantity["path"], quantity["sliceName"]) == (
        ["Quantity"],
        1,
        "Observation.value[x]",
        "valueQuantity",
    )
    assert found["Observation.value[x]:valueQuantity.unit"]["min"] == 1


def test_several_short_forms_leave_their_types():
    found = made(
        profile(
            ("Observation.valueQuantity", {"max": "1"}),
            ("Observation.valueString", {"maxLength": 5}),
        )
    )
    assert types(found["Observation.value[x]"]) == ["Quantity", "string"]
    assert found["Observation.value[x]:valueString"]["maxLength"] == 5


def test_type_slices_beside_a_stated_slicing_leave_the_other_types():
    stated = ("Observation.value[x]", {"slicing": {"discriminator": BY_TYPE, "rules": "open"}})
    found = made(
        profile(stated, ("Observation.value[x]:valueQuantity", {"type": [{"code": "Quantity"}]}))
    )
    assert len(types(found["Observation.value[x]"])) == 11
    assert found["Observation.value[x]"]["slicing"]["rules"] == "open"


def test_a_short_form_inside_a_slice_is_the_choice_itself():
    sliced = profile(
        ("Observation.component", {"slicing": BY_CODE}),
        ("Observation.component:a", {}),
        ("Observation.component:a.valueQuantity", {"min": 1}),
        ("Observation.component:a.valueQuantity.code", {"fixedCode": "mm"}),
    )
    found = made(sliced)
    assert types(found["Observation.component:a.value[x]"]) == ["Quantity"]
    assert "slicing" not in found["Observation.component:a.value[x]"]
    assert found["Observation.component:a.value[x].code"]["fixedCode"] == "mm"
    assert len(types(found["Observation.component.value[x]"])) == 11


def test_element_ids_may_be_missing():
    with_ids = profile(
        ("Observation.component", {"slicing": BY_CODE}),
        ("Observation.component:a", {"max": "1"}),
        ("Observation.component:a.code", {"min": 1}),
        ("Observation.component:b", {}),
        ("Observation.component:b.code.text", {"min": 1}),
    )
    without_ids = json.loads(json.dumps(with_ids))
    for element in without_ids["differential"]["element"]:
        del element["id"]
    assert made(without_ids) == made(with_ids)


def test_a_slice_may_be_named_without_standing_in_the_differential_itself():
    base = profile(
        ("Observation.component", {"slicing": BY_CODE}),
        ("Observation.component:a", {}),
        url="http://example.org/base",
    )
    found = made(
        profile(("Observation.component:a.code.text", {"min": 1}), base="http://example.org/base"),
        base,
    )
    assert found["Observation.component:a.code.text"]["min"] == 1
    assert "Observation.component.code.text" not in found


def test_bases_without_snapshots_are_completed_first_and_once():
    grand = profile(("Observation.subject", {"min": 1}), url="http://example.org/1")
    parent = profile(
        ("Observation.device", {"min": 1}), base="http://example.org/1", url="http://example.org/2"
    )
    definitions = Snapshots(Known(grand, parent, profile(base="http://example.org/2")))
    child = definitions.fetch("StructureDefinition", "http://example.org/p")
    found = {element["id"]: element["min"] for element in child["snapshot"]["element"]}
    assert (found["Observation.subject"], found["Observation.device"]) == (1, 1)
    assert definitions.fetch("StructureDefinition", "http://example.org/p") is child
    assert "snapshot" not in grand


def test_a_shipped_snapshot_is_left_alone():
    shipped = {
        **profile(("Observation.subject", {"min": 1})),
        "snapshot": {"element": [{"id": "Observation", "path": "Observation"}]},
    }
    assert Snapshots(Known(shipped)).fetch("StructureDefinition", "http://example.org/p") is shipped


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            profile(base="http://example.org/none"),
            (
                "http://example.org/p, element 'Observation': its base http://example.org/none is "
                "not "
                "known"
            ),
        ),
        (
            profile(("Observation.subjekt", {"min": 1})),
            "element 'Observation.subjekt': its base has no such element",
        ),
        (
            profile(("Observation.valueAddress", {"min": 1})),
            "element 'Observation.valueAddress': its base has no such element",
        ),
        (
            profile(("Observation.component:a", {}), ("Observation.component:b", {})),
            r"is sliced \(a, b\) without saying by what",
        ),
        (
            profile(
                ("Observation.component", {"slicing": BY_CODE}), ("Observation.component:a/x", {})
            ),
            "there is no slice 'a' to slice again",
        ),
        (
            profile(("Observation.note.author[x].x", {"min": 1})),
            r"element 'Observation.note.author\[x\].x': its base has no such element",
        ),
    ],
)
def test_a_differential_that_does_not_fit_its_base_names_profile_and_element(definition, message):
    with pytest.raises(DefinitionError, match=message):
        made(definition)


def test_a_profile_that_is_its_own_base_is_refused():
    one = profile(base="http://example.org/2", url="http://example.org/1")
    two = profile(base="http://example.org/1", url="http://example.org/2")
    with pytest.raises(DefinitionError, match="is its own base or part"):
        Snapshots(Known(one, two)).fetch("StructureDefinition", "http://example.org/1")


# What validation reads of an element.
_COMPARED = ("path", "sliceName", "min", "max", "maxLength")


def _summary(element):
    summary = {key: element.get(key) for key in _COMPARED}
    summary |= {
        key: value
        for key, value in element.items()
        if key.startswith(("fixed", "pattern", "minValue", "maxValue"))
    }
    summary["type"] = sorted(
        (t["code"], sorted(t.get("profile", ())), sorted(t.get("targetProfile", ())))
        for t in element.get("type", ())
    )
    summary["binding"] = [element.get("binding", {}).get(key) for key in ("strength", "valueSet")]
    slicing = element.get("slicing", {})
    summary["slicing"] = [
        slicing.get("discriminator", []),
        slicing.get("ordered", False),
        slicing.get("rules"),
    ]
    summary["constraint"] = sorted(
        constraint["key"] for constraint in element.get("constraint", ())
    )
    summary["contentReference"] = (
        element.get("contentReference", "").partition("#")[2].partition(":")[0]
    )
    return summary


# Package, what it needs beside it, and how many of its elements differ from the shipped snapshots.
# Every difference is one of four: publishers of that time did not repeat for every slice what a
# differential says beside the slicing (as HL7's validator does now); they copied the invariants of
# a datatype into elements with a profile on it; they left the other types where only
# ``valueQuantity`` is named; they dropped the unfolded children of an element when slices were
# added to it.
_SHIPPED = {
    "hl7.fhir.us.carin-bb-2.0.0": ("hl7.fhir.us.core-3.1.1", 26),
    "hl7.fhir.us.core-3.1.1": (None, 30),
    "hl7.fhir.us.core-4.0.0": (None, 30),
    "hl7.fhir.us.core-6.1.0": (None, 19),
    "hl7.fhir.us.core-7.0.0": (None, 19),
    "hl7.fhir.us.davinci-drug-formulary-2.0.1": (None, 7),
    "hl7.fhir.us.davinci-pdex-2.0.0": ("hl7.fhir.us.core-3.1.1", 9),
    "hl7.fhir.uv.ips-1.1.0": (None, 197),
    "mit.fhir.mimic-0.1.2": ("hl7.fhir.us.core-4.0.0", 0),
}
_NEEDS_ABSENT = {"us-core-questionnaireresponse"}  # its base is in hl7.fhir.uv.sdc


def _structures(name):
    with tarfile.open(SHARED / f"{name}.tgz") as tar:
        for member in tar:
            if member.name.startswith("package/StructureDefinition-"):
                yield orjson.loads(tar.extractfile(member).read())


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/packages beside the project")
@pytest.mark.parametrize("name", _SHIPPED)
def test_generated_snapshots_agree_with_those_a_package_ships(name):
    beside, allowed = _SHIPPED[name]
    own = [definition for definition in _structures(name) if definition["id"] not in _NEEDS_ABSENT]
    definitions = Snapshots(Known(*map(trim, [*(_structures(beside) if beside else ()), *own])))
    differing = elements = 0
    for definition in own:
        shipped = {
            element["id"]: _summary(element) for element in definition["snapshot"]["element"]
        }
        found = {
            element["id"]: _summary(element)
            for element in snapshot(trim({**definition, "snapshot": {}}), definitions)
        }
        assert [i for i in found if i in shipped] == [i for i in shipped if i in found], (
            f"order of {definition['url']}"
        )
        elements += len(shipped)
        differing += sum(found.get(i) != shipped[i] for i in shipped)
    assert elements > 400
    assert differing == allowed, f"{differing} of {elements} elements"


@pytest.mark.parametrize(("number", "is_made"), [(39, True), (40, False), (2_999, False)])
def test_a_long_chain_of_bases_is_refused_whichever_was_made_before(number, is_made):
    """Each base takes stack: 3,000 would take more than there is."""

    class Chain:
        def fetch(self, kind, url):
            start, _, name = url.rpartition("/")
            if start != "http://example.org/chain":
                return core().fetch(kind, url)
            base = (
                f"{start}/{int(name) - 1}"
                if name != "0"
                else "http://hl7.org/fhir/StructureDefinition/Patient"
            )
            return {
                "resourceType": "StructureDefinition",
                "url": url,
                "type": "Patient",
                "kind": "resource",
                "derivation": "constraint",
                "baseDefinition": base,
                "differential": {"element": [{"id": "Patient.active", "path": "Patient.active"}]},
            }

    for made in (Snapshots(Chain()), UsableSnapshots(Chain())):
        url = f"http://example.org/chain/{number}"
        if is_made or isinstance(made, UsableSnapshots):
            assert (made.fetch("StructureDefinition", url) is not None) is is_made
        else:
            with pytest.raises(DefinitionError, match="more than 40 deep"):
                made.fetch("StructureDefinition", url)
