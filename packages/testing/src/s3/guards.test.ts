import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startS3, type TestS3, type TestUser } from './index.ts';
import { allows } from './policy.ts';

const hasAws = spawnSync('aws', ['--version']).status === 0;

describe('versions, locks and policies of the S3 test server', function suite() {
  let server: TestS3;
  let folder: string;
  const plain: TestUser = {
    accessKey: 'plain',
    secretKey: 'plain-secret',
    policy: {
      Statement: [
        { Effect: 'Allow', Action: 's3:*', Resource: '*' },
        { Effect: 'Deny', Action: 's3:Bypass*', Resource: '*' },
      ],
    },
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-aws-'));
    server = await startS3({ objectLock: true, users: [plain] });
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  });

  /** The command line client of Amazon, which nobody here wrote. @returns its answer, or the name of the refusal */
  async function aws(args: string[], keys = { accessKey: server.accessKey, secretKey: server.secretKey }) {
    const child = spawn('aws', ['--endpoint-url', server.endpoint, 's3api', ...args, '--output', 'json'], {
      env: {
        PATH: process.env['PATH'],
        AWS_ACCESS_KEY_ID: keys.accessKey,
        AWS_SECRET_ACCESS_KEY: keys.secretKey,
        AWS_DEFAULT_REGION: server.region,
        AWS_CONFIG_FILE: join(folder, 'none'),
        AWS_MAX_ATTEMPTS: '1',
      },
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    const refusal = /\((\w+)\) when calling/.exec(errors)?.[1];
    if (errors !== '' && refusal === undefined) throw new Error(errors);
    return { refusal, answer: (output === '' ? {} : JSON.parse(output)) as Record<string, unknown> };
  }

  it('look to an independent client as those of Amazon do', async function crossCheck() {
    if (!hasAws) this.skip();
    const body = join(folder, 'body');
    writeFileSync(body, 'hello');
    const at = ['--bucket', server.bucket, '--key', 'x'];
    const until = new Date(Date.now() + 60_000).toISOString();
    const locked = ['--object-lock-mode', 'GOVERNANCE', '--object-lock-retain-until-date', until];
    const { answer: put } = await aws(['put-object', ...at, '--body', body, ...locked]);
    const version = ['--version-id', String(put['VersionId'])];
    expect((await aws(['head-object', ...at])).answer).to.include({ ObjectLockMode: 'GOVERNANCE' });
    expect((await aws(['delete-object', ...at])).answer).to.include({ DeleteMarker: true });
    const { answer: listed } = await aws(['list-object-versions', '--bucket', server.bucket]);
    expect(listed['Versions']).to.have.length(1);
    expect(listed['DeleteMarkers']).to.have.length(1);
    const bypass = [...at, ...version, '--bypass-governance-retention'];
    expect((await aws(['delete-object', ...bypass], plain)).refusal).to.equal('AccessDenied');
    expect((await aws(['delete-object', ...bypass])).refusal).to.equal(undefined);
    expect(server.versions().map(({ isMarker }) => isMarker)).to.deep.equal([true]);
  });

  it('are judged as Amazon judges policies: what is not allowed is denied, and a denial wins', () => {
    const policy = plain.policy;
    expect(allows(null, 's3:GetObject', 'arn:aws:s3:::b/x')).to.equal(true);
    expect(allows({ Statement: [] }, 's3:GetObject', 'arn:aws:s3:::b/x')).to.equal(false);
    expect(allows(policy, 's3:GetObject', 'arn:aws:s3:::b/x')).to.equal(true);
    expect(allows(policy, 's3:BypassGovernanceRetention', 'arn:aws:s3:::b/x')).to.equal(false);
    const one = { Statement: [{ Effect: 'Allow', Action: ['s3:Get*'], Resource: ['arn:aws:s3:::b/*'] }] } as const;
    expect(allows(one, 's3:GetObject', 'arn:aws:s3:::b/x/y')).to.equal(true);
    expect(allows(one, 's3:GetObject', 'arn:aws:s3:::b')).to.equal(false);
    expect(allows(one, 's3:PutObject', 'arn:aws:s3:::b/x')).to.equal(false);
  });
});
