"""Profiles: what a StructureDefinition says beyond its base type (FHIR R4, section 5.1)."""
