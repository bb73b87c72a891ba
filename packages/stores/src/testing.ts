import { Secret, type LocalDestination, type S3Destination, type S3Settings } from '@holdfast/shared/domain';
import type { StoreSettings } from './settings.ts';

/** Where a test server is and how it is used. */
interface Server {
  endpoint: string;
  region: string;
  accessKey: string;
  secretKey: string;
  bucket: string;
}

const base = {
  id: 1,
  accountId: 1,
  label: 'test',
  createdAt: new Date(0),
  deletionRequestedAt: null,
  updatedAt: new Date(0),
  capabilities: null,
};

export function s3Destination(server: Server, changed: Partial<S3Settings> = {}): S3Destination {
  const { bucket, region, endpoint } = server;
  return {
    ...base,
    type: 'custom_s3',
    settings: { bucket, region, endpoint, pathStyle: true, prefix: '', maxParts: 10_000, ...changed },
    accessKey: new Secret(server.accessKey),
    secretKey: new Secret(server.secretKey),
    deletionKeys: null,
  };
}

export function localDestination(path: string): LocalDestination {
  return { ...base, type: 'local', settings: { path } };
}

export const testSettings: StoreSettings = {
  localRoot: null,
  allowedNetworks: ['127.0.0.0/8'],
  partConcurrency: 4,
  patienceSeconds: 0.4,
};
