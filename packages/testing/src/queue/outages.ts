import { expect } from 'chai';
import { HoldfastError } from '@holdfast/shared/domain';
import { newSweep, QueueBed } from './bed.ts';
import { failureOf, succeeds } from './promises.ts';
import { startProxy } from './proxy.ts';
import type { QueueServer } from './servers.ts';
import { until } from '../until.ts';

/** The part of the conformance suite that takes the server away. @param current the server and the bed of the running test */
export function outageConformance(current: () => readonly [QueueServer, QueueBed]): void {
  describe('without its server', () => {
    let server: QueueServer;
    let bed: QueueBed;

    beforeEach(() => {
      [server, bed] = current();
    });

    afterEach(() => server.restart());

    it('rejects a ring within two seconds when it was never up, and works once it is', async () => {
      await server.stop();
      const producer = bed.producer();
      const { jobId, payload } = newSweep();
      for (const attempt of [() => producer.ring('attempt.sweep@1', payload, { jobId }), () => producer.ping()]) {
        const start = performance.now();
        expect(await failureOf(attempt())).to.be.instanceOf(HoldfastError);
        expect(performance.now() - start).to.be.below(2000);
      }
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const start = performance.now();
      for (let times = 0; times < 5; times += 1) await failureOf(producer.ping());
      expect(performance.now() - start, 'ms for five once the outage is known').to.be.below(500);
      await server.restart();
      await until('a ring gets through', 10, () => succeeds(producer.ring('attempt.sweep@1', payload, { jobId })));
      await producer.ping();
      expect(await bed.stateOf('maintenance', jobId)).to.equal('waiting');
    });

    it('starts consumers that were there before it, and they take jobs once it is up', async () => {
      await server.stop();
      const handled: string[] = [];
      await bed.consumers(async (_payload, { jobId }) => {
        handled.push(jobId);
      });
      await server.restart();
      const producer = bed.producer();
      const { jobId, payload } = newSweep();
      await until('a ring gets through', 10, () => succeeds(producer.ring('attempt.sweep@1', payload, { jobId })));
      await until('it ran', 10, () => handled.includes(jobId));
    });

    it('survives a restart: the same producer and consumers work again', async () => {
      const handled: string[] = [];
      await bed.consumers(async (_payload, { jobId }) => {
        handled.push(jobId);
      });
      const producer = bed.producer();
      const [before, between, after] = [newSweep(), newSweep(), newSweep()];
      await producer.ring('attempt.sweep@1', before.payload, { jobId: before.jobId });
      await until('it works before', 10, () => handled.includes(before.jobId));
      await server.stop();
      const start = performance.now();
      await failureOf(producer.ring('attempt.sweep@1', between.payload, { jobId: between.jobId }));
      expect(performance.now() - start).to.be.below(2000);
      await server.restart();
      const ringAfter = () => producer.ring('attempt.sweep@1', after.payload, { jobId: after.jobId });
      await until('a ring gets through', 10, () => succeeds(ringAfter()));
      await until('it works after', 15, () => handled.includes(after.jobId));
    });

    it('finds out that its connections went dead without being closed, and makes new ones', async () => {
      const proxy = await startProxy(server.port);
      const dead = new QueueBed(server.through(proxy.port));
      const handled: string[] = [];
      try {
        await dead.consumers(async (_payload, { jobId }) => {
          handled.push(jobId);
        });
        const producer = dead.producer();
        const [before, after] = [newSweep(), newSweep()];
        await producer.ring('attempt.sweep@1', before.payload, { jobId: before.jobId });
        await until('it works before', 10, () => handled.includes(before.jobId));
        proxy.freeze();
        await until('a ring gets through', 20, () =>
          succeeds(producer.ring('attempt.sweep@1', after.payload, { jobId: after.jobId })),
        );
        await until('it runs', 30, () => handled.includes(after.jobId));
      } finally {
        await dead.close();
        await proxy.stop();
      }
    }).timeout(60_000);

    it('logs the beginning and the end of an outage once each, and does not spin', async () => {
      await bed.consumers(async () => undefined);
      const producer = bed.producer();
      await producer.ping();
      await server.stop();
      await until('the outage is known', 10, () =>
        bed.log.lines.some(({ msg }) => msg.startsWith('the queue is away')),
      );
      const known = bed.log.lines.length;
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect(bed.log.lines.length - known, 'lines in three seconds').to.be.below(200);
      await server.restart();
      await until('a ping gets through', 10, () => succeeds(producer.ping()));
      await until('both know that it is back', 15, () => messages('the queue is back') === 2);
      expect(messages('the queue is away, trying on')).to.equal(2);
    });

    it('stops within its bounds while the server is away, and the process can end', async () => {
      const child = await bed.child();
      const consumers = await bed.consumers(async () => undefined);
      await server.stop();
      const start = performance.now();
      await consumers.stop();
      expect(performance.now() - start).to.be.below(7000);
      expect(await child.stop()).to.equal(0);
      const neverUp = await bed.child();
      expect(await neverUp.stop()).to.equal(0);
    });

    const messages = (text: string): number => bed.log.lines.filter(({ msg }) => msg === text).length;
  });
}
