"""Mutations of meaning: references, codings, quantities, identifiers, narratives, extensions,
contained resources, meta.
"""

from __future__ import annotations

import copy
from typing import Any

from primitives import DIV, primitive
from sites import Case, kind

__all__: list[str] = []

Json = dict[str, Any]

_FORMS = (
    "Patient?identifier=x|y",
    "patient/1",
    "123",
    "Patient/1#frag",
    "#nothere",
    "urn:oid:1.2.3",
    "#",
    "",
    "Patient/a b",
    "Patient/",
    "Patient/1/_history/2",
    "urn:uuid:x",
    "/Patient/1",
    "http://x.org/Patient/1",
    "http://x.org/fhir/Patient/1/_history/3",
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
    "Patient/1/",
    "Patient/1/x",
    "Patient/1/_history/",
    "Patient/" + "x" * 65,
    "Patient/x_y",
    "https://x.org/Patient?identifier=1",
    "http://x.org/y",
    "ftp://x.org/Patient/1",
    "mailto:a@b.example",
    "Patient",
    "Patient//1",
    "../Patient/1",
    "http://x.org/Patient/a b",
    "Patient/1|2",
    "Patient/1?x=y",
    "urn:oid:1.2.x",
    " Patient/1",
    "Patient/1 ",
    "Patient/1\n",
    "PATIENT/1",
    "http://Patient/1",
    "cid:x",
    "Patient/ä",
    "foo:bar",
)

_SYSTEMS = (
    "rel",
    "urn:oid:2.16.840.1.113883.6.1",
    "http://loinc.org",
    "http://snomed.info/sct",
    "http://hl7.org/fhir/ValueSet/observation-status",
    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
)
_FULL_URIS = (
    "123",
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
    "urn:oid:1.2.3",
    "urn:oid:5.1",
    "http://x.org/a b",
    " urn:oid:1.2.3",
    "http://x.org",
    "mailto:x",
    "relative/path",
    "urn:uuid:1",
)
_IDENTIFIER_SYSTEMS = (
    "rel",
    "urn:oid:1.2.3",
    "urn:oid:3.1",
    "http://a b",
    "urn:uuid:1",
    "#x",
    "foo:bar",
    "http://hl7.org/fhir/sid/us-npi",
    "http://hl7.org/fhir/sid/us-ssn",
    "URN:OID:1.2.3",
)


def _references(case: Case) -> list[Json]:
    return [holder for holder, context, _ in case.objects() if context == "Reference"]


def _reference(case: Case) -> Json | None:
    found = [r for r in _references(case) if isinstance(r.get("reference"), str)]
    return case.rng.choice(found) if found else None


@kind("reference-form")
def reference_form(case: Case) -> str | None:
    found = _reference(case)
    if found is None:
        return None
    found["reference"] = case.rng.choice(_FORMS)
    return "reference"


@kind("reference-other-type")
def reference_other_type(case: Case) -> str | None:
    found = _reference(case)
    if found is None:
        return None
    name = case.rng.choice(
        (
            "Location",
            "Binary",
            "Patient",
            "Medication",
            "Observation",
            "Foo",
            "Practitioner",
            "Organization",
            case.rng.choice(case.catalogue.resource_types),
        )
    )
    found["reference"] = case.rng.choice(
        ("{}/1", "{}/1", "http://x.org/fhir/{}/1", "{}/1/_history/2", "{}?identifier=1")
    ).format(name)
    return "reference"


@kind("reference-type-element")
def reference_type_element(case: Case) -> str | None:
    found = _references(case)
    if not found:
        return None
    case.rng.choice(found)["type"] = case.rng.choice(
        (
            "Patient",
            "Medication",
            "Foo",
            "http://hl7.org/fhir/StructureDefinition/Patient",
            "patient",
            "Resource",
            "",
            case.rng.choice(case.catalogue.resource_types),
        )
    )
    return "type"


