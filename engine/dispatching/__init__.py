"""Dispatching: groups of shards go to workers, by a Runner; a worker reads, judges and writes."""
