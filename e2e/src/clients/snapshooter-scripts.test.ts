import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fingerprint } from '@holdfast/testing/engines';
import { sharedPostgres, type TestDatabase } from '@holdfast/testing/postgres';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { s3Destination } from '../support/s3.ts';
import { shapeOf, type Shape } from '../support/shape.ts';
import { sourceDatabase } from '../support/source.ts';
import { register, storedAttempts, useHoldfast } from '../support/system.ts';
import { Wings } from '../support/wings.ts';

const run = promisify(execFile);

/** The documented answers, by keys and types. A field that Holdfast cannot fill as documented is left out here. */
const documentedFile = { id: 'string', name: 'string', size: 'string', url: 'string' };
const documentedBackup = {
  id: 'string',
  job_id: 'string',
  status: 'string',
  tags: { manual: 'boolean', hourly: 'boolean', daily: 'boolean', weekly: 'boolean', monthly: 'boolean' },
  s3_directory: 'string',
  created_at: 'string',
  started_at: 'string',
  completed_at: 'string',
  monitoring_available: 'boolean',
  files: [documentedFile],
};
const documentedCompute = {
  id: 'number',
  type: 'string',
  server: {
    id: 'number',
    host: 'string',
    user: 'string',
    port: 'number',
    name: 'string',
    created_at: 'string',
    last_used: 'string',
    status: 'string',
  },
};
const documentedRestore = {
  id: 'string',
  job_id: 'string',
  backup_id: 'string',
  status: 'string',
  created_at: 'string',
  started_at: 'null',
  completed_at: 'null',
  files: [documentedFile],
};

interface Data {
  id: string;
  status: string;
  error: { code: string } | null;
  files: { id: string; name: string; size: string; size_bytes: number; url: string }[];
  [field: string]: unknown;
}

interface Said<T> {
  status: number;
  body: { data: T; message: string; errors: Record<string, string[]> };
}

