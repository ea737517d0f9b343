"""Lowered: invariants as conditions over plain JSON objects, in place of general evaluation."""