@kind("reference-logical")
def reference_logical(case: Case) -> str | None:
    """A Reference without a reference: by identifier, by display, by nothing but an id."""
    found = _references(case)
    if not found:
        return None
    reference = case.rng.choice(found)
    reference.clear()
    reference.update(
        case.rng.choice(
            (
                {"identifier": {"value": "1"}},
                {"identifier": {"system": "rel", "value": "1"}},
                {"display": "x"},
                {"type": "Patient"},
                {"id": "r1"},
                {"identifier": {}},
                {"type": "Binary", "identifier": {"value": "1"}},
            )
        )
    )
    return "reference"


_INNER: tuple[Json, ...] = (
    {"resourceType": "Patient", "id": "c1"},
    {"resourceType": "Patient"},
    {"id": "c1"},
    {"resourceType": "Foo", "id": "c1"},
    {"resourceType": "Observation", "id": "c1"},
    {"resourceType": "Organization", "id": "c1", "name": "x"},
    {"resourceType": "Organization", "id": "c1", "name": "x", "meta": {"versionId": "1"}},
    {
        "resourceType": "Organization",
        "id": "c1",
        "name": "x",
        "meta": {"lastUpdated": "2020-01-01T00:00:00Z"},
    },
    {
        "resourceType": "Organization",
        "id": "c1",
        "name": "x",
        "meta": {
            "security": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}
            ]
        },
    },
    {"resourceType": "Patient", "id": "c1", "contained": [{"resourceType": "Patient", "id": "c2"}]},
    {"resourceType": "Patient", "id": "#c1"},
    {"resourceType": "Patient", "id": "c_1"},
    {
        "resourceType": "Patient",
        "id": "c1",
        "text": {"status": "generated", "div": DIV.format("<p>x</p>")},
    },
    {"resourceType": "Patient", "id": "c1", "managingOrganization": {"reference": "#"}},
    {"resourceType": "Patient", "id": "c1", "managingOrganization": {"reference": "#c9"}},
    {"resourceType": "Binary", "id": "c1", "contentType": "text/plain", "data": "aGk="},
    {
        "resourceType": "Provenance",
        "id": "c1",
        "target": [{"reference": "#"}],
        "recorded": "2020-01-01T00:00:00Z",
        "agent": [{"who": {"display": "x"}}],
    },
)


@kind("contained")
def contained(case: Case) -> str | None:
    """A contained resource of many sorts, referred to or not, by a reference of the resource or by
    an extension.
    """
    if "contained" not in case.catalogue.properties(str(case.resource.get("resourceType"))):
        return None
    inner = copy.deepcopy(case.rng.choice(_INNER))
    case.resource["contained"] = case.rng.choice(
        (
            [inner],
            [inner],
            [inner, copy.deepcopy(inner)],
            inner,
            [inner, {"resourceType": "Patient", "id": "c2"}],
        )
    )
    link = "#" + str(inner.get("id", "c1"))
    how = case.rng.random()
    found = _references(case)
    if how < 0.4 and found:
        reference = case.rng.choice(found)
        reference.clear()
        reference["reference"] = link
    elif how < 0.7 and isinstance(case.resource.get("extension", []), list):
        case.resource.setdefault("extension", []).append(
            {"url": "http://example.org/e", "valueReference": {"reference": link}}
        )
    elif how < 0.8:
        case.resource.setdefault("extension", []).append(
            {"url": "http://example.org/e", "valueCanonical": link}
        )
    return "contained"


