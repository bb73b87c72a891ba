import { Writable } from 'node:stream';
import { expect } from 'chai';
import { withLogFields } from './log-fields.ts';
import { createLogger } from './logger.ts';
import { inSpan, traceBy } from './tracing/span.ts';

function logInto(lines: string[]): ReturnType<typeof createLogger> {
  const sink = new Writable({
    write: (line, _encoding, done) => {
      lines.push(String(line));
      done();
    },
  });
  return createLogger('test', 'debug', sink);
}

const count = (line: string, name: string): number => line.split(`"${name}":`).length - 1;

describe('the log', () => {
  afterEach(() => traceBy(null));

  it('names in every line what surrounds it, through whatever is awaited, and no field twice', async () => {
    const lines: string[] = [];
    const logger = logInto(lines);
    const child = logger.child({ requestId: 'of the child' });
    await withLogFields({ requestId: 'r1', jobId: 'j1' }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      await withLogFields({ backupId: 'b1', attempt: 2 }, async () => {
        logger.info('plain');
        child.info({ attempt: 7 }, 'said already');
      });
    });
    logger.info('outside');
    const [plain = '', said = '', outside = ''] = lines;
    expect(JSON.parse(plain)).to.include({ requestId: 'r1', jobId: 'j1', backupId: 'b1', attempt: 2 });
    expect(JSON.parse(said)).to.include({ requestId: 'of the child', jobId: 'j1', attempt: 7 });
    for (const name of ['requestId', 'attempt', 'jobId']) expect(count(said, name), name).to.equal(1);
    expect(outside).not.to.contain('requestId');
  });

  it('names the trace where there is one', () => {
    const lines: string[] = [];
    traceBy({
      inSpan: (_options, work) => work({ set: () => undefined, rename: () => undefined, fail: () => undefined }),
      traceId: () => 't1',
    });
    logInto(lines).info('traced');
    expect(JSON.parse(lines[0] ?? '')).to.include({ traceId: 't1' });
  });

  it('has spans that are nothing but their work where nobody traces', async () => {
    expect(await inSpan({ name: 'work' }, async (span) => (span.fail('never'), 'done'))).to.equal('done');
  });
});
