import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { expect } from 'chai';
import { s3Destination } from '../support/s3.ts';
import { sourceDatabase } from '../support/source.ts';
import { localDestination, register, useHoldfast } from '../support/system.ts';

/** How Go's decoder reads a field; null and absence leave its zero value, anything else of another type is an error. */
const readable = {
  text: (value: unknown) => typeof value === 'string',
  flag: (value: unknown) => typeof value === 'boolean',
  count: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
  time: (value: unknown) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value),
  counts: (value: unknown) => Array.isArray(value) && value.every((one) => Number.isSafeInteger(one)),
};
type Fields = Record<string, keyof typeof readable>;

const backupFields: Fields = {
  id: 'text',
  created_at: 'time',
  started_at: 'time',
  name: 'text',
  size: 'count',
  status: 'text',
  database_id: 'text',
  method: 'text',
};
const databaseFields: Fields = {
  id: 'text',
  created_at: 'time',
  resource_id: 'text',
  app_name: 'text',
  encryption_at_rest: 'flag',
  plan: 'text',
  status: 'text',
  type_id: 'text',
  type_name: 'text',
  version_id: 'text',
  readable_version: 'text',
  hostname: 'text',
  cluster: 'flag',
  periodic_backups_enabled: 'flag',
  periodic_backups_scheduled_at: 'counts',
};

interface Backup {
  id: string;
  status: string;
  size: number | null;
  database_id: string;
  method: string;
}
interface Database {
  id: string;
  periodic_backups_enabled: boolean;
  periodic_backups_scheduled_at: number[];
}

/** Fails where the client's decoder would. */
function mustDecode(object: unknown, fields: Fields, needed: readonly string[]): void {
  const given = object as Record<string, unknown>;
  for (const [name, kind] of Object.entries(fields)) {
    const value = given[name];
    if (value === null || value === undefined) expect(needed, name).to.not.include(name);
    else expect(readable[kind](value), `${name}: ${JSON.stringify(value)}`).to.equal(true);
  }
}
const neededOfBackup = ['id', 'created_at', 'name', 'status', 'database_id', 'method'];
function decodeBackup(object: unknown): Backup {
  mustDecode(object, backupFields, neededOfBackup);
  return object as Backup;
}

/** The API as the command line tool calls it: every answer but the expected status is an error. */
class Cli {
  readonly #api: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#api = `${url}/api`;
    this.#token = token;
  }

  /** Reads put their parameters into the query, of which a question mark is left when there are none; writes always have a body. */
  async send(method: 'GET' | 'POST' | 'PATCH', path: string, params: object = {}): Promise<Response> {
    return await fetch(`${this.#api}${path}${method === 'GET' ? '?' : ''}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#token}`,
        'Content-type': 'application/json',
        Accept: 'application/json',
        'User-Agent': 'Scalingo Go Client',
      },
      ...(method === 'GET' ? {} : { body: JSON.stringify(params) }),
      redirect: 'error',
    });
  }

  async expect<T>(status: 200 | 201, method: 'GET' | 'POST' | 'PATCH', path: string, params?: object): Promise<T> {
    const answer = await this.send(method, path, params);
    const text = await answer.text();
    expect(answer.status, `${method} ${path}: ${text}`).to.equal(status);
    return JSON.parse(text) as T;
  }

  async backups(db: string): Promise<Backup[]> {
    const path = `/databases/${db}/backups`;
    return (await this.expect<{ database_backups: unknown[] }>(200, 'GET', path)).database_backups.map(decodeBackup);
  }

  async showBackup(id: string): Promise<Backup> {
    return decodeBackup(
      (await this.expect<{ database_backup: unknown }>(200, 'GET', `/backups/${id}`)).database_backup,
    );
  }

  /** `scalingo backups-create`: asks for a backup and looks every second until it has ended. */
  async createBackup(db: string): Promise<{ backup: Backup; seen: string[] }> {
    const path = `/databases/${db}/backups`;
    let backup = decodeBackup((await this.expect<{ database_backup: unknown }>(201, 'POST', path)).database_backup);
    const seen = [backup.status];
    const deadline = performance.now() + 40_000;
    while (backup.status !== 'done' && backup.status !== 'error') {
      if (performance.now() > deadline) throw new Error(`The backup is still ${backup.status}.`);
      await delay(1000);
      backup = await this.showBackup(backup.id);
      seen.push(backup.status);
    }
    return { backup, seen };
  }

  /** `scalingo backups-download`: takes the first of the list that is done, by a request that says nothing but where. */
  async download(db: string): Promise<{ backup: Backup; bytes: Buffer; encoding: string | null }> {
    const last = (await this.backups(db)).find(({ status }) => status === 'done');
    if (!last) throw new Error('can not find any successful backup');
    const backup = await this.showBackup(last.id);
    const path = `/databases/${db}/backups/${last.id}/archive`;
    const { download_url: link } = await this.expect<{ download_url: string }>(200, 'GET', path);
    const answer = await fetch(link);
    expect(answer.status).to.equal(200);
    const encoding = answer.headers.get('content-encoding');
    return { backup, bytes: Buffer.from(await answer.arrayBuffer()), encoding };
  }

  async database(db: string): Promise<Database> {
    return decodeDatabase((await this.expect<{ database: unknown }>(200, 'GET', `/databases/${db}`)).database);
  }

  async configure(db: string, periodic: object): Promise<Database> {
    const answer = await this.expect<{ database: unknown }>(200, 'PATCH', `/databases/${db}`, { database: periodic });
    return decodeDatabase(answer.database);
  }
}

