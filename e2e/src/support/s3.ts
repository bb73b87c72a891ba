import type { TestS3 } from '@holdfast/testing/s3';
import type { Holdfast } from '@holdfast/testing/services';

/** Creates a destination in an S3 server for tests. @returns its id */
export async function s3Destination(
  { client }: Holdfast,
  { endpoint, accessKey, secretKey, bucket }: TestS3,
  changes: { s3_bucket_name?: string; s3_secret_key?: string; s3_prefix?: string } = {},
): Promise<number> {
  return await client.createDestination({
    label: 'S3 for tests',
    type: 'custom_s3',
    s3_access_key: accessKey,
    s3_secret_key: secretKey,
    s3_bucket_name: bucket,
    custom_s3_endpoint: endpoint,
    path_style_endpoint: true,
    ...changes,
  });
}
