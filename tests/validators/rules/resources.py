"""Resources that rules are tried on: valid, but for what a case adds."""

from __future__ import annotations


def patient(**elements):
    return {"resourceType": "Patient", "id": "p", **elements}


def observation(**elements):
    return {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"text": "c"},
        **elements,
    }


def bundle(kind, *entries, **elements):
    return {"resourceType": "Bundle", "id": "b", "type": kind, **elements, "entry": list(entries)}


def entry(url, resource, **elements):
    return {"fullUrl": url, "resource": resource, **elements}