@kind("meta")
def meta(case: Case) -> str | None:
    key = case.rng.choice(
        ("versionId", "lastUpdated", "source", "profile", "security", "tag", "extension")
    )
    value = case.rng.choice(
        (
            "2020-01-01T00:00:00Z",
            "2020-01-01",
            "a b",
            "x",
            ["not a uri"],
            ["http://x.org/p"],
            [{"system": "s"}],
            [{"system": "http://x.org", "code": "c"}],
            ["http://x.org/p|1.0"],
            [],
            "http://x.org",
            ["http://hl7.org/fhir/StructureDefinition/Patient"],
            ["http://hl7.org/fhir/StructureDefinition/vitalsigns"],
            [{"code": "N", "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"}],
            [
                {
                    "code": "bogus",
                    "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                }
            ],
            [{"url": "http://example.org/e", "valueString": "x"}],
            [None],
        )
    )
    case.resource["meta"] = (
        {**(case.resource.get("meta") or {}), key: value}
        if isinstance(case.resource.get("meta", {}), dict)
        else {key: value}
    )
    return "meta"


_DIVS = (
    "",
    " ",
    "\u00a0",
    "<p> </p>",
    "<p>x</p>",
    "<!-- c --><p>x</p>",
    "&foo;",
    "&nbsp;x&copy;",
    "&#160;x",
    "&#xa9;",
    "&lt;b&gt;",
    "&apos;x",
    "a & b",
    "a < b",
    '<p onclick="x">y</p>',
    '<p style="color:red" class="c">x</p>',
    '<img src="a.png"/>',
    '<img src="a.png" alt="a"/>',
    '<img src="#a1" alt="x"/>',
    '<img src="data:image/png;base64,AA=="/>',
    "<script>x</script>",
    "<form>q</form>",
    "<p>x",
    "<p>x</b></p>",
    '<a href="#x" name="y">z</a>',
    '<a name="k"/><a href="#k">z</a>',
    '<p id="k">a</p><a href="#k">z</a>',
    '<a href="http://example.org">z</a>',
    '<a href="javascript:x">z</a>',
    '<a href="Patient/1">z</a>',
    '<a href="mailto:x@y.example">z</a>',
    '<a href="">z</a>',
    "<a>z</a>",
    '<table border="1"><tr><td colspan="2">x</td></tr></table>',
    "<table><col/><tr><td>x</td></tr></table>",
    "<table><colgroup><col/></colgroup><tbody><tr><td>x</td></tr></tbody></table>",
    '<table><caption>c</caption><tr><th scope="row">x</th></tr></table>',
    "<tr><td>x</td></tr>",
    "<li>x</li>",
    "<ul>x</ul>",
    "<ul><p>x</p></ul>",
    "<p><div>x</div></p>",
    "<P>x</P>",
    "<br>",
    "<br/>",
    "<hr/>",
    "<p/>",
    "<h7>x</h7>",
    "<h1>x</h1>",
    "<font>x</font>",
    "<center>x</center>",
    "<b>x</b><em>y</em>",
    '<iframe src="x"></iframe>',
    "<object>x</object>",
    "<input/>",
    "<style>p{}</style>",
    "<link/>",
    '<span lang="en" xml:lang="en">x</span>',
    "<p title='t'>x</p>",
    "<p class=c>x</p>",
    "<p class>x</p>",
    '<p id="a">x</p><p id="a">y</p>',
    "<![CDATA[x]]>",
    "<?pi x?>x",
    "<!DOCTYPE x>x",
    "<q>x</q><cite>y</cite><code>z</code><kbd>k</kbd><samp>s</samp><var>v</var>",
    "<sub>1</sub><sup>2</sup><small>s</small><big>b</big><tt>t</tt>",
    "<del>x</del>",
    "<ins>x</ins>",
    "<u>x</u>",
    "<s>x</s>",
    '<acronym>x</acronym><abbr title="t">y</abbr>',
    "<address>x</address>",
    '<map name="m"><area/></map>',
    "<figure>x</figure>",
    "<section>x</section>",
    "<label>x</label>",
    "<svg/>",
    '<bdo dir="rtl">x</bdo>',
    '<blockquote cite="http://x.org">x</blockquote>',
    '<p data-x="1">x</p>',
    '<p xmlns:x="y">x</p>',
    "<x:p>x</x:p>",
    '<p xmlns="http://other.org">x</p>',
    '<img src="http://x.org/a.png"/>',
    'x<br clear="all"/>',
    "<pre>  </pre>",
    "<td>x</td>",
    "<dl><dt>a</dt><dd>b</dd></dl>",
    "<dt>x</dt>",
    '<a href="#">z</a>',
    '<a href="#c1">z</a>',
    '<a name="k">a</a><a href="#K">z</a>',
    "\U0001f600",
    "&#1;",
    "&#xD800;",
    "&nbsp",
    "&;",
    "]]>",
    "<p>x</p",
    '<p id="x y">z</p>',
)


@kind("narrative")
def narrative(case: Case) -> str | None:
    if "text" not in case.catalogue.properties(str(case.resource.get("resourceType"))):
        return None
    case.resource["text"] = {
        "status": case.rng.choice(("generated", "additional", "extensions", "empty")),
        "div": DIV.format(case.rng.choice(_DIVS)),
    }
    return "text.div"


@kind("narrative-root")
def narrative_root(case: Case) -> str | None:
    if "text" not in case.catalogue.properties(str(case.resource.get("resourceType"))):
        return None
    div = (
        "<div>no ns</div>",
        "plain",
        '<p xmlns="http://www.w3.org/1999/xhtml">x</p>',
        "",
        " ",
        '<div xmlns="http://www.w3.org/1999/xhtml/">x</div>',
        "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>",
        '<h:div xmlns:h="http://www.w3.org/1999/xhtml">x</h:div>',
        DIV.format("x") + DIV.format("y"),
        DIV.format("x") + "tail",
        " " + DIV.format("x"),
        '<?xml version="1.0"?>' + DIV.format("x"),
        "<!-- c -->" + DIV.format("x"),
        DIV.format("x").replace("<div", '<div lang="en" id="d" class="c"'),
        DIV.format("x").replace("<div", '<div onclick="x"'),
        '<DIV xmlns="http://www.w3.org/1999/xhtml">x</DIV>',
        '<div xmlns="http://www.w3.org/1999/xhtml"/>',
        5,
        None,
        DIV.format("x") + "\n",
    )
    text: Json = {"status": "generated", "div": case.rng.choice(div)}
    case.rng.choice(
        (
            lambda: None,
            lambda: None,
            lambda: text.pop("status"),
            lambda: text.update(status=case.rng.choice(("bogus", "GENERATED", ""))),
        )
    )()
    case.resource["text"] = text
    return "text"


@kind("coding")
def coding(case: Case) -> str | None:
    found = [holder for holder, context, _ in case.objects() if context == "Coding"]
    if not found:
        return None
    value, rng = rng_choice(case, found), case.rng
    rng.choice(
        (
            lambda: value.pop("system", None),
            lambda: value.pop("code", None),
            lambda: value.update(system=str(value.get("system")) + "/"),
            lambda: value.update(code="bogus"),
            lambda: value.update(system=rng.choice(_SYSTEMS)),
            lambda: value.update(
                system="http://unitsofmeasure.org",
                code=rng.choice(("mg", "foo", "{score}", "mm[Hg]", "10*3/uL", "units")),
            ),
            lambda: value.update(version="9.9"),
            lambda: value.update(display="Another display"),
            lambda: value.update(userSelected=rng.choice((True, "true"))),
            lambda: value.update(
                system="http://terminology.hl7.org/CodeSystem/v3-ActCode",
                code=rng.choice(("AMB", "amb", "bogus", "IMP")),
            ),
            lambda: value.update(
                system="http://terminology.hl7.org/CodeSystem/v2-0203",
                code=rng.choice(("MR", "mr", "ZZZ")),
            ),
            lambda: value.update(
                system="urn:iso:std:iso:3166", code=rng.choice(("US", "XX", "USA"))
            ),
            lambda: value.update(
                system="urn:ietf:bcp:47", code=rng.choice(("en", "xx-yy", "english"))
            ),
            lambda: value.update(system="urn:iso:std:iso:4217", code=rng.choice(("USD", "XXZ"))),
            lambda: value.update(
                system="http://hl7.org/fhir/administrative-gender",
                code=rng.choice(("male", "Male", "x")),
            ),
            lambda: value.update(code=str(value.get("code")).swapcase()),
        )
    )()
    return "coding"


def rng_choice(case: Case, found: list[Json]) -> Json:
    """One of the objects (they cannot be hashed, so sets will not do)."""
    return case.rng.choice(found)


@kind("concept")
def concept(case: Case) -> str | None:
    """A CodeableConcept, bound or not: no coding, another's coding, two codings, text alone."""
    site = case.pick(lambda s: s.type == "CodeableConcept" and isinstance(s.value, dict))
    if site is None:
        return None
    right = copy.deepcopy(site.value.get("coding", []))
    right = right if isinstance(right, list) else []
    wrong = {"system": "http://acme.example/codes", "code": "z"}
    site.value = case.rng.choice(
        (
            {"text": "x"},
            {"coding": [wrong]},
            {"coding": [wrong, *right]},
            {"coding": [*right, wrong]},
            {"coding": [{"display": "x"}]},
            {"coding": [{"code": c.get("code")} for c in right]},
            {"coding": [{"system": c.get("system")} for c in right]},
            {"coding": []},
            {"coding": right + right},
        )
    )
    return site.path


@kind("quantity")
def quantity(case: Case) -> str | None:
    found = [
        holder
        for holder, context, _ in case.objects()
        if context
        in ("Quantity", "SimpleQuantity", "Age", "Duration", "Count", "Distance", "Money")
    ]
    if not found:
        return None
    value, rng = rng_choice(case, found), case.rng
    ucum = "http://unitsofmeasure.org"
    codes = (
        "mg",
        "foo",
        "(score)",
        "units",
        "month",
        "mm[Hg]",
        "10*3/uL",
        "{a b}",
        "mg/dL",
        "a",
        "wk",
        "%",
        "1",
        "Cel",
        "[in_i]",
        "mg//L",
        "m2",
        "m^2",
        "/min",
        "L/min/m2",
        "{tot}",
        "mg{x}",
        "",
        "MG",
        "mL/(kg.h)",
        "10^3",
        "[iU]",
        "IU",
        "ug",
        "µg",
        "mg ",
        " mg",
        "[degF]",
        "kg.m/s2",
    )
    rng.choice(
        (
            lambda: value.pop("system", None),
            lambda: value.pop("value", None),
            lambda: value.update(comparator=rng.choice(("<", ">=", "=", "~"))),
            lambda: value.update(currency=rng.choice(("EUR", "XXZ", "eur", "XXX", "DEM"))),
            lambda: value.update(system=ucum, code=rng.choice(codes)),
            lambda: value.update(system=ucum, code=rng.choice(codes)),
            lambda: value.update(system="http://x.org", code="x"),
            lambda: value.update(code="mg") if "system" not in value else value.pop("code", None),
            lambda: value.update(value=-3),
            lambda: value.update(value="3"),
            lambda: value.update(system="urn:iso:std:iso:4217", code="USD"),
            lambda: value.update(system=ucum, code="a", value=rng.choice((1, 0, -1, 1.5))),
        )
    )()
    return "quantity"


@kind("range-or-ratio")
def range_or_ratio(case: Case) -> str | None:
    site = case.pick(lambda s: s.type in ("Range", "Ratio") and isinstance(s.value, dict))
    if site is None:
        return None
    mg, other = (
        {"system": "http://unitsofmeasure.org", "code": "mg"},
        {"system": "http://unitsofmeasure.org", "code": "g"},
    )
    low, high = case.rng.choice(
        (
            ({"value": 5, **mg}, {"value": 3, **mg}),
            ({"value": 5, **mg}, {"value": 3, **other}),
            ({"value": 5}, {"value": 5}),
            ({"value": 5, **mg}, {"value": 7}),
            ({"unit": "mg"}, {"value": 3}),
            ({"value": 2, "comparator": "<"}, {"value": 3}),
            ({"value": 2, **other}, {"value": 5, **mg}),
            ({"value": 2}, None),
            (None, {"value": 2}),
        )
    )
    names = ("low", "high") if site.type == "Range" else ("numerator", "denominator")
    site.value = {name: part for name, part in zip(names, (low, high), strict=True) if part}
    return site.path


@kind("identifier")
def identifier(case: Case) -> str | None:
    found = [holder for holder, context, _ in case.objects() if context == "Identifier"]
    if not found:
        return None
    value, rng = rng_choice(case, found), case.rng
    rng.choice(
        (
            lambda: value.update(system="urn:ietf:rfc:3986", value=rng.choice(_FULL_URIS)),
            lambda: value.update(system=rng.choice(_IDENTIFIER_SYSTEMS)),
            lambda: value.pop("value", None),
            lambda: value.pop("system", None),
            lambda: value.update(use=rng.choice(("official", "bogus", "OFFICIAL", ""))),
            lambda: value.update(value=rng.choice((" x", "x ", "", 5))),
            lambda: value.update(
                assigner=rng.choice(
                    ({"reference": "Patient/1"}, {"reference": "Organization/1"}, {"display": "x"})
                )
            ),
            lambda: value.update(type={"text": "x"}),
            lambda: value.update(
                type={
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                            "code": rng.choice(("MR", "XYZ", "mr")),
                        }
                    ]
                }
            ),
        )
    )()
    return "identifier"