const neededOfDatabase = ['id', 'created_at', 'periodic_backups_enabled', 'periodic_backups_scheduled_at'];
function decodeDatabase(object: unknown): Database {
  mustDecode(object, databaseFields, neededOfDatabase);
  return object as Database;
}

describe('the Scalingo command line tool', function suite() {
  this.timeout(90_000);
  const holdfast = useHoldfast();
  let s3: TestS3;
  let cli: Cli;
  let databaseId: string;

  before(async () => {
    s3 = await startS3();
    cli = new Cli(holdfast().api.url, holdfast().token);
    databaseId = await register(holdfast(), await sourceDatabase(), await s3Destination(holdfast(), s3));
  });
  after(() => s3.stop());

  async function expectDownload(db: string, expected: Backup): Promise<void> {
    const { backup, bytes, encoding } = await cli.download(db);
    expect(backup.id).to.equal(expected.id);
    expect([bytes.length, encoding]).to.deep.equal([backup.size, null]);
    const { checksum } = await holdfast().client.findBackup(backup.id);
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).to.equal(checksum);
  }

  it('creates a backup and follows it to its end', async () => {
    const { backup, seen } = await cli.createBackup(databaseId);
    expect(seen[0]).to.equal('scheduled');
    expect(backup).to.include({ status: 'done', database_id: databaseId, method: 'manual' });
  });

  it('downloads the newest backup that succeeded, from the store and from our own route', async () => {
    const { client } = holdfast();
    const local = await register(holdfast(), await sourceDatabase(), await localDestination(holdfast(), 'cli'));
    for (const db of [databaseId, local]) {
      const { backup: good } = await cli.createBackup(db);
      const { database } = (await client.expect<{ database: { database: string } }>(200, 'GET', `/api/databases/${db}`))
        .database;
      await client.expect(200, 'PATCH', `/api/databases/${db}`, { database: { database: 'no_such_database' } });
      const { backup: failed } = await cli.createBackup(db);
      expect(failed).to.include({ status: 'error', size: 0 });
      expect((await cli.backups(db))[0]?.id).to.equal(failed.id);
      await expectDownload(db, good);
      await client.expect(200, 'PATCH', `/api/databases/${db}`, { database: { database } });
    }
  });

  it('shows and changes when periodic backups are made, by an hour or by a list of hours', async () => {
    expect(await cli.database(databaseId)).to.include({ id: databaseId, periodic_backups_enabled: false });
    const both = await cli.configure(databaseId, { periodic_backups_enabled: true, periodic_backups_scheduled_at: 3 });
    expect(both).to.deep.include({ periodic_backups_enabled: true, periodic_backups_scheduled_at: [3] });
    const hour = await cli.configure(databaseId, { periodic_backups_scheduled_at: 0 });
    expect(hour).to.deep.include({ periodic_backups_enabled: true, periodic_backups_scheduled_at: [0] });
    const hours = await cli.configure(databaseId, { periodic_backups_scheduled_at: [15, 3] });
    expect(hours).to.deep.include({ periodic_backups_enabled: true, periodic_backups_scheduled_at: [3, 15] });
    const off = await cli.configure(databaseId, { periodic_backups_enabled: false });
    expect(off).to.deep.include({ periodic_backups_enabled: false, periodic_backups_scheduled_at: [3, 15] });
    expect(await cli.database(databaseId)).to.deep.equal(off);
  });

  it('reads why it is refused', async () => {
    const refusals: [number, Response][] = [
      [404, await cli.send('GET', '/backups/5b8b36104ffb090be1ac3ce1')],
      [404, await cli.send('POST', '/databases/no-such-database/backups')],
      [401, await new Cli(holdfast().api.url, 'wrong').send('GET', `/databases/${databaseId}`)],
    ];
    for (const [status, answer] of refusals) {
      expect(answer.status).to.equal(status);
      expect(await answer.json())
        .to.have.property('error')
        .that.is.a('string');
    }
    const invalid = await cli.send('PATCH', `/databases/${databaseId}`, {
      database: { periodic_backups_scheduled_at: 24 },
    });
    const { errors } = (await invalid.json()) as { errors: Record<string, string[]> };
    expect(invalid.status).to.equal(422);
    expect(errors['periodic_backups_scheduled_at']).to.be.an('array').that.is.not.empty;
  });
});
