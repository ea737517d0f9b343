// Healthlake-client-of-tests imports by AWS's SDK for Go, version 2, as its users write it: see test_clients.py for
// what it prints.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/healthlake"
	"github.com/aws/aws-sdk-go-v2/service/healthlake/types"
	"github.com/aws/smithy-go"
)

const patience = 2 * time.Minute

func main() {
	ctx := context.Background()
	source, output, role := os.Args[1], os.Args[2], os.Args[3]
	client := healthlake.NewFromConfig(must(config.LoadDefaultConfig(ctx)))

	made := must(client.CreateFHIRDatastore(ctx, &healthlake.CreateFHIRDatastoreInput{
		DatastoreName:        aws.String("go"),
		DatastoreTypeVersion: types.FHIRVersionR4,
	}))
	store := &healthlake.DescribeFHIRDatastoreInput{DatastoreId: made.DatastoreId}
	described := must(healthlake.NewFHIRDatastoreActiveWaiter(client, func(o *healthlake.FHIRDatastoreActiveWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Second, time.Second
	}).WaitForOutput(ctx, store, patience)).DatastoreProperties
	started := must(client.StartFHIRImportJob(ctx, &healthlake.StartFHIRImportJobInput{
		DatastoreId:     made.DatastoreId,
		JobName:         aws.String("of a client"),
		InputDataConfig: &types.InputDataConfigMemberS3Uri{Value: source},
		JobOutputDataConfig: &types.OutputDataConfigMemberS3Configuration{
			Value: types.S3Configuration{S3Uri: aws.String(output), KmsKeyId: aws.String("alias/any")},
		},
		DataAccessRoleArn: aws.String(role),
		ValidationLevel:   types.ValidationLevelMinimal,
	}))
	wanted := &healthlake.DescribeFHIRImportJobInput{DatastoreId: made.DatastoreId, JobId: started.JobId}
	job := must(healthlake.NewFHIRImportJobCompletedWaiter(client, func(o *healthlake.FHIRImportJobCompletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Second, time.Second
	}).WaitForOutput(ctx, wanted, patience)).ImportJobProperties
	listed := must(client.ListFHIRImportJobs(ctx, &healthlake.ListFHIRImportJobsInput{
		DatastoreId: made.DatastoreId,
		JobName:     aws.String("of a client"),
	})).ImportJobPropertiesList

	_, err := client.DescribeFHIRImportJob(ctx, &healthlake.DescribeFHIRImportJobInput{
		DatastoreId: made.DatastoreId,
		JobId:       aws.String("none"),
	})
	var refusal smithy.APIError
	errors.As(err, &refusal)

	arn := *described.DatastoreArn
	said := map[string]any{
		"dataStore": described.DatastoreStatus,
		"arn":       arn[:strings.LastIndex(arn, ":")],
		"begun":     started.JobStatus,
		"ended":     job.JobStatus,
		"imported":  job.JobProgressReport.TotalNumberOfResourcesImported,
		"rejected":  job.JobProgressReport.TotalNumberOfResourcesWithCustomerError,
		"seconds":   job.EndTime.Sub(*job.SubmitTime).Seconds(),
		"listed":    len(listed) == 1 && *listed[0].JobId == *started.JobId,
		"refused":   refusal.ErrorCode(),
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		log.Fatal(err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
