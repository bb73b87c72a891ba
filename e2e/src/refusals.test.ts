import { majors, startPostgres } from '@holdfast/testing/postgres';
import { startS3 } from '@holdfast/testing/s3';
import { freePort } from '@holdfast/embedded';
import type { BackupView } from '@holdfast/testing/services';
import { expect } from 'chai';
import { newestClient } from './support/clients.ts';
import { s3Destination } from './support/s3.ts';
import { sourceDatabase } from './support/source.ts';
import { localDestination, register, useHoldfast } from './support/system.ts';

/** Seconds until the owner must know. */
const patience = 15;
const wrongPassword = 'wrong-5ecret-pa55word';

interface DatabaseTest {
  database_test: { ok: boolean; error: { code: string; message: string } | null; missing_privileges: string[] };
}

describe('what cannot work', function suite() {
  const holdfast = useHoldfast();

  /** Backs up and expects the refusal in the row within 15 s, after one attempt. */
  async function refusal(databaseId: string): Promise<BackupView> {
    const { client } = holdfast();
    const { id } = await client.backup(databaseId);
    const backup = await client.waitFor(id, ['error'], patience);
    expect(backup, 'one attempt, no retries').to.include({ attempt: 1, size: 0, checksum: null });
    return backup;
  }

  async function test(databaseId: string): Promise<DatabaseTest['database_test']> {
    const path = `/api/databases/${databaseId}/test`;
    return (await holdfast().client.expect<DatabaseTest>(200, 'POST', path)).database_test;
  }

  it('says so of a wrong password, without repeating it', async () => {
    const source = await sourceDatabase();
    await source.query(`create role "${source.name}" login password 'right'`);
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'password'), {
      user: source.name,
      password: wrongPassword,
    });
    const { error } = await refusal(databaseId);
    expect(error?.code).to.equal('auth_failed');
    expect(error?.message)
      .to.match(/password/i)
      .and.include(source.name);
    expect((await test(databaseId)).error).to.deep.equal(error);
    expect(holdfast().output()).not.to.include(wrongPassword);
  });

  it('says so of a host name that does not exist', async () => {
    const source = await sourceDatabase();
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'host'), {
      host: 'no-such-host.invalid',
    });
    const { error } = await refusal(databaseId);
    expect(error?.code).to.equal('host_unknown');
    expect(error?.message).to.include('no-such-host.invalid');
    expect((await test(databaseId)).error?.code).to.equal('host_unknown');
  });

  it('says so of a port that nobody listens on, after a few attempts', async () => {
    const source = await sourceDatabase();
    const port = await freePort();
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'port'), { port });
    const { id } = await holdfast().client.backup(databaseId);
    const { error, attempt } = await holdfast().client.waitFor(id, ['error'], patience);
    expect(attempt).to.equal(3);
    expect(error?.code).to.equal('host_unreachable');
    expect(error?.message).to.include(String(port));
  });

  it('names the one table that the user may not read, and the statement that helps', async () => {
    const source = await sourceDatabase();
    const reader = `reader_${source.name}`;
    await source.query(
      `create role "${reader}" login password 'right' in role pg_read_all_data bypassrls`,
      'create schema private',
      'create table private.salaries (n int)',
      `revoke pg_read_all_data from "${reader}"`,
      `grant usage on schema public, private, "Odd ""Schema""; drop--" to "${reader}"`,
      `grant select on all tables in schema public, "Odd ""Schema""; drop--" to "${reader}"`,
      `grant select on all sequences in schema public, "Odd ""Schema""; drop--" to "${reader}"`,
      `do $$ declare o oid; begin for o in select oid from pg_largeobject_metadata loop execute format('grant select on large object %s to "${reader}"', o); end loop; end $$`,
    );
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'privilege'), {
      user: reader,
      password: 'right',
    });
    const { error } = await refusal(databaseId);
    const sentence = `Table "private"."salaries" cannot be read: GRANT SELECT ON TABLE "private"."salaries" TO "${reader}";`;
    expect(error?.code).to.equal('privilege_missing');
    expect(error?.message).to.include(sentence);
    expect(await test(databaseId))
      .to.include({ ok: false, error: null })
      .and.deep.include({ missing_privileges: [sentence] });
  });

  it('says which client to install for a server that is newer than the newest one', async function newer() {
    const client = newestClient();
    const major = majors.find((major) => major > client);
    if (major === undefined) {
      process.stderr.write(`skipped: client ${client} is newer than every server for tests\n`);
      return this.skip();
    }
    const server = await startPostgres({ major });
    const { host, port, user, password } = server;
    const databaseId = await holdfast().client.registerDatabase({
      name: 'newer',
      host,
      port,
      user,
      password,
      database: 'postgres',
      destination_id: await localDestination(holdfast(), 'newer'),
    });
    const { error } = await refusal(databaseId);
    expect(error?.code).to.equal('client_too_old');
    expect(error?.message).to.include(`postgresql-client-${major}`);
    expect((await test(databaseId)).error).to.deep.equal(error);
    await server.stop();
  });

  const keys = { s3_secret_key: 'wr0ng-s3cret-key' };
  const s3Refusals = [
    {
      name: 'a bucket that does not exist',
      changes: { s3_bucket_name: 'no-such-bucket' },
      code: 'bucket_missing',
      word: 'no-such-bucket',
    },
    { name: 'a wrong S3 secret key', changes: keys, code: 'store_auth_failed', word: 'secret key' },
  ];
  for (const { name, changes, code, word } of s3Refusals) {
    it(`says so of ${name}, before any dump runs`, async () => {
      const s3 = await startS3();
      try {
        const destinationId = await s3Destination(holdfast(), s3, changes);
        const { error } = await refusal(await register(holdfast(), await sourceDatabase(), destinationId));
        expect(error?.code).to.equal(code);
        expect(error?.message).to.include(word);
        const path = `/api/backup-destinations/${destinationId}/test`;
        const probed = await holdfast().client.expect<{ data: { ok: boolean; problems: string[] } }>(200, 'POST', path);
        expect(probed.data.ok).to.equal(false);
        expect(probed.data.problems.join(' ')).to.include(word);
        expect(holdfast().output()).not.to.include(keys.s3_secret_key);
      } finally {
        await s3.stop();
      }
    });
  }
});
