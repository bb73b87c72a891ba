import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { environment } from '../packages/shared/src/config/index.ts';
import { testDatabase } from '../packages/testing/src/postgres/index.ts';
import { compileCache } from '../packages/testing/src/services/index.ts';
import { until } from '../packages/testing/src/until.ts';
import { root } from './lib/run.ts';

const unit = readFileSync(join(root, 'deploy/systemd/holdfast.service'), 'utf8');
const valueOf = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
const main = readFileSync(join(root, 'services/standalone/src/main.ts'), 'utf8');

interface Ended {
  code: number | null;
  output: string;
}

describe('the unit for systemd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-unit-'));
  chmodSync(folder, 0o755);
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Starts what the unit starts, from where the project and its state are here. */
  function start(settings: Record<string, string>): { output: () => string; stop: () => void; ended: Promise<Ended> } {
    const [program = '', ...parameters] = valueOf('ExecStart')
      .replaceAll(valueOf('WorkingDirectory'), root)
      .replaceAll(`/var/lib/${valueOf('StateDirectory')}`, join(folder, 'state'))
      .split(' ');
    expect(program).to.equal('/usr/bin/node');
    const given = Object.fromEntries([valueOf('Environment').split('=')]) as Record<string, string>;
    const child = spawn(process.execPath, parameters, {
      cwd: root,
      env: {
        PATH: environment()['PATH'],
        ...compileCache(),
        ...given,
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code) => resolve({ code, output: printed }));
    });
    return { output: () => printed, stop: () => void child.kill('SIGTERM'), ended };
  }

  it('starts Holdfast by its command and ends it by its signal', async () => {
    const { url } = await testDatabase();
    const process = start({ DATABASE_URL: url, HOLDFAST_PORT: '0', HOLDFAST_LOG_LEVEL: 'warn' });
    await until('Holdfast to be ready', 20, () => process.output().includes('Holdfast is ready'), process.output);
    process.stop();
    const { code, output } = await process.ended;
    expect(code, output).to.equal(0);
  });

  it('does not start again what its settings keep from starting', async () => {
    const { code, output } = await start({ HOLDFAST_PROT: '1' }).ended;
    expect(output).to.contain('HOLDFAST_PROT is not a setting');
    expect(String(code)).to.equal(valueOf('RestartPreventExitStatus'));
    expect(valueOf('Restart')).to.equal('on-failure');
  });

  it('waits for longer than Holdfast takes to stop, and lets it end its PostgreSQL itself', () => {
    const secondsOf = (name: string): number => Number(new RegExp(`const ${name} = (\\d+)`).exec(main)?.[1]);
    const own = secondsOf('closeSeconds') + secondsOf('usualGraceSeconds');
    expect(Number(valueOf('TimeoutStopSec'))).to.be.greaterThan(own);
    expect(valueOf('KillMode')).to.equal('mixed');
  });

  it('runs as a user of its own that can write to its state alone', () => {
    expect(valueOf('User')).to.equal('holdfast');
    expect([valueOf('ProtectSystem'), valueOf('StateDirectoryMode'), valueOf('NoNewPrivileges')]).to.deep.equal([
      'strict',
      '0700',
      'yes',
    ]);
  });
});

describe('npm start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-npm-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** As the project is after its first start, but that nothing is served. */
  function project(): void {
    for (const part of ['scripts', 'node_modules', '.holdfast', 'packages/web/dist', 'packages/client/src'])
      mkdirSync(join(folder, part), { recursive: true });
    const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);
    const digest = createHash('sha256').update('{}').digest('hex');
    write('package-lock.json', '{}');
    write('node_modules/.holdfast-lock', digest);
    write('.holdfast/page', digest);
    write('packages/web/dist/index.html', '');
    for (const path of ['package.json', 'scripts/run.mjs']) cpSync(join(root, path), join(folder, path));
    write(
      'scripts/start.ts',
      `process.once('SIGTERM', () => setTimeout(() => { console.log('cleaned up'); process.exit(0); }, 100));
       setInterval(() => undefined, 1000);
       console.log('ready', process.pid);`,
    );
  }

  it('hands SIGTERM on to the service and ends after it, rather than leave it behind', async () => {
    project();
    const child = spawn('npm', ['start'], {
      cwd: folder,
      env: { PATH: environment()['PATH'], HOME: folder, npm_config_update_notifier: 'false' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => {
      child.once('exit', resolve);
    });
    const [, pid] = await until(
      'the service',
      20,
      () => /ready (\d+)/.exec(printed),
      () => printed,
    );
    child.kill('SIGTERM');
    const code = await ended;
    const runs = (): boolean => {
      try {
        return process.kill(Number(pid), 'SIGKILL');
      } catch {
        return false;
      }
    };
    expect(runs(), 'it was left behind').to.equal(false);
    expect(printed).to.include('cleaned up');
    expect(code).to.equal(0);
  });
});
