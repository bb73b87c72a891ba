import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedPostgres, startPostgres, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { filesBelow } from './support/files.ts';
import { heldRestore, holdRestores, sourceDatabase } from './support/source.ts';
import { localDestination, register, useHoldfast } from './support/system.ts';
import { untilVerified, verify, provenOf, type VerificationView } from './support/verification.ts';

describe('verification', function suite() {
  this.timeout(90_000);
  const holdfast = useHoldfast(() => ({
    sentinel: true,
    env: {
      HOLDFAST_CONTENT: 'full',
      HOLDFAST_RECHECK_SECONDS: '3',
      HOLDFAST_ALERT_SECONDS: '1',
      HOLDFAST_MAX_FAILURES: '2',
    },
  }));
  let destination: number;
  let source: TestDatabase;
  let databaseId: string;

  before(async () => {
    destination = await localDestination(holdfast(), 'verified');
    source = await sourceDatabase();
    databaseId = await register(holdfast(), source, destination);
  });

  const done = async (of = databaseId): Promise<string> => {
    const { id } = await holdfast().client.backup(of);
    await holdfast().client.waitFor(id, ['done'], 30);
    return id;
  };
  const scratchDatabases = async (): Promise<unknown[]> =>
    (await sharedPostgres()).query(
      'postgres',
      `select datname from pg_database where datname like 'holdfast\\_verify\\_%'`,
    );
  const objectOf = (backupId: string, name: string): string => {
    const folder = join(holdfast().localRoot, 'verified');
    const found = filesBelow(folder).find((path) => path.includes(backupId) && path.includes(name));
    return join(folder, found ?? 'nothing');
  };
  const alertOf = (backupId: string) =>
    until(`an alert for ${backupId}`, 20, async () => {
      const { alerts } = await holdfast().client.expect<{ alerts: { kind: string; cleared_at: string | null }[] }>(
        200,
        'GET',
        '/api/alerts',
      );
      return (
        alerts.find((alert) => alert.kind === 'backup_damaged' && JSON.stringify(alert).includes(backupId)) ?? null
      );
    });

  it('makes the backup of a schedule identical by itself, and leaves no scratch database', async () => {
    const { client } = holdfast();
    const path = `/api/databases/${databaseId}/schedules`;
    const body = { cron: '* * * * * *', verification: { level: 'identical' } };
    const { schedule } = await client.expect<{ schedule: { id: string; verification: unknown } }>(
      201,
      'POST',
      path,
      body,
    );
    expect(schedule.verification).to.deep.equal({ level: 'identical', every: 1, scratch_database_id: null });
    const first = await until('a backup of the schedule', 20, async () => {
      const found = await client.expect<{ database_backups: { id: string; method: string }[] }>(
        200,
        'GET',
        `/api/databases/${databaseId}/backups`,
      );
      return found.database_backups.findLast(({ method }) => method === 'periodic') ?? null;
    });
    await client.expect(200, 'PATCH', `${path}/${schedule.id}`, { enabled: false });
    const proven = await until('it to be identical', 40, async () => {
      const found = await provenOf(holdfast(), first.id);
      return found.level === 'identical' ? found : null;
    });
    expect(proven.damage).to.equal(null);
    const list = `/api/databases/${databaseId}/backups/${first.id}/verifications`;
    const { verifications } = await client.expect<{ verifications: VerificationView[] }>(200, 'GET', list);
    expect(verifications.at(-1)).to.include({
      cause: 'policy',
      level: 'identical',
      reached: 'identical',
      status: 'done',
    });
    await until('no scratch database', 20, async () => (await scratchDatabases()).length === 0);
  });

  it('names the tables whose rows a restored copy lost or changed', async () => {
    const changed = await sourceDatabase();
    // What is refreshed at the end of a restore changes what was restored, and only there.
    await changed.query(
      'create table victims as select n as id, n * 10 as amount from generate_series(1, 1000) n',
      'create table spared as select n as id from generate_series(1, 10) n',
      `create function meddle() returns int language plpgsql as $$ begin
         if current_database() like 'holdfast\\_verify\\_%' then delete from public.victims where id = 500; end if;
         return 1;
       end $$`,
      'create materialized view meddled as select public.meddle() as n',
    );
    const id = await register(holdfast(), changed, destination);
    const verification = await untilVerified(holdfast(), await verify(holdfast(), id, await done(id)));
    expect(verification).to.include({ status: 'done', level: 'identical', reached: 'restorable' });
    expect(verification.findings.map(({ message }) => message).join('\n'))
      .to.match(/public\.victims/)
      .and.not.match(/spared/);
    const { level, damage } = await provenOf(holdfast(), verification.backup_id);
    expect({ level, state: damage?.state }).to.deep.equal({ level: 'restorable', state: 'unfaithful' });
    expect(damage?.detail).to.match(/public\.victims/);
  });

  it('finds one flipped bit and a lost object in what is kept, alerts, and lets nobody restore it unawares', async () => {
    const { client } = holdfast();
    const [changed, lost, whole] = [await done(), await done(), await done()];
    const dump = objectOf(changed, 'dump');
    const bytes = readFileSync(dump);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(dump, bytes);
    rmSync(objectOf(lost, 'dump'));
    for (const [id, state] of [
      [changed, 'changed'],
      [lost, 'missing'],
    ] as const) {
      const proven = await until(`the recheck to find ${state}`, 40, async () => {
        const found = await provenOf(holdfast(), id);
        return found.damage ? found : null;
      });
      expect(proven).to.deep.include({ level: null });
      expect(proven.damage).to.include({ state });
      expect(await alertOf(id)).to.include({ cleared_at: null });
      const path = `/api/databases/${databaseId}/backups/${id}/restore`;
      const target = { new_database: `${source.name}_unawares` };
      const refused = await client.request('POST', path, { target });
      expect(refused.status, JSON.stringify(refused.body)).to.equal(409);
      const insisted = { target, allow_damaged: true };
      expect(await client.restore(databaseId, id, insisted, 30)).to.include({ status: 'error' });
    }
    const server = await sharedPostgres();
    expect(
      await server.query('postgres', `select from pg_database where datname = '${source.name}_unawares'`),
    ).to.have.length(0);
    await until(
      'the whole one to be looked at',
      40,
      async () => (await provenOf(holdfast(), whole)).verified_at !== null,
    );
    expect(await provenOf(holdfast(), whole)).to.deep.include({ level: 'readable', damage: null });
  });

  it('says nothing of the backup when the scratch server is away', async () => {
    const away = await startPostgres();
    await away.createDatabase('scratch');
    const { host, port, user, password } = away;
    const scratch = await register(holdfast(), { ...source, host, port, user, password, name: 'scratch' }, destination);
    const id = await done();
    await away.stop();
    const verification = await untilVerified(
      holdfast(),
      await verify(holdfast(), databaseId, id, { scratch_database_id: scratch }),
    );
    expect(verification).to.include({ status: 'error', reached: null });
    expect(verification.error).to.include({ code: 'host_unreachable' });
    expect((await provenOf(holdfast(), id)).damage).to.equal(null);
  });

  it('removes the scratch database of a worker that was killed, and of one that was told to stop', async () => {
    const slow = await sourceDatabase();
    await holdRestores(slow);
    const id = await register(holdfast(), slow, destination);
    const held = () => heldRestore({ ...slow, name: 'holdfast_verify' });
    const verification = await verify(holdfast(), id, await done(id), { level: 'restorable' });
    await held();
    const [worker] = holdfast().workers;
    await worker?.kill();
    await holdfast().startWorker();
    await until('the second attempt', 30, async () => (await find(verification)).attempt === 2);
    await held();
    await holdfast().client.expect(200, 'POST', `/api/verifications/${verification}/cancel`);
    expect((await untilVerified(holdfast(), verification)).error).to.include({ code: 'cancelled' });
    await until('no scratch database', 30, async () => (await scratchDatabases()).length === 0);
  });

  const find = async (id: string): Promise<VerificationView> =>
    (await holdfast().client.expect<{ verification: VerificationView }>(200, 'GET', `/api/verifications/${id}`))
      .verification;
});
