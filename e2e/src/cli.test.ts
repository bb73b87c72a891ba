import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compileCache } from '@holdfast/testing/services';
import type { TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { startCli, type Ended, type Running } from './support/cli.ts';
import { holdDumps, sourceDatabase } from './support/source.ts';
import { useHoldfast } from './support/system.ts';

describe('the command line', function suite() {
  this.timeout(90_000);
  const holdfast = useHoldfast();
  let source: TestDatabase;
  let home: string;
  const printed: string[] = [];

  after(() => home && rmSync(home, { recursive: true, force: true }));

  const start = (args: readonly string[], env: Record<string, string> = {}, input = ''): Running =>
    startCli(args, { HOME: home, SHOP_PASSWORD: source.password, ...env }, input);
  const run = async (args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ended> => {
    const ended = await start(args, env, input).ended;
    printed.push(ended.out, ended.err);
    return ended;
  };
  /** @returns the one document that a command prints */
  const json = async <T = Record<string, unknown>>(args: readonly string[], code = 0): Promise<T> => {
    const ended = await run([...args, '--json']);
    expect(ended.code, ended.err + ended.out).to.equal(code);
    const line = ended.out.trim().split('\n').at(-1) ?? '';
    return JSON.parse(line) as T;
  };

  /** The file that the tests begin with: that of docs/apply.md. */
  let file: string;
  const references = {
    S3_ACCESS_KEY: 'access',
    S3_SECRET_KEY: 'secret-of-s3',
    OPS_WEBHOOK: 'http://127.0.0.1:9/secret-path',
  };
  let login: Ended;
  let dry: Ended;
  let first: Ended;
  before(async function begin() {
    this.timeout(90_000);
    source = await sourceDatabase();
    home = mkdtempSync(join(tmpdir(), 'holdfast-home-'));
    file = join(home, 'holdfast.yaml');
    writeFileSync(file, documented(source));
    login = await run(['login', holdfast().api.url], {}, `${holdfast().token}\n`);
    dry = await run(['apply', '-f', file, '--dry-run', '--exit-code'], references);
    first = await run(['apply', '-f', file], references);
  });

  it('keeps a token that comes in by standard input in a file of its owner alone, and no token that is not valid', async () => {
    expect(login.code, login.err).to.equal(0);
    expect(statSync(join(home, '.config/holdfast/config.json')).mode & 0o777).to.equal(0o600);
    const wrong = await run(['login', holdfast().api.url, '--profile', 'wrong'], {}, 'hf_wrong\n');
    expect([wrong.code, wrong.out]).to.deep.equal([3, '']);
    expect(await json(['whoami'])).to.have.nested.property('account.name', 'tests');
    expect((await run(['whoami', '--profile', 'wrong'])).code).to.equal(3);
  });

  it('does what docs/apply.md shows, and the second time nothing', async () => {
    expect([dry.code, dry.err]).to.deep.equal([1, '']);
    expect(dry.out).to.contain('+ database shop');
    expect(first.code, first.err).to.equal(0);
    // Nothing has to be sent, so no secret is needed.
    const second = await json<{ changes: unknown[]; unchanged: number }>(['apply', '-f', file]);
    expect(second.changes).to.deep.equal([]);
    expect(second.unchanged).to.equal(8);
  });

  it('completes names in bash, and nothing there disturbs a line where the service is away', () => {
    const bin = join(home, 'bin');
    mkdirSync(bin);
    symlinkSync(join(import.meta.dirname, '../../packages/cli/bin/holdfast.mjs'), join(bin, 'holdfast'));
    const completed = execFileSync(
      'bash',
      [
        '--norc',
        '-c',
        `source <(holdfast completion bash)
        complete_line() { COMP_WORDS=($1); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _holdfast_yargs_completions; echo "<\${COMPREPLY[*]}>"; }
        complete_line 'holdfast backup sh'
        complete_line 'holdfast databases sh'
        HOLDFAST_URL=http://127.0.0.1:9 HOLDFAST_TOKEN=t complete_line 'holdfast backup sh' 2>&1`,
      ],
      {
        env: { HOME: home, PATH: `${bin}:${dirname(process.execPath)}:${process.env['PATH']}`, ...compileCache() },
        encoding: 'utf8',
      },
    );
    expect(completed.trim().split('\n')).to.deep.equal(['<shop>', '<show>', '<>']);
  });

  it('backs up and follows it, and what it downloads has the checksum', async () => {
    const backup = await json<{ status: string; checksum: string }>(['backup', 'shop', '--wait']);
    expect(backup.status).to.equal('done');
    const target = join(home, 'archive');
    const { code, err } = await run(['download', 'latest:shop', '-o', target]);
    expect(code, err).to.equal(0);
    const digest = `sha256:${createHash('sha256').update(readFileSync(target)).digest('hex')}`;
    expect(digest).to.equal(backup.checksum);
    const streamed = await run(['download', 'latest:shop', '-o', '-']);
    expect(Buffer.from(streamed.out, 'latin1').equals(readFileSync(target))).to.equal(true);
    const again = await run(['download', 'latest:shop', '-o', target]);
    expect([again.code, again.out]).to.deep.equal([2, '']);
    expect(readdirSync(home).filter((name) => name.endsWith('.part'))).to.deep.equal([]);
  });

  it('restores beside and verifies, and replaces nothing where nobody can be asked', async () => {
    const { id } = await holdfast().client.backup('shop');
    await holdfast().client.waitFor(id, ['done'], 30);
    const asked = await run(['restore', id, '--in-place']);
    expect([asked.code, asked.out]).to.deep.equal([2, '']);
    const [restore, verification] = await Promise.all([
      json<{ status: string; outcome: string }>(['restore', id, '--wait']),
      json<{ reached: string }>(['verify', id, '--level', 'readable', '--wait']),
    ]);
    expect(restore.status).to.equal('done');
    expect(restore.outcome).to.contain(`${source.name}_restored`);
    expect(verification.reached).to.equal('readable');
  });

  it('ends as its exit codes say', async () => {
    const unreachable = { HOLDFAST_URL: 'http://127.0.0.1:9', HOLDFAST_TOKEN: 'hf_any' };
    const cases: [number, Ended][] = await Promise.all([
      run(['protection']).then((ended): [number, Ended] => [1, ended]),
      run(['backup']).then((ended): [number, Ended] => [2, ended]),
      run(['databases', '--url', 'http://127.0.0.2:9']).then((ended): [number, Ended] => [3, ended]),
      run(['databases', 'show', 'nope']).then((ended): [number, Ended] => [4, ended]),
      run(['databases'], unreachable).then((ended): [number, Ended] => [5, ended]),
    ]);
    for (const [code, ended] of cases) expect(ended.code, ended.err).to.equal(code);
    const failing = await json(['backup', 'orders', '--wait'], 1);
    expect(failing).to.have.nested.property('error.code');
  });

  it('leaves a backup alone when the watching of it is interrupted, and says so', async () => {
    const hold = await holdDumps(source);
    try {
      const watching = start(['backup', 'shop', '--wait']);
      const id = await until('the backup to run', 20, () => {
        const [, found] = /Backup (\S+) of shop\n[^]*pending/.exec(watching.printed()) ?? [];
        return found;
      });
      watching.interrupt();
      const { code, err } = await watching.ended;
      expect([code, err]).to.satisfy(
        ([given, text]: [number, string]) => given === 130 && text.includes(`backups show ${id}`),
      );
      await hold.release();
      await holdfast().client.waitFor(id, ['done'], 30);
    } finally {
      await hold.release();
    }
  });

  it('shows no secret to whoever looks at processes, and prints none', async () => {
    const adding = start(
      [
        'databases',
        'add',
        'third',
        '--type',
        'postgresql',
        '--host',
        source.host,
        '--user',
        'backup',
        '--password-stdin',
      ],
      {},
      source.password,
    );
    const seen = adding.seenArguments();
    const { code, out, err } = await adding.ended;
    expect(code, err).to.equal(0);
    const refused = await run(['databases', 'add', 'fourth', '--type', 'postgresql', '--password', 'typed-secret']);
    expect(refused.code).to.equal(2);
    const secrets = [source.password, holdfast().token, 'secret-of-s3', 'secret-path', 'typed-secret'];
    for (const secret of secrets) expect([seen, out, err, ...printed].join('\n')).to.not.contain(secret);
  });

  it('makes a channel whose address stands in no argument, and shows its secret once', async () => {
    const url = 'http://127.0.0.1:9/path-that-is-a-secret';
    const args = ['notifications', 'add', 'duty', '--type', 'webhook', '--url-stdin', '--json'];
    const made = await start(args, {}, url).ended;
    expect(made.code, made.err).to.equal(0);
    const { signing_secret: first } = JSON.parse(made.out) as { signing_secret: string };
    expect(first).to.match(/^whsec_/);
    const shown = await run(['notifications', 'show', 'duty', '--json']);
    expect(shown.out).to.not.contain(first).and.not.contain('path-that-is-a-secret');
    const rotated = await json<{ signing_secret: string }>(['notifications', 'rotate-secret', 'duty']);
    expect(rotated.signing_secret)
      .to.match(/^whsec_/)
      .and.not.equal(first);
    expect((await run(['notifications', 'add', 'mute', '--type', 'slack'])).code, 'without a URL').to.equal(2);
  });

  it('completes its commands in bash', async () => {
    const { out } = await run(['completion', 'bash']);
    const script = join(home, 'completion.bash');
    writeFileSync(script, out);
    const loaded = execFileSync('bash', ['--norc', '-euc', `source ${script}; complete -p holdfast`], {
      encoding: 'utf8',
    });
    expect(loaded).to.contain('holdfast');
    const offered = await run(['--get-yargs-completions', 'holdfast', 'backups', '']);
    expect(offered.out.split('\n')).to.include.members(['list', 'show', 'delete']);
  });
});

/** The example of docs/apply.md, with a database and a place that are really there. */
function documented({ host, port, user, name }: TestDatabase): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/apply.md'), 'utf8');
  const [, example] = /<!-- test: example -->\s*```yaml\n(.+?)```/s.exec(page) ?? [];
  if (example === undefined) throw new Error('docs/apply.md has no example.');
  return example
    .replace(
      'host: db.example.org\n    user: backup',
      `host: ${host}\n    port: ${port}\n    user: ${user}\n    database: ${name}`,
    )
    .replaceAll('db.example.org', '127.0.0.1')
    .replaceAll('https://s3.example.org', 'http://127.0.0.1:9');
}
