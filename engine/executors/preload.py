"""Preload: what the forkserver imports and reads once, so that every worker begins with it."""

from __future__ import annotations

from bulkfhir.validators.definitions import core

from .. import publish, shard

__all__ = ["publish", "shard"]

core()