@kind("contact-point")
def contact_point(case: Case) -> str | None:
    found = [holder for holder, context, _ in case.objects() if context == "ContactPoint"]
    if not found:
        return None
    value, rng = rng_choice(case, found), case.rng
    rng.choice(
        (
            lambda: value.pop("system", None),
            lambda: value.pop("value", None),
            lambda: value.update(rank=rng.choice((0, -1, 1, 1.0))),
            lambda: value.update(use=rng.choice(("home", "mobile", "x"))),
            lambda: value.update(system=rng.choice(("sms", "web", "Phone"))),
            lambda: value.update(period={"start": "2020-02-01", "end": "2020-01-01"}),
        )
    )()
    return "telecom"


@kind("extension-add")
def extension_add(case: Case) -> str | None:
    """Extensions that nobody knows, anywhere: well-formed and not."""
    found = [o for o in case.objects() if isinstance(o[0].get("extension", []), list)]
    holder, _, path = case.rng.choice(found)
    made = copy.deepcopy(
        case.rng.choice(
            (
                {"url": "http://x.org/e", "valueString": "v"},
                {"url": "http://x.org/e"},
                {"valueString": "v"},
                {"url": "relative", "valueBoolean": True},
                {"url": "", "valueBoolean": True},
                {"url": "http://x.org/e", "valueString": "v", "valueBoolean": True},
                {
                    "url": "http://x.org/e",
                    "valueString": "v",
                    "extension": [{"url": "a", "valueString": "v"}],
                },
                {"url": "http://x.org/e", "extension": [{"url": "a", "valueString": "v"}]},
                {"url": "http://x.org/e", "valueFoo": 1},
                {"url": ["http://x.org/e"], "valueString": "v"},
                {"url": "urn:oid:1.2.x", "valueString": "v"},
                {"url": "http://x.org/e", "valueReference": {"reference": "Foo/1"}},
                {"url": "http://x.org/e", "valueReference": {"reference": "Binary/1"}},
                {"url": "http://x.org/e", "valueCode": "a  b"},
                {"url": "http://x.org/e", "valueQuantity": {"value": 1, "code": "x"}},
                {"url": "http://x.org/e", "valuePeriod": {"start": "2020", "end": "2019"}},
                {
                    "url": "http://x.org/e",
                    "_valueString": {"extension": [{"url": "http://x.org/f", "valueString": "v"}]},
                },
                {
                    "url": "http://x.org/e",
                    "valueCodeableConcept": {
                        "coding": [
                            {"system": "http://hl7.org/fhir/observation-status", "code": "bogus"}
                        ]
                    },
                },
                {"url": "http://x.org/e f", "valueString": "v"},
                {"id": "e1", "url": "http://x.org/e", "valueInteger": 1},
                {"url": "http://x.org/e", "valueInteger": "1"},
                {"url": "#f", "valueString": "v"},
                {"url": "http://x.org/e", "valueBackboneElement": {}},
                {"url": "http://x.org/e", "valueDosage": {"text": "x"}},
                {"url": "http://x.org/e", "extension": []},
                {"url": "http://x.org/e", "valueMarkdown": "*x*"},
                {"url": "http://x.org/e", "valueMeta": {"versionId": "1"}},
                {"url": "http://x.org/e", "valueTiming": {"repeat": {"frequency": 1}}},
            )
        )
    )
    name = case.rng.choice(("extension", "extension", "extension", "modifierExtension"))
    holder[name] = (
        [*holder.get(name, []), made] if isinstance(holder.get(name, []), list) else [made]
    )
    return f"{path}.{name}"


