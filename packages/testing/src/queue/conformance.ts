import { expect } from 'chai';
import { HoldfastError } from '@holdfast/shared/domain';
import { lockSeconds, newSweep, QueueBed } from './bed.ts';
import { untilAborted, type AnyPayload } from './handlers.ts';
import { outageConformance } from './outages.ts';
import { failureOf } from './promises.ts';
import type { QueueServer, QueueServerKind } from './servers.ts';
import { until } from '../until.ts';

/** What the services rely on, the same for every backend. Each suite has a server of its own. */
export function queueConformance(kind: QueueServerKind): void {
  describe(`the queue on ${kind.name}`, () => {
    let server: QueueServer;
    let bed: QueueBed;

    before(async function () {
      kind.require(this);
      server = await kind.start();
    });

    beforeEach(() => {
      bed = new QueueBed(server.connection);
    });

    afterEach(async () => {
      await bed.close();
      await server.empty();
    });

    after(async () => {
      await server?.stop();
    });

    it('delivers a payload to its handler once', async () => {
      const seen: { name: string; payload: AnyPayload; jobId: string }[] = [];
      await bed.consumers(async (payload, { jobId }, name) => {
        seen.push({ name, payload, jobId });
      });
      const producer = bed.producer();
      const { jobId, payload } = newSweep();
      const backup = { backupId: payload.backupId, requestId: 'request' };
      await producer.ring('attempt.sweep@1', payload, { jobId });
      await producer.ring('backup.run@1', backup, { jobId: 'backup-1', priority: 5 });
      await until('both jobs ran', 10, () => seen.length === 2);
      await until('the job is gone', 10, async () => (await bed.stateOf('maintenance', jobId)) === 'unknown');
      expect(seen).to.have.deep.members([
        { name: 'attempt.sweep@1', payload, jobId },
        { name: 'backup.run@1', payload: backup, jobId: 'backup-1' },
      ]);
    });

    it('refuses to ring with a payload that does not fit', async () => {
      const payload = { backupId: 'no uuid', requestId: null };
      const error = await failureOf(bed.producer().ring('backup.run@1', payload, { jobId: 'unfit' }));
      expect(error).to.be.instanceOf(HoldfastError);
      expect(error.message).to.contain('backup.run@1').and.contain('backupId');
      expect(await bed.stateOf('backups', 'unfit')).to.equal('unknown');
    });

    it('fails a job whose payload does not fit, without calling its handler', async () => {
      let calls = 0;
      await bed.consumers(async () => {
        calls += 1;
      });
      await bed.addRaw('backups', 'backup.run@1', { backupId: 7 }, 'unfit');
      await until('the failure is logged', 10, () => bed.log.lines.some(({ jobId }) => jobId === 'unfit'));
      const line = bed.log.lines.find(({ jobId }) => jobId === 'unfit');
      expect(line).to.include({ level: 'error', msg: 'the job failed', job: 'backup.run@1' });
      expect(JSON.stringify(line)).to.contain('The payload of backup.run@1 does not fit');
      expect(calls).to.equal(0);
    });

    it('hands back a job that only a newer version knows, as often as it gets it', async () => {
      await bed.consumers(() => Promise.reject(new Error('no handler is to be called')));
      await bed.addRaw('backups', 'backup.run@99', { unheard: 'of' }, 'future');
      await until('it was taken twice', 10, async () => (await bed.startsOf('backups', 'future')) === 2);
      await until('it was handed back', 10, async () => (await bed.stateOf('backups', 'future')) === 'delayed');
      expect(bed.log.lines.filter(({ level }) => level === 'warn')).to.have.lengthOf(1);
      expect(bed.log.lines.some(({ level }) => level === 'error')).to.equal(false);
    });

    it('does not run a job twice when its id is rung again while it waits or runs', async () => {
      let calls = 0;
      const gate = Promise.withResolvers<void>();
      const producer = bed.producer();
      const { jobId, payload } = newSweep();
      await producer.ring('attempt.sweep@1', payload, { jobId });
      await producer.ring('attempt.sweep@1', payload, { jobId });
      await bed.consumers(async () => {
        calls += 1;
        await gate.promise;
      }, 2);
      await until('it runs', 10, () => calls === 1);
      await producer.ring('attempt.sweep@1', payload, { jobId });
      const other = newSweep();
      await producer.ring('attempt.sweep@1', other.payload, { jobId: other.jobId });
      await until('a job rung later runs', 10, () => calls === 2);
      gate.resolve();
      await until('both are gone', 10, async () => (await bed.stateOf('maintenance', jobId)) === 'unknown');
      expect(calls).to.equal(2);
    });

    it('runs an id again that is rung after its job ended', async () => {
      const calls: string[] = [];
      await bed.consumers(async (_payload, { jobId }) => {
        calls.push(jobId);
      });
      const producer = bed.producer();
      const { jobId, payload } = newSweep();
      for (const times of [1, 2, 3]) {
        await producer.ring('attempt.sweep@1', payload, { jobId });
        await until(`run ${times}`, 10, () => calls.length === times);
        await until('the job is gone', 10, async () => (await bed.stateOf('maintenance', jobId)) === 'unknown');
      }
    });

    it('goes on after a handler throws, and frees the id', async () => {
      let calls = 0;
      await bed.consumers(async () => {
        calls += 1;
        if (calls === 1) throw new Error('the handler broke');
      });
      const producer = bed.producer();
      const { jobId, payload } = newSweep();
      await producer.ring('attempt.sweep@1', payload, { jobId });
      await until('the failed job is gone', 10, async () => {
        return calls === 1 && (await bed.stateOf('maintenance', jobId)) === 'unknown';
      });
      await producer.ring('attempt.sweep@1', payload, { jobId });
      await until('it ran again', 10, () => calls === 2);
      expect(bed.log.lines.filter(({ msg }) => msg === 'the job failed')).to.have.lengthOf(1);
    });

    it('runs as many jobs of a queue at once as it is told', async () => {
      let [active, peak, done] = [0, 0, 0];
      await bed.consumers(async () => {
        active += 1;
        peak = Math.max(peak, active);
        await until('three run', 10, () => peak === 3);
        active -= 1;
        done += 1;
      }, 3);
      const producer = bed.producer();
      for (let count = 0; count < 9; count += 1) {
        const { jobId, payload } = newSweep();
        await producer.ring('attempt.sweep@1', payload, { jobId });
      }
      await until('all ran', 10, () => done === 9);
      expect(peak).to.equal(3);
    });

    it('aborts the signals of running handlers on stop, waits for them, and takes no more jobs', async () => {
      const reasons: unknown[] = [];
      let calls = 0;
      const consumers = await bed.consumers(async (_payload, { signal }) => {
        calls += 1;
        try {
          await untilAborted(signal);
        } catch (error) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          reasons.push(error);
          throw error;
        }
      });
      const producer = bed.producer();
      const [first, second] = [newSweep(), newSweep()];
      await producer.ring('attempt.sweep@1', first.payload, { jobId: first.jobId });
      await producer.ring('attempt.sweep@1', second.payload, { jobId: second.jobId });
      await until('one runs', 10, () => calls === 1);
      await consumers.stop();
      expect(reasons).to.have.lengthOf(1);
      expect(reasons[0]).to.be.instanceOf(HoldfastError).and.have.property('code', 'stopping');
      expect(calls).to.equal(1);
      expect(await bed.stateOf('maintenance', first.jobId)).to.equal('unknown');
      expect(await bed.stateOf('maintenance', second.jobId)).to.equal('waiting');
    });

    it('keeps the lock of a job for as long as its handler runs', async () => {
      let calls = 0;
      const aborted: unknown[] = [];
      const gate = Promise.withResolvers<void>();
      const handle = async (_payload: AnyPayload, { signal }: { signal: AbortSignal }): Promise<void> => {
        calls += 1;
        signal.addEventListener('abort', () => aborted.push(signal.reason));
        await gate.promise;
      };
      await bed.consumers(handle);
      await bed.consumers(handle);
      const { jobId, payload } = newSweep();
      await bed.producer().ring('attempt.sweep@1', payload, { jobId });
      await until('it runs', 10, () => calls === 1);
      await new Promise((resolve) => setTimeout(resolve, 4 * lockSeconds * 1000));
      expect(calls).to.equal(1);
      expect(aborted).to.deep.equal([]);
      gate.resolve();
    });

    it('gives the job of a killed process to another, again and again', async () => {
      const { jobId, payload } = newSweep();
      await bed.producer().ring('attempt.sweep@1', payload, { jobId });
      for (const _time of [1, 2, 3]) {
        const child = await bed.child();
        await until('the child runs the job', 10, () => child.started.includes(jobId));
        await child.kill();
      }
      const taken: string[] = [];
      await bed.consumers(async (_payload, context) => {
        taken.push(context.jobId);
      });
      await until('another took it over', 5 * lockSeconds, () => taken.length === 1);
      await until('it is gone', 10, async () => (await bed.stateOf('maintenance', jobId)) === 'unknown');
      expect(taken).to.deep.equal([jobId]);
    }).timeout(60_000);

    it('tells a handler that the queue no longer holds its job, and takes new ones', async () => {
      const reasons: unknown[] = [];
      const handled: string[] = [];
      const { jobId, payload } = newSweep();
      await bed.consumers(async (_payload, context) => {
        if (context.jobId === jobId) await untilAborted(context.signal).catch((error) => reasons.push(error));
        else handled.push(context.jobId);
      });
      const producer = bed.producer();
      await producer.ring('attempt.sweep@1', payload, { jobId });
      await until('it runs', 10, async () => (await bed.stateOf('maintenance', jobId)) === 'active');
      await server.empty();
      await until('its signal was aborted', 10, () => reasons.length === 1);
      expect(reasons[0]).to.be.instanceOf(HoldfastError).and.have.property('code', 'lease_lost');
      const next = newSweep();
      await producer.ring('attempt.sweep@1', next.payload, { jobId: next.jobId });
      await until('a new job ran', 10, () => handled.includes(next.jobId));
    });

    outageConformance(() => [server, bed]);
  });
}
