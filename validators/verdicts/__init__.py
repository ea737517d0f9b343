"""Verdicts: lines and what is said of them: issues, their rules, and what could not be decided."""