describe('scripts that call SnapShooter by curl', function suite() {
  this.timeout(90_000);
  const holdfast = useHoldfast(() => ({
    env: { HOLDFAST_DELETE_AGAIN_SECONDS: '1', HOLDFAST_DELETION_GRACE_SECONDS: '1' },
  }));
  let s3: TestS3;
  let source: TestDatabase;
  let databaseId: string;
  let destinationId: number;
  let backup: Data;

  before(async function prepare() {
    this.timeout(90_000);
    s3 = await startS3();
    source = await sourceDatabase();
    destinationId = await s3Destination(holdfast(), s3, { s3_prefix: 'snapshooter/' });
    databaseId = await register(holdfast(), source, destinationId);
    backup = await completed();
  });
  after(() => s3.stop());

  /** Runs curl with the arguments of a script, and reads what it prints. */
  async function curl<T = Data>(path: string, args: readonly string[], input?: string): Promise<Said<T>> {
    const authorization = ['--header', `Authorization: Bearer ${holdfast().token}`];
    const quiet = ['--silent', '--show-error', '--noproxy', '*', '--write-out', '\n%{http_code}'];
    const url = `${holdfast().api.url}/v1/backups/${path}`;
    const running = run('curl', [url, ...args, ...authorization, ...quiet]);
    running.child.stdin?.end(input);
    const { stdout } = await running;
    const [, text = '', status] = /^(.*)\n(\d+)$/s.exec(stdout) ?? [];
    return { status: Number(status), body: (text === '' ? {} : JSON.parse(text)) as Said<T>['body'] };
  }
  /** What a link gives to a curl that knows nothing but the link. */
  async function fetched(link: string): Promise<Buffer> {
    const options = { encoding: 'buffer', maxBuffer: 2 ** 26 } as const;
    return (await run('curl', ['--silent', '--fail', '--noproxy', '*', link], options)).stdout;
  }
  const get = (path: string) => curl(path, ['-X', 'GET']);
  const post = <T = Data>(path: string) => curl<T>(path, ['-X', 'POST']);
  const postJson = (path: string, body: string) => {
    const headers = ['-H', 'Content-Type: application/json', '-H', 'Accept: application/json'];
    return curl(path, ['-X', 'POST', ...headers, '--data-binary', '@-'], body);
  };

  async function completed(): Promise<Data> {
    const { id } = await holdfast().client.backup(databaseId);
    return await until(`backup ${id} to be completed`, 30, async () => {
      const { data } = (await get(id)).body;
      if (data.status === 'failed') throw new Error(JSON.stringify(data.error));
      return data.status === 'completed' ? data : null;
    });
  }

  async function ended(restore: Data): Promise<Data> {
    return await until(`restore ${restore.id} to end`, 30, async () => {
      const { data } = (await get(`${String(restore['backup_id'])}/restores/${restore.id}`)).body;
      return data.status === 'completed' || data.status === 'failed' ? data : null;
    });
  }

  /** Asks for a restore as a script does, and waits until it has worked. */
  async function restored(body: string | null): Promise<Data> {
    const path = `${backup.id}/restore`;
    const { status, body: answer } = await (body === null ? post(path) : postJson(path, body));
    expect([status, answer.data.status], JSON.stringify(answer)).to.deep.equal([201, 'pending']);
    expect(await ended(answer.data)).to.include({ status: 'completed', error: null });
    return answer.data;
  }

  const contentOf = async (database = source.name): Promise<string[]> => {
    const { host, port, user, password } = await sharedPostgres();
    return await fingerprint({ host, port, user, password, database });
  };

  /** Expects the documented keys with their types; more keys are no harm. */
  function expectDocumented(seen: unknown, documented: Record<string, Shape>): void {
    const shape = shapeOf(seen) as Record<string, Shape>;
    for (const [key, expected] of Object.entries(documented)) {
      if (key === 'files') {
        const [file] = shape['files'] as Record<string, Shape>[];
        expect(file).to.deep.include((expected as Record<string, Shape>[])[0]);
      } else expect(shape[key], key).to.deep.equal(expected);
    }
  }

  it('shows a backup with the documented fields, and files whose links curl needs no header for', async () => {
    const { status, body } = await get(backup.id);
    expect([status, Object.keys(body)]).to.deep.equal([200, ['data']]);
    const { data } = body;
    expectDocumented(data, documentedBackup);
    expect(data).to.include({ job_id: databaseId, status: 'completed', encryption_key: null });
    expect(data['tags']).to.deep.include({ manual: true, daily: false });
    const directory = String(data['s3_directory']);
    expect(directory).to.match(/^snapshooter\/.*[^/]$/);
    for (const file of data.files) {
      expect(file.name.startsWith(`${directory}/`), file.name).to.equal(true);
      expect(s3.objects().find(({ key }) => key === file.name)?.size).to.equal(file.size_bytes);
      expect(file.size).to.match(/^\d+(\.\d)? (bytes?|KB|MB|GB)$/);
      expect((await fetched(file.url)).length).to.equal(file.size_bytes);
    }
  });

  it('gives a link for each file that is valid for an hour', async () => {
    const { status, body } = await post<Record<string, string>>(`${backup.id}/download`);
    expect([status, Object.keys(body)]).to.deep.equal([200, ['data']]);
    const links = Object.entries(body.data);
    expect(links).to.have.length(backup.files.length);
    const { checksum } = await holdfast().client.findBackup(backup.id);
    for (const [name, link] of links) {
      expect(name).to.not.include('/');
      expect(new URL(link).searchParams.get('X-Amz-Expires')).to.equal('3600');
      expect(
        `sha256:${createHash('sha256')
          .update(await fetched(link))
          .digest('hex')}`,
      ).to.equal(checksum);
    }
  });

  it('restores in place without a body, with an empty one, and with a list of files', async () => {
    const original = await contentOf();
    const [file] = backup.files;
    for (const body of [null, '{}\n', JSON.stringify({ files: [file?.id] })]) {
      await source.query('drop table filler');
      const data = await restored(body);
      expectDocumented(data, documentedRestore);
      expect(data).to.include({ job_id: databaseId, backup_id: backup.id });
      expect(await contentOf()).to.deep.equal(original);
    }
  });

  it('restores with the workers where compute says so, onto a new database', async () => {
    const name = `${source.name}_copy`;
    const wish = { compute: { type: 'server', server_id: 0 }, target: { new_database: name } };
    const { id, backup_id: of } = await restored(JSON.stringify(wish));
    const { data } = (await get(`${String(of)}/restores/${id}`)).body;
    expect(shapeOf(data['compute'])).to.deep.equal(documentedCompute);
    expect(await contentOf(name)).to.deep.equal(await contentOf());
  });

  it('leaves a restore to the remote server that compute names', async () => {
    const { client, api } = holdfast();
    const made = await client.expect<{ server: { id: number; token: string } }>(201, 'POST', '/api/servers', {
      server: { name: 'WordPress Blog' },
    });
    const { server } = made;
    const database = { name: 'blog', type: 'files', server_id: server.id, destination_id: destinationId };
    const { id: remoteId } = (
      await client.expect<{ database: { id: string } }>(201, 'POST', '/api/databases', { database })
    ).database;
    const { id } = await client.backup(remoteId);
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-blog-'));
    try {
      const file = join(folder, 'blog.tar.gz');
      writeFileSync(file, randomBytes(744));
      await new Wings(api.url, server.token).backUp(id, file);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect((await get(id)).body.data.files[0]).to.include({ size: '744 bytes', size_bytes: 744 });

    const wish = { compute: { type: 'ss_agent', server_id: server.id } };
    const { status, body } = await postJson(`${id}/restore`, JSON.stringify(wish));
    expect(status, JSON.stringify(body)).to.equal(201);
    expectDocumented(body.data, { ...documentedRestore, compute: documentedCompute });
    expect(body.data['compute']).to.deep.include({ id: server.id, type: 'ss_agent' });
  });

  it('is told which field is wrong', async () => {
    const wishes: [unknown, string][] = [
      [{ files: [] }, 'files'],
      [{ files: ['f7a4b142-5aa8-4b42-8896-62455f696e5a'] }, 'files'],
      [{ compute: { type: 'ss_agent' } }, 'compute.server_id'],
      [{ compute: { type: 'ss_agent', server_id: 9362 } }, 'compute.server_id'],
    ];
    for (const [wish, field] of wishes) {
      const { status, body } = await postJson(`${backup.id}/restore`, JSON.stringify(wish));
      expect([status, Object.keys(body)], JSON.stringify(wish)).to.deep.equal([422, ['message', 'errors']]);
      expect(Object.keys(body.errors)).to.deep.equal([field]);
    }
    const unknown = await get('596c5046-1bd8-4664-9a3f-6208526c3b87');
    expect([unknown.status, Object.keys(unknown.body)]).to.deep.equal([404, ['message']]);
  });

  it('fails a restore of changed bytes, and leaves the target as it was', async () => {
    const damaged = await completed();
    const [file] = damaged.files;
    await s3.corrupt(file?.name ?? '', Math.floor((file?.size_bytes ?? 0) / 2));
    await source.query('create table since_then (id int primary key)', 'insert into since_then values (1)');
    const content = await contentOf();
    const { status, body } = await post(`${damaged.id}/restore`);
    expect(status).to.equal(201);
    const restore = await ended(body.data);
    expect([restore.status, restore.error?.code]).to.deep.equal(['failed', 'integrity']);
    expect(await contentOf()).to.deep.equal(content);
  });

  it('deletes a backup, of which nothing is left', async () => {
    const { id } = await completed();
    const stored = () =>
      storedAttempts(
        s3.objects().map(({ key }) => key),
        id,
      );
    expect(Object.keys(stored())).to.deep.equal(['a1']);
    expect((await curl(id, ['-X', 'DELETE'])).status).to.equal(204);
    expect((await get(id)).status).to.equal(404);
    expect((await post(`${id}/restore`)).status).to.equal(404);
    await until('its objects to be removed', 20, () => Object.keys(stored()).length === 0);
  });
});
