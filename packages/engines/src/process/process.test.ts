import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, Secret } from '@holdfast/shared/domain';
import { fakePrograms, isAlive } from '@holdfast/testing/engines';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { feedProgram, runningPrograms, startProgram, type Program, type ProgramEnd } from './index.ts';

const judge = ({ code, signal, startError, stderr }: ProgramEnd): HoldfastError | null =>
  code === 0 ? null : new HoldfastError('dump_failed', `${startError?.code ?? signal ?? code}: ${stderr}`);

function start(source: string, given: Partial<Parameters<typeof startProgram>[0]> = {}): Program {
  const folder = fakePrograms({ it: source });
  const signal = new AbortController().signal;
  return startProgram({ program: join(folder, 'it'), args: [], env: {}, secrets: [], signal, judge, ...given });
}

const failureOf = async (work: Promise<unknown>): Promise<HoldfastError> => {
  try {
    await work;
  } catch (error) {
    return error as HoldfastError;
  }
  throw new Error('It did not fail.');
};

describe('process', () => {
  it('gives all output and ends it when the program exits 0', async () => {
    const program = start(`process.stdout.write(Buffer.alloc(3_000_000, 'x'))`);
    expect(await buffer(program.stdout)).to.have.length(3_000_000);
    expect((await program.ended).end).to.include({ code: 0, outputBytes: 3_000_000 });
    expect(runningPrograms()).to.deep.equal([]);
  });

  it('does not end the output before the exit code is known to be 0', async () => {
    const program = start(`
      process.stdout.write('all of it');
      require('fs').closeSync(1);
      process.stdin.on('data', () => process.exit(0));`);
    let ended = false;
    program.stdout.once('end', () => (ended = true));
    const [chunk] = (await new Promise((resolve) => program.stdout.once('data', (data) => resolve([data])))) as [
      Buffer,
    ];
    expect(chunk.toString()).to.equal('all of it');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(ended).to.equal(false);
    program.stdin.write('go on');
    await program.ended;
    await until('the output ends', 10, () => ended);
  });

  it('fails the output when the program exits 1 after writing what looks whole', async () => {
    const program = start(
      `process.stdout.write('whole?', () => { console.error('disk full'); process.exitCode = 1; })`,
    );
    expect((await failureOf(buffer(program.stdout))).message).to.equal('1: disk full');
  });

  it('fails the output when a signal ends the program', async () => {
    const program = start(`process.stdout.write('part'); setInterval(() => {}, 1000)`);
    const reading = failureOf(buffer(program.stdout));
    process.kill(program.pid ?? 0, 'SIGKILL');
    expect((await reading).message).to.equal('SIGKILL: ');
  });

  it('says when the program cannot be started', async () => {
    const program = start('', { program: '/nowhere/pg_dump' });
    expect((await failureOf(buffer(program.stdout))).message).to.equal('ENOENT: ');
  });

  it('tells a failure also to a reader that comes late', async () => {
    const program = start('process.exit(3)');
    await program.ended;
    expect((await failureOf(pipeline(program.stdout, async (source) => buffer(source)))).message).to.equal('3: ');
  });

  it('fails without a reader while the pipe is full', async () => {
    const program = start(`process.stdout.write(Buffer.alloc(5_000_000)); setTimeout(() => process.exit(4), 50)`);
    program.stdout.read(0);
    expect(((await program.ended).error as Error).message).to.equal('4: ');
  });

  it('keeps the end of a flood on standard error, and neither blocks nor grows', async () => {
    const program = start(`
      const line = 'x'.repeat(1023) + '\\n';
      for (let i = 0; i < 30_000; i++) require('fs').writeSync(2, line);
      console.error('the reason'); process.exitCode = 1;`);
    const { message } = await failureOf(buffer(program.stdout));
    expect(message).to.match(/the reason$/);
    expect(message.length).to.be.lessThan(8_300);
  });

  it('removes secrets from standard error', async () => {
    const program = start(`console.error('connecting to postgres://u:p%40ss@h with p@ss'); process.exitCode = 1`, {
      secrets: [new Secret('p@ss')],
    });
    expect((await failureOf(buffer(program.stdout))).message).to.equal(
      '1: connecting to postgres://u:[redacted]@h with [redacted]',
    );
  });

  it('gives the program nothing of its own environment', async () => {
    const program = start('process.stdout.write(JSON.stringify(process.env))', { env: { PGHOST: 'h' } });
    const environment: unknown = JSON.parse((await buffer(program.stdout)).toString());
    expect(environment).to.deep.equal({
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C',
      LC_ALL: 'C',
      PGHOST: 'h',
    });
  });

  it('ends the program and what it started when the signal is aborted, by force after the grace', async () => {
    const controller = new AbortController();
    const program = start(
      `
      process.on('SIGTERM', () => {});
      const child = require('child_process').spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      process.stdout.write(String(child.pid)); setInterval(() => {}, 1000)`,
      { signal: controller.signal, graceMs: 200 },
    );
    const grandchild = await new Promise<number>((resolve) =>
      program.stdout.once('data', (data) => resolve(Number(data))),
    );
    const reading = failureOf(buffer(program.stdout));
    const reason = new HoldfastError('cancelled');
    controller.abort(reason);
    expect(await reading).to.equal(reason);
    const { end, error } = await program.ended;
    expect(end.signal).to.equal('SIGKILL');
    expect(error).to.equal(reason);
    await until('no process is left', 10, () => !isAlive(grandchild) && !isAlive(program.pid ?? 0));
  });

  it('ends the program when its reader goes away', async () => {
    const program = start(`setInterval(() => process.stdout.write('more'), 10)`);
    program.stdout.destroy();
    expect((await program.ended).end.code).to.not.equal(0);
    expect(isAlive(program.pid ?? 0)).to.equal(false);
  });

  it('leaves no program behind when its own process exits', async () => {
    const folder = fakePrograms({ it: `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)` });
    const script = `
      import { startProgram } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
      const program = startProgram({ program: ${JSON.stringify(join(folder, 'it'))}, args: [], env: {}, secrets: [],
        signal: new AbortController().signal, judge: () => null });
      console.log(program.pid);
      process.exit(0);`;
    const pid = Number(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }));
    expect(pid).to.be.greaterThan(1);
    await until('the program is gone', 10, () => !isAlive(pid));
  });

  describe('feeding', () => {
    const counting = `let n = 0; process.stdin.on('data', (d) => n += d.length).on('end', () => { console.error(n); process.exitCode = n === 2_000_000 ? 0 : 1 })`;
    const megabytes = function* (count: number): Generator<Buffer> {
      for (let i = 0; i < count; i++) yield Buffer.alloc(1_000_000);
    };

    it('hands over the whole input', async () => {
      const program = start(counting);
      await feedProgram(Readable.from(megabytes(2)), program);
      expect((await program.ended).end.stderr).to.equal('2000000');
    });

    it('tells why the program failed, not that its pipe broke', async () => {
      const program = start(`process.stdin.once('data', () => { console.error('bad archive'); process.exit(1) })`);
      const error = await failureOf(feedProgram(Readable.from(megabytes(50)), program));
      expect(error.message).to.equal('1: bad archive');
    });

    it('tells how the input failed, and ends the program before it could take the end of the input for the whole', async () => {
      const damaged = new HoldfastError('integrity');
      const input = Readable.from(
        (function* () {
          yield* megabytes(2);
          throw damaged;
        })(),
      );
      const program = start(counting);
      expect(await failureOf(feedProgram(input, program))).to.equal(damaged);
      expect((await program.ended).end).to.include({ code: null, stderr: '' });
    });

    it('reads the input to its end when the program has had enough of it', async () => {
      const damaged = new HoldfastError('integrity');
      const input = Readable.from(
        (function* () {
          yield* megabytes(20);
          throw damaged;
        })(),
      );
      const program = start(`process.stdin.once('data', () => process.exit(0))`);
      expect(await failureOf(feedProgram(input, program))).to.equal(damaged);
    });

    it('fails with the error of an input that had failed before', async () => {
      const damaged = new HoldfastError('integrity');
      const input = new Readable({ read: () => undefined }).on('error', () => undefined);
      input.destroy(damaged);
      await new Promise((resolve) => input.once('close', resolve));
      expect(await failureOf(feedProgram(input, start(counting)))).to.equal(damaged);
    });

    it('stops when the program fails while the input is silent', async () => {
      const input = new Readable({ read: () => undefined });
      const program = start('process.exit(5)');
      expect((await failureOf(feedProgram(input, program))).message).to.equal('5: ');
      expect(input.destroyed).to.equal(true);
    });
  });
});
