"""Arrays: one job by many processes that know nothing of one another, as an array scheduler starts
them; what they share is storage.

plan_array -> job.json, tasks/    run_share -> records, parts    merge_share -> logs
                                                                 merge_array -> logs, Manifest
state_of -> how far it is
"""

from __future__ import annotations

from .array_job import ArrayEnd, ArrayJob
from .array_plan import plan_array
from .array_state import ArrayState, array_status, state_of
from .merge import end_array, end_of, merge_array, merge_share
from .share import Share
from .share_run import ShareDone, run_share

__all__ = [
    "ArrayEnd",
    "ArrayJob",
    "ArrayState",
    "Share",
    "ShareDone",
    "array_status",
    "end_array",
    "end_of",
    "merge_array",
    "merge_share",
    "plan_array",
    "run_share",
    "state_of",
]
