"""Liveness of the processes that the store has written down, under the name of version 0.1.0."""

from __future__ import annotations

from ..process.process_identity import alive, this_process

__all__ = ["alive", "this_process"]
