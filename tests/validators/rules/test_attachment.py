"""Attachments: base64, and the size and hash of what it says."""

from __future__ import annotations

import pytest

from .resources import patient

CASES = {
    "an attachment whose size and hash fit": (
        patient(
            photo=[
                {
                    "contentType": "text/plain",
                    "data": "aGVsbG8=",
                    "size": 5,
                    "hash": "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
                }
            ]
        ),
        [],
    ),
    "an attachment of another size": (
        patient(photo=[{"contentType": "text/plain", "data": "aGVsbG8=", "size": 6}]),
        [("attachment-size", "Patient.photo[0]")],
    ),
    "an attachment with another hash": (
        patient(photo=[{"contentType": "text/plain", "data": "aGVsbG8=", "hash": "AAAA"}]),
        [("attachment-hash", "Patient.photo[0]")],
    ),
    "base64 padded beyond two": (
        patient(photo=[{"contentType": "text/plain", "data": "AAAA===="}]),
        [("attachment-base64", "Patient.photo[0]")],
    ),
    "a hash padded beyond two": (
        patient(photo=[{"contentType": "text/plain", "data": "AAAA", "hash": "AA======"}]),
        [("attachment-base64", "Patient.photo[0]")],
    ),
    "base64 with a space": (
        patient(photo=[{"contentType": "text/plain", "data": "aGVs bG8="}]),
        [("attachment-base64", "Patient.photo[0]")],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_attachment(failures, resource, expected):
    assert failures(resource) == sorted(expected)
