#!/usr/bin/env bash
# An import by the aws command line, as its users write it: see test_clients.py for what it prints.
set -euo pipefail
source=$1 output=$2 role=$3
healthlake() { aws --output text healthlake "$@"; }

store=$(healthlake create-fhir-datastore --datastore-name aws --datastore-type-version R4 --query DatastoreId)
healthlake wait fhir-datastore-active --datastore-id "$store"
read -r state arn < <(healthlake describe-fhir-datastore --datastore-id "$store" \
  --query 'DatastoreProperties.[DatastoreStatus,DatastoreArn]')
read -r job begun < <(healthlake start-fhir-import-job --datastore-id "$store" --job-name 'of a client' \
  --input-data-config "S3Uri=$source" --data-access-role-arn "$role" --validation-level minimal \
  --job-output-data-config "{\"S3Configuration\":{\"S3Uri\":\"$output\",\"KmsKeyId\":\"alias/any\"}}" \
  --query '[JobId,JobStatus]')
sleep 5 # this waiter asks every two minutes, and the job is a small one
healthlake wait fhir-import-job-completed --datastore-id "$store" --job-id "$job"
read -r ended imported rejected submitted finished < <(healthlake describe-fhir-import-job --datastore-id "$store" --job-id "$job" \
  --query 'ImportJobProperties.[JobStatus,JobProgressReport.TotalNumberOfResourcesImported,JobProgressReport.TotalNumberOfResourcesWithCustomerError,SubmitTime,EndTime]')
listed=$(healthlake list-fhir-import-jobs --datastore-id "$store" --job-name 'of a client' --query 'ImportJobPropertiesList[].JobId')
refused=$( (healthlake describe-fhir-import-job --datastore-id "$store" --job-id none 2>&1 || true) | grep -o '[A-Za-z]*Exception' | head -1)

# Version 1 of the command line shows seconds since 1970, version 2 dates.
seconds=$(python3 - "$submitted" "$finished" <<'END'
import sys
from datetime import datetime

begun, ended = (
    datetime.fromisoformat(text).timestamp() if "T" in text else float(text) for text in sys.argv[1:]
)
print(ended - begun)
END
)
printf '{"dataStore":"%s","arn":"%s","begun":"%s","ended":"%s","imported":%s,"rejected":%s,"seconds":%s,"listed":%s,"refused":"%s"}\n' \
  "$state" "${arn%:*}" "$begun" "$ended" "$imported" "$rejected" "$seconds" "$([ "$listed" = "$job" ] && echo true || echo false)" "$refused"
