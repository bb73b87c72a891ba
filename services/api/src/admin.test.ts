import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { openPersistence } from '@holdfast/persistence';
import { Secret } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { SecretBox } from '@holdfast/shared/security';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { expect } from 'chai';

describe('admin', () => {
  const key = randomBytes(32);
  let own: TestDatabase;

  before(async () => {
    own = await testDatabase();
  });
  after(() => own.drop());

  const admin = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const env = { DATABASE_URL: own.url, HOLDFAST_SECRET_KEYS: `test:${key.toString('base64')}` };
      const program = fileURLToPath(new URL('admin.ts', import.meta.url));
      execFile(process.execPath, [program, ...args], { env }, (error, out, err) => {
        resolve({ code: error ? Number(error.code) : 0, out, err });
      });
    });

  it('says to migrate first, migrates, adds an account, and prints a token that works, once', async () => {
    const early = await admin('create-account', 'ada');
    expect([early.code, early.out]).to.deep.equal([1, '']);
    expect(early.err).to.include('migrate');
    const first = await admin('migrate');
    expect([first.code, first.err]).to.deep.equal([0, '']);
    expect(first.out).to.match(/^migrated /);
    expect((await admin('migrate')).out).to.equal('The schema is up to date.\n');
    expect((await admin('create-account', 'ada')).out).to.match(/^created account ada \(\d+\)\n$/);
    const made = await admin(
      'create-token',
      '--account',
      'ada',
      '--name',
      'ci',
      '--scopes',
      'backups:create,backups:read',
      '--expires-in-days',
      '30',
    );
    expect([made.code, made.err]).to.deep.equal([0, '']);
    expect(made.out).to.match(/^hf_[\w-]{43}\n$/);
    const box = new SecretBox([{ id: 'test', key }]);
    const persistence = await openPersistence({ url: new Secret(own.url), box, ids: systemIds });
    const token = await persistence.accounts.authenticate(new Secret(made.out.trim()));
    await persistence.close();
    expect(token?.scopes).to.deep.equal(['backups:read', 'backups:create']);
    const days = ((token?.expiresAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).to.be.within(29.9, 30);
    const taken = await admin('create-account', 'ada');
    expect([taken.code, taken.err]).to.deep.equal([1, 'There is an account "ada" already.\n']);
    const missing = await admin('create-token', '--account', 'eve', '--name', 'x', '--scopes', 'all');
    expect([missing.code, missing.out]).to.deep.equal([1, '']);
    expect(missing.err).to.include('There is no account "eve"');
  });

  it('ends with 2 and its usage when it is called wrongly', async () => {
    const wrong = [
      [],
      ['destroy'],
      ['migrate', 'x', 'y'],
      ['create-account'],
      ['create-token', '--account', 'ada', '--name', 'x'],
      ['create-token', '--account', 'ada', '--name', 'x', '--scopes', 'everything'],
      ['create-token', '--account', 'ada', '--name', 'x', '--scopes', 'all', '--expires-in-days', '0'],
      ['migrate', '--force'],
    ];
    for (const args of wrong) {
      const { code, out, err } = await admin(...args);
      expect([code, out], args.join(' ')).to.deep.equal([2, '']);
      expect(err).to.include('Usage:');
    }
  });
});
