"""A DAG of Airflow (3 or later) that imports each night's export.

Its folder of DAGs needs nightly.py too. Variables of the environment say where: EXPORTS, RESULTS.
"""

import os
from datetime import UTC, datetime

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException
from nightly import RejectedError, import_night


@dag(schedule="@daily", start_date=datetime(2026, 11, 1, tzinfo=UTC), catchup=False)
def fhir_import():  # noqa: ANN201  # the decorator makes a DAG of it
    @task(retries=2)
    def imported(ds: str) -> str:
        """Import the export of the day ``ds``; a killed try is gone on with by the next one."""
        try:
            job = import_night(ds, os.environ["EXPORTS"], os.environ["RESULTS"])
        except RejectedError as error:
            raise AirflowFailException(str(error)) from None  # no other try makes it better
        return job.job_folder

    imported()


dag_of_nights = fhir_import()
