"""An asset of Dagster, a partition a night: the resources of that night's export, in Parquet.

Needs nightly.py beside it. Variables of the environment say where: EXPORTS, RESULTS.
"""

import os

import dagster
from nightly import RejectedError, import_night


@dagster.asset(partitions_def=dagster.DailyPartitionsDefinition(start_date="2026-11-01"))
def fhir_resources(context: dagster.AssetExecutionContext) -> dagster.MaterializeResult:
    """Resources that were accepted, by type; the job's folder holds the outcomes of all lines."""
    try:
        job = import_night(context.partition_key, os.environ["EXPORTS"], os.environ["RESULTS"])
    except RejectedError as error:
        raise dagster.Failure(str(error), allow_retries=False) from None
    totals = job.summary.totals
    return dagster.MaterializeResult(
        metadata={
            "folder": job.job_folder,
            "accepted": totals.imported,
            "rejected": totals.scanned - totals.imported,
        }
    )


definitions = dagster.Definitions(assets=[fhir_resources])
