"""Questionnaires and the responses to them (FHIR R4, sections 9.8 and 9.9)."""
