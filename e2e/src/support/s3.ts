import type { TestS3 } from '@holdfast/testing/s3';
import type { Holdfast } from '@holdfast/testing/services';

/** Creates a destination in an S3 server for tests. @returns its id */
export async function s3Destination(
  { client }: Holdfast,
  { endpoint, accessKey, secretKey, bucket }: Pick<TestS3, 'endpoint' | 'accessKey' | 'secretKey' | 'bucket'>,
  changes: Record<string, unknown> = {},
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
