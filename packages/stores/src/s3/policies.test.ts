import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError, Secret } from '@holdfast/shared/domain';
import { startS3, type Policy } from '@holdfast/testing/s3';
import { contentOf, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/destinations.md'), 'utf8');
const [writing, deleting] = [...page.matchAll(/```json\n(.*?)```/gs)].map(
  ([, text = '']) => JSON.parse(text) as Policy,
);

const actionsOf = (policy: Policy | undefined): string[] =>
  policy?.Statement.flatMap(({ Action }) => [Action].flat()) ?? [];
const without = (policy: Policy | undefined, action: string): Policy => ({
  Statement: [...(policy?.Statement ?? []), { Effect: 'Deny', Action: action, Resource: '*' }],
});
const signal = new AbortController().signal;

/** Everything that is done to a destination. @returns what fails */
async function failures(policies: { writer: Policy; deleter: Policy }, versions: boolean): Promise<string[]> {
  const server = await startS3({
    bucket: 'my-backups',
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
  if (canLock !== versions) failed.push('capabilities');
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

describe('the policies in docs/destinations.md', function suite() {
  this.timeout(30_000);
  const both = (writer: Policy | undefined, deleter: Policy | undefined, versions: boolean) =>
    failures({ writer: writer ?? { Statement: [] }, deleter: deleter ?? { Statement: [] } }, versions);

  it('are enough for everything, in a bucket with versions and locks and in a plain one', async () => {
    expect(actionsOf(writing)).to.include('s3:PutObject');
    expect(await both(writing, deleting, true)).to.deep.equal([]);
    expect(await both(writing, deleting, false)).to.deep.equal([]);
  });

  it('name nothing that is not needed', async () => {
    const needless: string[] = [];
    for (const action of actionsOf(writing)) {
      if ((await both(without(writing, action), deleting, true)).length === 0) needless.push(action);
    }
    for (const action of actionsOf(deleting)) {
      // Without versions objects are deleted as a whole.
      const isPlain = action === 's3:DeleteObject';
      if ((await both(writing, without(deleting, action), !isPlain)).length === 0) needless.push(action);
    }
    expect(needless).to.deep.equal([]);
  });

  it('let the keys that write remove nothing', async () => {
    const removing = /Delete|Abort|Bypass|ListBucketVersions|PutBucket|Lifecycle|\*/;
    expect(actionsOf(writing).filter((action) => removing.test(action))).to.deep.equal([]);
  });
});
