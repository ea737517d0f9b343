"""Checks: what a rule is built from, and the surroundings in which its check runs."""