_VALUES: dict[str, Any] = {
    "valueString": "x",
    "valueBoolean": True,
    "valueInteger": 3,
    "valueCode": "bogus",
    "valueUri": "http://x.org",
    "valueDateTime": "2020-01-01",
    "valueAddress": {"city": "x"},
    "valueCodeableConcept": {"text": "x"},
    "valueReference": {"reference": "Patient/1"},
    "valueDecimal": 1.5,
    "valueCanonical": "http://x.org/c",
    "valueQuantity": {"value": 1},
    "valueDate": "2020-01-01",
    "valueCoding": {"system": "http://x.org", "code": "c"},
    "valuePeriod": {"start": "2020"},
    "valueAge": {"value": 1, "system": "http://unitsofmeasure.org", "code": "a"},
    "valueMarkdown": "x",
    "valueId": "x",
    "valueUrl": "http://x.org",
    "valueUnsignedInt": 1,
    "valueHumanName": {"family": "x"},
    "valueExpression": {"language": "text/cql", "expression": "x"},
}


@kind("extension-known")
def extension_known(case: Case) -> str | None:
    """An extension that the core defines: in or out of its context, with a right or wrong value."""
    definitions = case.catalogue.definitions
    every = case.catalogue.extensions
    context_type = str(case.resource.get("resourceType"))
    holder, context, path = case.rng.choice(case.objects())
    if case.rng.random() < 0.6:
        fitting = [
            u
            for u in every
            if any(
                str(c.get("expression", "")).split(".")[0]
                in (context_type, context, "Element", "Resource", "DomainResource")
                for c in every[u]
            )
        ]
        holder, path = (case.resource, context_type) if case.rng.random() < 0.6 else (holder, path)
    else:
        fitting = list(every)
    url = case.rng.choice(fitting or list(every))
    structure = definitions.fetch("StructureDefinition", url) or {}
    allowed = [
        "value" + k["code"][:1].upper() + k["code"][1:]
        for e in structure["snapshot"]["element"]
        if e.get("id") == "Extension.value[x]"
        for k in e.get("type", ())
    ]
    names = [n for n in allowed if n in _VALUES] if case.rng.random() < 0.75 else list(_VALUES)
    made: Json = {"url": url}
    if names:
        name = case.rng.choice(names)
        made[name] = copy.deepcopy(_VALUES[name])
    name = case.rng.choice(("extension",) * 6 + ("modifierExtension",))
    if not isinstance(holder.get(name, []), list):
        return None
    holder[name] = [*holder.get(name, []), made] + (
        [copy.deepcopy(made)] if case.rng.random() < 0.15 else []
    )
    return f"{path}.{name}"


