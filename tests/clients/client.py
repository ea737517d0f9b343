"""An import by boto3, as its users write it: see test_clients.py for what it prints."""

import json
import sys

import boto3

source, output, role = sys.argv[1:]
healthlake = boto3.client("healthlake")
made = healthlake.create_fhir_datastore(DatastoreName="boto3", DatastoreTypeVersion="R4")
store = made["DatastoreId"]
healthlake.get_waiter("fhir_datastore_active").wait(
    DatastoreId=store, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
)
described = healthlake.describe_fhir_datastore(DatastoreId=store)["DatastoreProperties"]
started = healthlake.start_fhir_import_job(
    DatastoreId=store,
    JobName="of a client",
    InputDataConfig={"S3Uri": source},
    JobOutputDataConfig={"S3Configuration": {"S3Uri": output, "KmsKeyId": "alias/any"}},
    DataAccessRoleArn=role,
    ValidationLevel="minimal",
)
healthlake.get_waiter("fhir_import_job_completed").wait(
    DatastoreId=store, JobId=started["JobId"], WaiterConfig={"Delay": 1, "MaxAttempts": 120}
)
job = healthlake.describe_fhir_import_job(DatastoreId=store, JobId=started["JobId"])[
    "ImportJobProperties"
]
listed = healthlake.list_fhir_import_jobs(DatastoreId=store, JobName="of a client")
try:
    healthlake.describe_fhir_import_job(DatastoreId=store, JobId="none")
    refused = ""
except healthlake.exceptions.ClientError as error:
    refused = error.response["Error"]["Code"]

print(
    json.dumps(
        {
            "dataStore": described["DatastoreStatus"],
            "arn": described["DatastoreArn"].rpartition(":")[0],
            "begun": started["JobStatus"],
            "ended": job["JobStatus"],
            "imported": job["JobProgressReport"]["TotalNumberOfResourcesImported"],
            "rejected": job["JobProgressReport"]["TotalNumberOfResourcesWithCustomerError"],
            "seconds": (job["EndTime"] - job["SubmitTime"]).total_seconds(),
            "listed": [one["JobId"] for one in listed["ImportJobPropertiesList"]]
            == [started["JobId"]],
            "refused": refused,
        }
    )
)
