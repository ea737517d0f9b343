"""Sharding: how inputs are cut into shards, and what is recorded of each: the plan, its results."""
