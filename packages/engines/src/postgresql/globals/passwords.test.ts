import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { searchPath } from '@holdfast/shared/config';
import { Secret, type Connection } from '@holdfast/shared/domain';
import { calm, connectionTo, failureOf } from '@holdfast/testing/engines';
import { newerDebian } from '@holdfast/testing/newer-debian';
import { startPostgres, type Major, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { Clients } from '../clients.ts';
import { postgresqlEngine } from '../engine.ts';
import { postgresqlGlobals } from './index.ts';

const clients = new Clients([...searchPath(), ...[newerDebian()].flatMap((folder) => folder ?? [])]);
const globals = postgresqlGlobals(clients);
const options = { globals: true, globals_passwords: true };

const restore = (connection: Connection, bytes: Buffer): ReturnType<typeof globals.restore> =>
  globals.restore(connection, Readable.from([bytes]), calm());

for (const major of [15, 18] as const satisfies Major[]) {
  describe(`passwords of PostgreSQL ${major} roles`, () => {
    let source: TestPostgres;
    let target: TestPostgres;
    let bytes: Buffer;

    before(async function () {
      if (major === 18 && newerDebian() === null) return this.skip();
      [source, target] = await Promise.all([startPostgres({ major }), startPostgres({ major })]);
      await source.query(
        'postgres',
        `create role app login password 'apps-password' valid until '2090-01-01'`,
        `set password_encryption = md5`,
        `create role "old app" login password 'old-password'`,
        `reset password_encryption`,
        `create role silent login`,
        `create role boss superuser login password 'boss-password'`,
      );
      const { stream } = await globals.dump(connectionTo(source, 'postgres', { options }), calm());
      bytes = await buffer(stream);
    });
    after(() => Promise.all([source, target].map((server) => server?.stop())));

    const hashes = async (server: TestPostgres): Promise<unknown[]> =>
      server.query(
        'postgres',
        `select rolname, rolpassword from pg_authid where oid > 16383 and rolname <> 'reader' order by 1`,
      );

    it('come back by their hashes, so that everybody can log in, and no text holds one', async () => {
      const { outcome } = await restore(connectionTo(target, 'postgres'), bytes);
      expect(await hashes(target)).to.deep.equal(await hashes(source));
      expect(outcome).to.contain('With the password of the backup: "app", "boss", "old app".');
      expect(outcome).to.contain('Other created roles have no password yet.');
      expect(outcome).to.not.match(/SCRAM|md5/);
      const app = connectionTo(target, 'postgres', { user: 'app', password: new Secret('apps-password') });
      await postgresqlEngine(clients).probe(app, calm());
    });

    it('are told in a look before where a role would get one, which holds none itself', async () => {
      const again = () => restore(connectionTo(target, 'postgres'), bytes);
      await again();
      await target.query('postgres', `alter role "old app" password null`, 'drop role boss');
      const look = await globals.preflight(connectionTo(target, 'postgres'), Readable.from([bytes]), calm());
      const [found] = look.findings;
      expect(found?.message).to.contain('role "boss" is made, becomes superuser, may log in, gets the password');
      expect(found?.message).to.contain('role "old app" gets the password of the backup');
      expect(found?.message).to.not.match(/"app"|SCRAM|md5/);
      await again();
    });

    it('that were changed since stay, and one that is gone comes back', async () => {
      await target.query('postgres', `alter role app password 'changed'`, `alter role "old app" password null`);
      const [changed] = await hashes(target);
      const { outcome } = await restore(connectionTo(target, 'postgres'), bytes);
      expect(outcome).to.contain('With the password of the backup: "old app".');
      const [, ...others] = await hashes(source);
      expect(await hashes(target)).to.deep.equal([changed, ...others]);
    });

    it('are in no backup unless they were asked for', async () => {
      const { stream } = await globals.dump(connectionTo(source, 'postgres'), calm());
      expect((await buffer(stream)).toString()).to.not.match(/PASSWORD|SCRAM|md5/);
    });

    it('need the right to read them, which is named before any work and is enough', async () => {
      await source.query('postgres', `create role reader login password 'readers-password'`);
      const password = new Secret('readers-password');
      const reader = connectionTo(source, 'postgres', { user: 'reader', password, options });
      const grant = 'GRANT SELECT ON TABLE pg_catalog.pg_authid TO "reader";';
      const { missingPrivileges } = await postgresqlEngine(clients).probe(reader, calm());
      expect(missingPrivileges.join(' ')).to.contain(grant);
      const refused = await failureOf(globals.dump(reader, calm()), 'privilege_missing', 'readers-password');
      expect(refused.message).to.contain(grant);
      await source.query('postgres', grant);
      const { stream } = await globals.dump(reader, calm());
      expect((await buffer(stream)).toString()).to.match(/PASSWORD 'SCRAM/);
    });

    it('are in no error, when a restore of them fails', async () => {
      const text = bytes
        .toString()
        .replace('CREATE ROLE silent;', 'CREATE ROLE "public";')
        .replaceAll('ROLE silent', 'ROLE "public"');
      await target.query('postgres', 'drop role app');
      const error = await failureOf(restore(connectionTo(target, 'postgres'), Buffer.from(text)), 'restore_failed');
      expect(`${error.message} ${String(error.cause)}`).to.not.match(/SCRAM|md5/);
    });
  });
}
