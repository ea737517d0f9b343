"""Preload: what the forkserver imports and reads once, so that every worker begins with it."""

from __future__ import annotations

import gc

from bulkfhir.validators.definitions import core
from bulkfhir.validators.explainer import entry_walk
from bulkfhir.validators.native import plain_questions, type_records

from ..executors import pool
from ..process.garbage import collect_seldom
from ..writing import publish
from . import worker

__all__ = ["entry_walk", "plain_questions", "pool", "publish", "type_records", "worker"]

core()
collect_seldom()  # which the workers inherit
gc.freeze()  # the workers share this memory for as long as nothing writes to it
