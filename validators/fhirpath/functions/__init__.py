"""Functions: those of FHIRPath, by what they are about (FHIRPath 2.0, section 5)."""
