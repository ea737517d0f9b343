"""Across: what can be told only by looking at all lines of a job together."""
