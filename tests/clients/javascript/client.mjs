// An import by AWS's SDK for JavaScript, version 3, as its users write it: see test_clients.py for what it prints.
import {
  CreateFHIRDatastoreCommand,
  DescribeFHIRDatastoreCommand,
  DescribeFHIRImportJobCommand,
  HealthLakeClient,
  ListFHIRImportJobsCommand,
  StartFHIRImportJobCommand,
  waitUntilFHIRDatastoreActive,
  waitUntilFHIRImportJobCompleted,
} from "@aws-sdk/client-healthlake";

const [source, output, role] = process.argv.slice(2);
const client = new HealthLakeClient({});
const patience = { client, minDelay: 1, maxDelay: 1, maxWaitTime: 120 };

const { DatastoreId } = await client.send(
  new CreateFHIRDatastoreCommand({ DatastoreName: "javascript", DatastoreTypeVersion: "R4" }),
);
await waitUntilFHIRDatastoreActive(patience, { DatastoreId });
const { DatastoreProperties } = await client.send(new DescribeFHIRDatastoreCommand({ DatastoreId }));
const started = await client.send(
  new StartFHIRImportJobCommand({
    DatastoreId,
    JobName: "of a client",
    InputDataConfig: { S3Uri: source },
    JobOutputDataConfig: { S3Configuration: { S3Uri: output, KmsKeyId: "alias/any" } },
    DataAccessRoleArn: role,
    ValidationLevel: "minimal",
  }),
);
await waitUntilFHIRImportJobCompleted(patience, { DatastoreId, JobId: started.JobId });
const { ImportJobProperties: job } = await client.send(
  new DescribeFHIRImportJobCommand({ DatastoreId, JobId: started.JobId }),
);
const { ImportJobPropertiesList: listed } = await client.send(
  new ListFHIRImportJobsCommand({ DatastoreId, JobName: "of a client" }),
);
const refused = await client
  .send(new DescribeFHIRImportJobCommand({ DatastoreId, JobId: "none" }))
  .then(() => "", (error) => error.name);

console.log(
  JSON.stringify({
    dataStore: DatastoreProperties.DatastoreStatus,
    arn: DatastoreProperties.DatastoreArn.replace(/:[^:]*$/, ""),
    begun: started.JobStatus,
    ended: job.JobStatus,
    imported: job.JobProgressReport.TotalNumberOfResourcesImported,
    rejected: job.JobProgressReport.TotalNumberOfResourcesWithCustomerError,
    seconds: (job.EndTime - job.SubmitTime) / 1000,
    listed: listed.length === 1 && listed[0].JobId === started.JobId,
    refused,
  }),
);