@kind("extension-break")
def extension_break(case: Case) -> str | None:
    found = [
        holder
        for holder, context, _ in case.objects()
        if context == "Extension" and isinstance(holder.get("url"), str)
    ]
    if not found:
        return None
    value, rng = rng_choice(case, found), case.rng
    rng.choice(
        (
            lambda: value.pop("url"),
            lambda: [value.pop(k) for k in list(value) if k.startswith("value")],
            lambda: value.update(valueBoolean=True),
            lambda: value.update(url="relative"),
            lambda: value.update(url=value["url"] + " "),
            lambda: value.update(extension=[{"url": "a", "valueString": "x"}]),
            lambda: value.update(url={"value": "x"}),
        )
    )()
    return "extension"


@kind("timing")
def timing(case: Case) -> str | None:
    """Timing.repeat against its ten invariants."""
    found = [holder for holder, context, _ in case.objects() if context == "Timing"]
    if not found:
        return None
    value = rng_choice(case, found)
    value["repeat"] = case.rng.choice(
        (
            {"duration": 1},
            {"duration": 1, "durationUnit": "h"},
            {"period": 1},
            {"period": 1, "periodUnit": "d"},
            {"duration": -1, "durationUnit": "h"},
            {"period": -1, "periodUnit": "d"},
            {"periodMax": 2},
            {"period": 1, "periodMax": 2, "periodUnit": "d"},
            {"durationMax": 2},
            {"count": 1, "countMax": 2},
            {"countMax": 2},
            {"offset": 5},
            {"offset": 5, "when": ["AC"]},
            {"offset": 5, "when": ["C"]},
            {"when": ["AC"], "timeOfDay": ["10:00:00"]},
            {"when": ["MORN"]},
            {"when": ["bogus"]},
            {"timeOfDay": ["10:00"]},
            {"dayOfWeek": ["mon", "monday"]},
            {"frequency": 0, "period": 1, "periodUnit": "d"},
            {"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "wk"},
            {"boundsPeriod": {"start": "2020", "end": "2019"}},
            {"boundsDuration": {"value": 1, "unit": "d"}},
            {"boundsRange": {"low": {"value": 2}, "high": {"value": 1}}},
            {"boundsDuration": {"value": 1, "system": "http://unitsofmeasure.org", "code": "d"}},
            {"boundsDuration": {"value": 1, "system": "http://unitsofmeasure.org", "code": "mg"}},
            {"when": ["AC", "C"], "offset": 10},
            {"when": ["CM", "PC"], "offset": 10},
        )
    )
    return "timing"


@kind("data-absent")
def data_absent(case: Case) -> str | None:
    """A data-absent-reason, on its own or beside a value."""
    site = case.pick(
        lambda s: (
            not s.is_item and s.prop is not None and s.prop.is_primitive and not s.prop.is_list
        )
    )
    if site is None:
        return None
    site.holder["_" + str(site.key)] = {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                "valueCode": case.rng.choice(("unknown", "masked", "x")),
            }
        ]
    }
    if case.rng.random() < 0.5:
        site.drop()
    return site.path


@kind("text-anywhere")
def text_anywhere(case: Case) -> str | None:
    """A primitive of a random type's form where another belongs."""
    site = case.pick(
        lambda s: (
            s.prop is not None
            and s.prop.is_primitive
            and isinstance(s.value, str)
            and s.key != "resourceType"
        )
    )
    if site:
        site.value = str(
            primitive(
                case.rng.choice(
                    (
                        "uuid",
                        "oid",
                        "url",
                        "dateTime",
                        "time",
                        "id",
                        "base64Binary",
                        "string",
                        "code",
                        "instant",
                    )
                ),
                case.rng,
            )
        )
    return site.path if site else None
