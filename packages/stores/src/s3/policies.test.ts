import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError, Secret } from '@holdfast/shared/domain';
import { startS3, type Policy } from '@holdfast/testing/s3';
import { contentOf, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';

const root = join(import.meta.dirname, '../../../..');
const page = readFileSync(join(root, 'docs/destinations.md'), 'utf8');
const [writing, deleting] = [...page.matchAll(/```json\n(.*?)```/gs)].map(
  ([, text = '']) => JSON.parse(text) as Policy,
);
const folder = join(root, 'deploy/s3');
const fromFile = (name: string): Policy => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Policy;

type Bucket = 'plain' | 'versions' | 'locks';

const actionsOf = (policy: Policy | undefined): string[] =>
  policy?.Statement.flatMap(({ Action }) => [Action].flat()) ?? [];
const without = (policy: Policy | undefined, action: string): Policy => ({
  Statement: [...(policy?.Statement ?? []), { Effect: 'Deny', Action: action, Resource: '*' }],
});
const signal = new AbortController().signal;

/** Everything that is done to a destination. @returns what fails */
async function failures(policies: { writer: Policy; deleter: Policy }, bucket: Bucket): Promise<string[]> {
  const versions = bucket === 'locks';
  const server = await startS3({
    bucket: 'my-backups',
    versioning: bucket === 'versions',
    objectLock: versions,
    dialect: { minPartSize: 1024 },
    users: [
      { accessKey: 'writer', secretKey: 'w', policy: policies.writer },
      { accessKey: 'deleter', secretKey: 'd', policy: policies.deleter },
    ],
  });
  const keys = (accessKey: string, secretKey: string) => ({
    accessKey: new Secret(accessKey),
    secretKey: new Secret(secretKey),
  });
  const objectLock = versions ? ({ mode: 'governance', days: 1 } as const) : null;
  const destination = {
    ...s3Destination(server, { objectLock }),
    ...keys('writer', 'w'),
    deletionKeys: keys('deleter', 'd'),
  };
  const store = openS3Store(destination, testSettings, { firstPart: 1024, requestAttempts: 1, checkTimeoutMs: 1000 });
  const failed: string[] = [];
  const step = async (what: string, run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      failed.push(`${what}: ${error instanceof HoldfastError ? error.code : String(error)}`);
    }
  };
  await step('probe', async () => failed.push(...(await store.probe(signal)).problems));
  const { objectLock: canLock } = await store.capabilities(signal);
  // Where nothing is to be locked, not to be told of it is as good.
  if ((canLock ?? false) !== versions) failed.push('capabilities');
  const retention = { mode: 'governance', until: new Date(Date.now() + 60_000) } as const;
  if (versions) {
    await step('put', () => store.put('x', streamOf(contentOf(5000)), { signal, retention }));
    await step('delete', () =>
      store.delete('x').catch((error: unknown) => {
        if (!(error instanceof HoldfastError) || error.code !== 'object_locked') throw error;
      }),
    );
    server.advance(120_000);
    await step('delete later', () => store.delete('x'));
  }
  await step('links', async () => {
    const options = { size: 10, contentType: 'text/plain', expiresInSeconds: 60 };
    const { uploadId = '', urls = [] } = (await store.remoteUploads?.open('y', options)) ?? {};
    await fetch(urls[0] ?? '', { method: 'PUT', body: '0123456789' });
    await store.remoteUploads?.complete({ key: 'y', uploadId }, { parts: null, size: 10, signal });
    const other = await store.remoteUploads?.open('z', options);
    await store.abortUpload({ key: 'z', uploadId: other?.uploadId ?? '', startedAt: new Date(0) });
    await store.delete('y');
  });
  await store.close();
  if (failed.length === 0) expect([server.versions(), server.openUploads()]).to.deep.equal([[], []]);
  await server.stop();
  return failed;
}

const uses: readonly { bucket: Bucket; write: string; remove: string }[] = [
  { bucket: 'plain', write: 'write.json', remove: 'delete.json' },
  { bucket: 'versions', write: 'write.json', remove: 'delete-versions.json' },
  { bucket: 'locks', write: 'write-locked.json', remove: 'delete-versions.json' },
];

describe('the policies in deploy/s3', () => {
  it('are each for one of these buckets', () => {
    expect(readdirSync(folder)).to.have.members([...new Set(uses.flatMap(({ write, remove }) => [write, remove]))]);
  });

  for (const { bucket, write, remove } of uses) {
    it(`are just enough for everything: ${write} and ${remove}, bucket: ${bucket}`, async () => {
      const [writer, deleter] = [fromFile(write), fromFile(remove)];
      expect(await failures({ writer, deleter }, bucket)).to.deep.equal([]);
      const needless: string[] = [];
      for (const action of actionsOf(writer)) {
        const policies = { writer: without(writer, action), deleter };
        if ((await failures(policies, bucket)).length === 0) needless.push(action);
      }
      for (const action of actionsOf(deleter)) {
        const policies = { writer, deleter: without(deleter, action) };
        if ((await failures(policies, bucket)).length === 0) needless.push(action);
      }
      expect(needless).to.deep.equal([]);
    });
  }

  it('let the keys that write remove nothing', () => {
    const removing = /Delete|Abort|Bypass|ListBucketVersions|PutBucket|Lifecycle|\*/;
    for (const { write } of uses) {
      expect(
        actionsOf(fromFile(write)).filter((action) => removing.test(action)),
        write,
      ).to.deep.equal([]);
    }
  });

  it('are together those that docs/destinations.md shows', () => {
    const of = (files: readonly string[]): string[] => [...new Set(files.flatMap((file) => actionsOf(fromFile(file))))];
    expect(actionsOf(writing)).to.have.members(of(uses.map(({ write }) => write)));
    expect(actionsOf(deleting)).to.have.members(of(uses.map(({ remove }) => remove)));
  });
});
