import { WaitingError, type Job } from 'bullmq';
import { expect } from 'chai';
import { handlersOf, newSweep, recordingLogger } from '@holdfast/testing/queue';
import { createProcessor } from './processor.ts';

describe('what a worker does with a job', () => {
  it('hands back a job that was fetched while the worker began to stop', async () => {
    const handedBack: (string | undefined)[] = [];
    let calls = 0;
    const process = createProcessor({
      handlers: handlersOf(async () => {
        calls += 1;
      }),
      logger: recordingLogger().logger,
      stopping: AbortSignal.abort(),
      running: new Set(),
    });
    const job = {
      id: 'late',
      name: 'attempt.sweep@1',
      data: newSweep().payload,
      moveToWait: async (token?: string) => handedBack.push(token),
    };
    let thrown: unknown;
    await process(job as unknown as Job, 'token', undefined).catch((error: unknown) => {
      thrown = error;
    });
    expect(thrown).to.be.instanceOf(WaitingError);
    expect(handedBack).to.deep.equal(['token']);
    expect(calls).to.equal(0);
  });

  it('declares three parameters: BullMQ gives no signal to a function with fewer', () => {
    const options = {
      logger: recordingLogger().logger,
      stopping: new AbortController().signal,
      running: new Set<never>(),
    };
    expect(createProcessor({ ...options, handlers: handlersOf(async () => undefined) })).to.have.lengthOf(3);
  });
});
