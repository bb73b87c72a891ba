import { startConsumers } from '@holdfast/queue';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { recordingLogger } from '@holdfast/testing/queue';
import { needsRedis, startRedis } from '@holdfast/testing/redis';
import { HoldfastClient, type Service } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { addRaw, queueOf, stateOf } from './support/queue.ts';
import { heldDumps, holdDumps, sourceDatabase } from './support/source.ts';
import { localDestination, register, settledAttempts, useHoldfast } from './support/system.ts';

const idle = { code: 0, signal: null };

for (const inRedis of [true, false]) {
  describe(`a deploy, queue in ${inRedis ? 'Redis' : 'PostgreSQL'}`, function suite() {
    this.timeout(120_000);
    let redisUrl: string | undefined;
    before(function skips() {
      if (inRedis) needsRedis(this);
    });
    const holdfast = useHoldfast(async () => {
      redisUrl = inRedis ? (await startRedis()).url : undefined;
      return { redisUrl, workers: 2, schedulers: 2, env: { HOLDFAST_GRACE_SECONDS: '1' } };
    });

    async function untilDone(ids: readonly string[]): Promise<void> {
      for (const id of ids) {
        const backup = await holdfast().client.waitFor(id, ['done'], 30);
        expect(await settledAttempts(holdfast(), backup)).to.have.length(1);
      }
    }

    const unfinished = async (): Promise<number> => {
      const rows = await holdfast().database.query(
        `select from holdfast.backups where status in ('scheduled', 'pending')`,
      );
      return rows.length;
    };

    const failures = async (): Promise<unknown> => {
      const [row] = await holdfast().database.query('select sum(failures)::int as n from holdfast.backups');
      return row?.['n'];
    };

    it('replaces every process one after another under a stream of backups: none is lost, none fails, none counts a failure', async () => {
      const { token, workers, schedulers, api } = holdfast();
      const apis: Service[] = [api, await holdfast().startApi()];
      const destination = await localDestination(holdfast(), 'stream');
      const source = await sourceDatabase();
      const hold = await holdDumps(source);
      const held = await holdfast().client.backup(await register(holdfast(), source, destination));
      await heldDumps(source);
      const streamed = await Promise.all(
        [1, 2, 3].map(async () => register(holdfast(), await sourceDatabase(0), destination)),
      );

      const accepted = [held.id];
      const replaced = new AbortController();
      const stream = async (): Promise<void> => {
        for (let turn = 0; !replaced.signal.aborted; turn += 1) {
          const id = streamed[turn % streamed.length] ?? '';
          // As behind a balancer: a replica that is away or turns the request away is passed over.
          for (const { url } of apis) {
            const answer = await new HoldfastClient(url, token).backup(id).catch(() => null);
            if (answer) accepted.push(answer.id);
            if (answer) break;
          }
          await until('fewer to wait', 60, async () => (await unfinished()) < 6);
        }
      };
      const streaming = stream();
      const replace = async (services: Service[], start: () => Promise<Service>): Promise<void> => {
        for (const old of services.slice()) {
          services.push(await start());
          expect(await old.stop(), old.name).to.deep.equal(idle);
          services.splice(services.indexOf(old), 1);
        }
      };
      await replace(workers, () => holdfast().startWorker());
      await replace(schedulers, () => holdfast().startScheduler());
      await replace(apis, () => holdfast().startApi());
      replaced.abort();
      await streaming;
      await hold.release();
      const client = new HoldfastClient(apis[0]?.url ?? '', token);
      for (const id of accepted) {
        const backup = await client.waitFor(id, ['done'], 30);
        expect(await settledAttempts(holdfast(), backup)).to.have.length(1);
      }
      expect(accepted.length).to.be.greaterThan(6);
      expect((await client.findBackup(held.id)).attempt, 'attempts of what was handed back').to.be.greaterThan(1);
      expect(await failures()).to.equal(0);
      holdfast().client = client;
    });

    if (!inRedis) return;

    it('may ring for jobs that older workers do not know, and send them more than they know of', async () => {
      const queue = queueOf(holdfast(), redisUrl);
      const { client } = holdfast();
      const destination = await localDestination(holdfast(), 'newer');
      const source = await sourceDatabase();
      const hold = await holdDumps(source);
      const databaseId = await register(holdfast(), source, destination);
      const first = await client.backup(databaseId);
      await heldDumps(source);
      await addRaw(queue, 'backup.run@2', { unheard: 'of' }, 'newer');
      const more = { backupId: first.id, requestId: null, priority: 'high', plan: { parts: 4 } };
      await addRaw(queue, 'backup.run@1', more, `again-${first.id}`);
      await until('an older worker to hand it back', 15, async () => (await stateOf(queue, 'newer')) === 'delayed');
      await until('the payload to be read', 15, async () => (await stateOf(queue, `again-${first.id}`)) === 'unknown');
      await hold.release();
      await untilDone([first.id, (await client.backup(databaseId)).id]);
      const output = holdfast().output();
      expect(output).to.include('handed back a kind of job that only a newer version knows');
      expect(output).not.to.include('the job failed');
      expect(await stateOf(queue, 'newer')).to.be.oneOf(['delayed', 'active', 'waiting', 'prioritized']);
    });

    it('may leave workers running that know fewer jobs: what they take comes to the newer ones', async () => {
      const queue = queueOf(holdfast(), redisUrl);
      // An older version's handlers, which the compiler of this one does not let pass.
      const older = { 'restore.run@1': async () => undefined } as unknown as JobHandlers;
      const concurrency = { backups: 4, restores: 1, verifications: 4, maintenance: 1 };
      const { logger, lines } = recordingLogger();
      const consumers = await startConsumers(queue, older, { concurrency, logger });
      const destination = await localDestination(holdfast(), 'older');
      const ids: string[] = [];
      for (let count = 0; count < 4; count += 1) {
        const databaseId = await register(holdfast(), await sourceDatabase(), destination);
        ids.push((await holdfast().client.backup(databaseId)).id);
      }
      try {
        await untilDone(ids);
      } finally {
        await consumers.stop();
      }
      expect(await failures()).to.equal(0);
      expect(
        lines.map(({ msg }) => msg),
        'what the older one logged',
      ).not.to.include('the job failed');
    });

    // What follows is the same whatever the queue is.
    if (!inRedis) return;

    it('may write rows of a kind of database that older workers do not know: these wait and say so, until one knows it', async () => {
      const { client, database } = holdfast();
      const destination = await localDestination(holdfast(), 'unknown');
      const strange = await register(holdfast(), await sourceDatabase(0), destination);
      const usual = await register(holdfast(), await sourceDatabase(0), destination);
      await database.query(`update holdfast.databases set type = 'oracle' where id = '${strange}'`);
      const waiting = await client.backup(strange);
      await until('it to say what it waits for', 15, async () => (await client.findBackup(waiting.id)).error !== null);
      const done = await client.waitFor((await client.backup(usual)).id, ['done'], 20);
      expect(await settledAttempts(holdfast(), done)).to.have.length(1);

      const shown = await client.findBackup(waiting.id);
      expect(shown).to.include({ status: 'scheduled', attempt: 0 });
      expect(shown.error).to.include({ code: 'engine_unknown' });
      for (const path of ['/api/databases', `/api/databases/${strange}`, `/api/databases/${strange}/backups`]) {
        expect((await client.request('GET', path)).status, path).to.equal(200);
      }
      const probe = await client.request('POST', `/api/databases/${strange}/test`);
      expect([probe.status, JSON.stringify(probe.body)]).to.have.property('0', 200);
      expect(JSON.stringify(probe.body)).to.contain('engine_unknown');
      const noted = (worker: Service): number => worker.output().split('left work to others').length - 1;
      expect(Math.max(...holdfast().workers.map(noted)), 'each worker says it once').to.equal(1);
      expect(holdfast().output()).not.to.include('the job failed');

      // The newer version is there.
      await database.query(
        `update holdfast.databases set type = 'postgresql' where id = '${strange}'`,
        `update holdfast.backups set engine = 'postgresql' where id = '${waiting.id}'`,
      );
      const backup = await client.waitFor(waiting.id, ['done'], 40);
      expect(backup).to.include({ attempt: 1, error: null });
      const [row] = await database.query(`select failures from holdfast.backups where id = '${waiting.id}'`);
      expect(row).to.deep.equal({ failures: 0 });
    });

    it('may write rows that only newer processes can read: older ones go on with the others', async () => {
      const { client, database } = holdfast();
      const destination = await localDestination(holdfast(), 'rows');
      const databaseId = await register(holdfast(), await sourceDatabase(), destination);
      const strange = await client.backup(databaseId);
      await untilDone([strange.id]);
      await database.query(
        `do $$ declare c text; begin
           for c in select conname from pg_constraint where conrelid = 'holdfast.backups'::regclass and contype = 'c' loop
             execute format('alter table holdfast.backups drop constraint %I', c);
           end loop;
         end $$`,
        'alter table holdfast.backups add column later jsonb',
        `update holdfast.backups set status = 'verifying', later = '{"of": "later"}' where id = '${strange.id}'`,
      );
      expect(await client.findBackup(strange.id)).to.include({ id: strange.id });
      const list = await client.request('GET', `/api/databases/${databaseId}/backups`);
      expect(list.status).to.equal(200);
      await untilDone([(await client.backup(databaseId)).id]);
    });

    it('ends by force at a second signal', async () => {
      const worker = await holdfast().startWorker({ HOLDFAST_GRACE_SECONDS: '60' });
      const [first, second] = holdfast().workers;
      await Promise.all([first?.stop(), second?.stop()]);
      const source = await sourceDatabase();
      const hold = await holdDumps(source);
      const destination = await localDestination(holdfast(), 'forced');
      await holdfast().client.backup(await register(holdfast(), source, destination));
      await heldDumps(source);
      worker.send('SIGTERM');
      await until('it to stop', 10, () => worker.output().includes('"stopping"'));
      expect(await worker.stop()).to.deep.equal({ code: 1, signal: null });
      await hold.release();
    });
  });
}
