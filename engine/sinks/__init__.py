"""Sinks: where accepted resources go.

group -> Sink.open(index) -> SinkWriter.write(block, accepted) … -> commit: part files, whole

A sink is a plug-in: an entry point in ``bulkfhir.sinks`` names a factory ``factory(folder, storage,
**options) -> Sink``; its keyword-only parameters are the options of ``--sink-option``. It is called
once in each worker.
"""

from .interface import Accepted, Sink, SinkWriter, discard_all, sizes_of
from .ndjson import NdjsonSink
from .parquet import ParquetSink

__all__ = [
    "Accepted",
    "NdjsonSink",
    "ParquetSink",
    "Sink",
    "SinkWriter",
    "discard_all",
    "sizes_of",
]
