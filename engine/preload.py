"""Preload: what the forkserver imports and reads once, so that every worker begins with it."""

from __future__ import annotations

import gc

from bulkfhir.validators.definitions import core

from . import worker
from .executors import pool
from .writing import publish

__all__ = ["pool", "publish", "worker"]

core()
gc.freeze()  # the workers share this memory for as long as nothing writes to it
