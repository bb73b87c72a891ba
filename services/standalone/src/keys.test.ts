import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment as givenEnvironment } from '@holdfast/shared/config';
import { createLogger } from '@holdfast/shared/observability';
import { testDatabase } from '@holdfast/testing/postgres';
import { HoldfastClient } from '@holdfast/testing/services';
import { compileCache } from '@holdfast/testing/services';
import { expect } from 'chai';
import { forget, rotate, showKeys } from './keys.ts';
import { startStandalone, type Standalone } from './standalone.ts';
import { newSecretKey, readSecretKeys, writeSecretKeys } from './state.ts';

const logger = createLogger('test', 'silent');
const environment = { HOLDFAST_PORT: '0', HOLDFAST_LOG_LEVEL: 'warn', PATH: givenEnvironment()['PATH'] };

describe('the keys of an installation', () => {
  let folder: string;
  let stateDir: string;
  let running: Standalone | null = null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-keys-'));
    chmodSync(folder, 0o755);
    stateDir = join(folder, 'state');
  });
  afterEach(async () => {
    await running?.stop();
    running = null;
    rmSync(folder, { recursive: true });
  });

  const start = async (): Promise<Standalone> => (running = await startStandalone({ stateDir, logger, environment }));
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = null;
  };

  it('rotate while the service is stopped: it then backs up with the passwords that it had, by the new key alone', async () => {
    const source = await testDatabase();
    const first = await start();
    const token = first.token?.reveal() ?? '';
    const { host, port, user, password, name: database } = source;
    const id = await new HoldfastClient(first.url, token).registerDatabase({
      name: 's',
      host,
      port,
      user,
      password,
      database,
    });
    const options = { stateDir, environment, logger };
    await rotate(options).then(
      () => expect.fail('it rotated beside the running service'),
      (error: Error) => expect(error.message).to.include('runs already'),
    );
    await stop();

    const file = join(stateDir, 'secret.keys');
    const [before = ''] = readSecretKeys(file);
    const lines = await rotate(options);
    expect(lines.join('\n')).to.include('1 secrets were sealed anew').and.include(file);
    const after = readSecretKeys(file);
    expect(after).to.have.length(1).and.not.include(before);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect((await showKeys(options)).join('\n')).to.match(/seals 1, in use/);

    const later = new HoldfastClient((await start()).url, token);
    const backup = await later.backup(id);
    await later.waitFor(backup.id, ['done'], 20);
    await source.drop();
  });

  it('go on with a rotation that was interrupted, and lose no secret by it', async () => {
    await start();
    await stop();
    const file = join(stateDir, 'secret.keys');
    const interrupted = newSecretKey();
    writeSecretKeys(file, [interrupted, ...readSecretKeys(file)]);
    await rotate({ stateDir, environment, logger });
    expect(readSecretKeys(file)).to.deep.equal([interrupted]);
  });

  it('that are lost: the service starts, says what was forgotten, fails what needs it for good, and works when it is set again', async () => {
    const source = await testDatabase();
    const first = await start();
    const token = first.token?.reveal() ?? '';
    const { host, port, user, password, name: database } = source;
    const registered = { name: 's', host, port, user, password, database };
    const id = await new HoldfastClient(first.url, token).registerDatabase(registered);
    await stop();
    const file = join(stateDir, 'secret.keys');
    const former = readSecretKeys(file);
    rmSync(file);

    const without = await start();
    const told = without.unreadable.join('\n');
    expect(told)
      .to.match(/password of a database: 1/)
      .and.include('forget-secrets');
    expect((await fetch(`${without.url}/readyz`)).status).to.equal(200);
    const early = new HoldfastClient(without.url, token);
    expect(await early.expect(200, 'GET', `/api/databases/${id}`))
      .to.have.nested.property('database.unreadable')
      .that.eqls(['password']);
    const ended = await early.waitFor((await early.backup(id)).id, ['error'], 20);
    expect(ended.error).to.include({ code: 'secret_unreadable' }).and.have.property('message').that.includes('"s"');
    expect(ended).to.have.property('attempt', 1);
    await stop();
    const options = { stateDir, environment, logger };
    const idOf = ([entry = '']: readonly string[]): string => entry.split(':')[0] ?? '';
    expect(idOf(readSecretKeys(file)), 'both fit in one file').to.not.equal(idOf(former));
    writeSecretKeys(file, [...readSecretKeys(file), ...former]);
    expect((await forget(options, false)).join('\n'), 'put behind the new one').to.include('nothing to forget');
    writeSecretKeys(file, readSecretKeys(file).slice(0, 1));
    expect((await forget(options, false)).join('\n'))
      .to.include('password of a database: 1')
      .and.include('--yes');
    expect((await showKeys(options)).join('\n')).to.not.include('Forgotten');
    await forget(options, true);
    expect((await showKeys(options)).join('\n')).to.match(/Forgotten.*\n *password of a database: 1/);

    const client = new HoldfastClient((await start()).url, token);
    const path = `/api/databases/${id}`;
    expect(await client.expect(200, 'GET', path))
      .to.have.nested.property('database.forgotten')
      .that.eqls(['password']);
    const failed = await client.waitFor((await client.backup(id)).id, ['error'], 20);
    expect(failed.error).to.include({ code: 'secret_forgotten' }).and.have.property('message').that.includes('"s"');
    expect(failed).to.have.property('attempt', 1);
    await client.expect(200, 'PATCH', path, { database: { password } });
    expect(await client.expect(200, 'GET', path)).to.not.have.nested.property('database.forgotten');
    await client.waitFor((await client.backup(id)).id, ['done'], 20);
    await source.drop();
  });

  it('are handled by a program that names what is wrong and prints no key but a new one', async () => {
    const keys = (...args: string[]) =>
      new Promise<{ code: number; out: string; err: string }>((resolve) => {
        const program = fileURLToPath(new URL('keys-main.ts', import.meta.url));
        execFile(
          process.execPath,
          [program, ...args],
          { env: { ...compileCache(), ...environment } },
          (error, out, err) => {
            resolve({ code: error ? Number(error.code) : 0, out, err });
          },
        );
      });
    const absent = await keys('rotate', '--state', join(folder, 'nothing'));
    expect([absent.code, absent.out]).to.deep.equal([78, '']);
    expect(absent.err).to.include('There is no installation').and.include('--state');
    expect((await keys('rotat')).code).to.equal(2);
    expect((await keys('new-secret-key')).out).to.match(/^k[0-9a-f]{8}:[A-Za-z0-9+/]{43}=\n$/);
    expect((await keys('new-backup-key')).out).to.match(/^# public key: age1[0-9a-z]+\nAGE-SECRET-KEY-1[0-9A-Z]+\n$/);
  });
});
