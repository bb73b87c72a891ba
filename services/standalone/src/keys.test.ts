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
import { rotate, showKeys } from './keys.ts';
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
