import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { searchPath } from '@holdfast/shared/config';
import { Secret, type Connection } from '@holdfast/shared/domain';
import { calm, connectionTo, failureOf, fillRoles, rolesOf } from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { Clients } from '../clients.ts';
import { postgresqlGlobals } from './index.ts';

const globals = postgresqlGlobals(new Clients(searchPath()));
const off = 'NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS';

/** A file of statements, as pg_dumpall would end it. */
const file = (...statements: string[]): string =>
  `${statements.join('\n')}\n\n--\n-- PostgreSQL database cluster dump complete\n--\n`;
const role = (name: string, attributes = off): string => `CREATE ROLE ${name};\nALTER ROLE ${name} WITH ${attributes};`;
const restore = (connection: Connection, text: string): ReturnType<typeof globals.restore> =>
  globals.restore(connection, Readable.from([Buffer.from(text)]), calm());

describe("restore of PostgreSQL's roles", () => {
  const servers = new Map<number, TestPostgres>();
  let server: TestPostgres;
  let connection: Connection;

  /** A server without roles of a former test. */
  async function use(major: 15 | 17): Promise<void> {
    server = servers.get(major) ?? (await startPostgres({ major }));
    servers.set(major, server);
    connection = connectionTo(server, 'postgres');
    const [{ names } = {}] = await server.query(
      'postgres',
      `select string_agg(quote_ident(rolname), ', ') as names from pg_roles where oid > 16383`,
    );
    // All at once, because some are the grantors of others.
    if (typeof names === 'string') await server.query('postgres', `drop role ${names}`);
  }
  beforeEach(() => use(15));
  after(() => Promise.all([...servers.values()].map((each) => each.stop())));

  const members = (): Promise<unknown[]> =>
    server.query(
      'postgres',
      `select to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor' || jsonb_build_object('role', roleid::regrole, 'member', member::regrole, 'by', grantor::regrole) as m
       from pg_auth_members m where not (roleid < 16384 and member < 16384) order by roleid::regrole::text, member::regrole::text, grantor::regrole::text`,
    );

  it('runs nothing of a file that somebody wrote into, and changes nothing', async () => {
    const before = await rolesOf(connection);
    for (const statement of ['DROP ROLE x;', 'CREATE TABLE t ();', '\\! id', "ALTER ROLE x PASSWORD 'y';"]) {
      const error = await failureOf(restore(connection, file(role('x'), statement)), 'restore_failed');
      expect(error.message).to.contain('line 3').and.contain('nothing was changed');
    }
    expect(await rolesOf(connection)).to.deep.equal(before);
  });

  it('refuses what is not UTF-8, and what is larger than any list of roles', async () => {
    const latin = Buffer.from(file("COMMENT ON ROLE x IS 'é';"), 'latin1');
    const error = await failureOf(globals.restore(connection, Readable.from([latin]), calm()), 'restore_failed');
    expect(error.message).to.contain('UTF-8');

    let given = 0;
    const endless = new Readable({
      read() {
        given += 1;
        this.push(Buffer.alloc(1024 * 1024, '-'));
      },
    });
    const large = await failureOf(globals.restore(connection, endless, calm()), 'restore_failed');
    expect(large.message).to.contain('64 MiB');
    expect(given).to.be.within(64, 80);
    expect(endless.destroyed).to.equal(true);
  });

  it('changes nothing at all when one statement fails', async () => {
    const before = await rolesOf(connection);
    const text = file(
      role('fine'),
      role('also'),
      "ALTER ROLE also SET no_such_parameter TO 'x';",
      'GRANT fine TO also;',
    );
    const { message } = await failureOf(restore(connection, text), 'restore_failed');
    expect(message).to.contain('no_such_parameter');
    expect(await rolesOf(connection)).to.deep.equal(before);
  });

  it('never touches the connecting user, nor any superuser of the server', async () => {
    await server.query(
      'postgres',
      `create role operator superuser login password 'operators-password' connection limit 7`,
      `create role other_admin superuser login`,
      `create role plain login`,
      `alter role operator set work_mem to '9MB'`,
    );
    const about = `select rolname, rolsuper, rolcanlogin, rolconnlimit, rolvaliduntil, rolconfig, shobj_description(oid, 'pg_authid') as comment
      from pg_roles where rolname in ('postgres', 'operator', 'other_admin') order by 1`;
    const before = await server.query('postgres', about);
    const locked = `${off} CONNECTION LIMIT 0 VALID UNTIL '2001-01-01 00:00:00+00'`;
    const names = ['postgres', 'operator', 'other_admin', 'plain'];
    const text = file(
      ...names.map((name) => role(name, locked)),
      ...names.map((name) => `ALTER ROLE ${name} SET role TO 'nobody';\nCOMMENT ON ROLE ${name} IS 'locked out';`),
      role('nobody'),
    );
    const operator = { ...connection, user: 'operator', password: new Secret('operators-password') };
    const { outcome } = await restore(operator, text);
    expect(await server.query('postgres', about)).to.deep.equal(before);
    expect(outcome).to.contain('Left as they are').and.contain('"postgres", "operator", "other_admin"');
    const [plain] = await server.query(
      'postgres',
      `select rolcanlogin, rolconnlimit from pg_roles where rolname = 'plain'`,
    );
    expect(plain).to.deep.equal({ rolcanlogin: false, rolconnlimit: 0 });
  });

  it('leaves the connecting user alone also where it is no superuser', async () => {
    await server.query('postgres', `create role keeper login createrole password 'keepers-password'`);
    const keeper = { ...connection, user: 'keeper', password: new Secret('keepers-password') };
    const { outcome } = await restore(keeper, file(role('keeper'), role('made')));
    expect(outcome).to.contain('1 created').and.contain('"keeper"');
    const [row] = await server.query(
      'postgres',
      `select rolcanlogin, rolcreaterole from pg_roles where rolname = 'keeper'`,
    );
    expect(row).to.deep.equal({ rolcanlogin: true, rolcreaterole: true });
    const raising = file(role('made'), role('risen', off.replace('NOSUPERUSER', 'SUPERUSER')));
    await failureOf(restore(keeper, raising), 'privilege_missing', 'keepers-password');
    expect(await server.query('postgres', `select from pg_roles where rolname = 'risen'`)).to.deep.equal([]);
  });

  it('keeps passwords, settings and memberships that the backup does not have', async () => {
    await server.query(
      'postgres',
      `create role app login password 'apps-password'`,
      `alter role app set work_mem to '8MB'`,
      `create role mine`,
      `grant mine to app`,
    );
    const [before] = await server.query('postgres', `select rolpassword from pg_authid where rolname = 'app'`);
    await restore(connection, file(role('app', off.replace('NOLOGIN', 'LOGIN')), "ALTER ROLE app SET jit TO 'off';"));
    const [after] = await server.query('postgres', `select rolpassword from pg_authid where rolname = 'app'`);
    expect(after).to.deep.equal(before);
    const [{ rolconfig } = {}] = await server.query('postgres', `select rolconfig from pg_roles where rolname = 'app'`);
    expect(rolconfig).to.deep.equal(['work_mem=8MB', 'jit=off']);
    expect(await members()).to.have.length(1);
  });

  it('says what it did, and does nothing the second time', async () => {
    const text = file(role('app'), role('team'), 'GRANT team TO app WITH ADMIN OPTION GRANTED BY postgres;');
    const said = (created: number, kept: number, added: number): string =>
      `Roles: ${created} created, ${kept} that existed brought to the backup's, ${added} memberships added.`;
    for (const major of [15, 17] as const) {
      await use(major);
      const first = await restore(connection, text);
      expect(first.outcome).to.equal(`${said(2, 0, 1)} Created roles have no password yet.`);
      expect(first.serverVersion).to.match(new RegExp(`^${major}`));
      expect((await restore(connection, text)).outcome).to.equal(said(0, 2, 0));
    }
  });

  it('says when a role became a superuser', async () => {
    await server.query('postgres', 'create role risen');
    const text = file(role('risen', off.replace('NOSUPERUSER', 'SUPERUSER')));
    expect((await restore(connection, text)).outcome).to.contain('Superusers now, as in the backup: "risen"');
  });

  describe('the look before', () => {
    const look = async (text: string): Promise<string[]> => {
      const before = await rolesOf(connection);
      const { findings: found } = await globals.preflight(connection, Readable.from([Buffer.from(text)]), calm());
      expect(await rolesOf(connection), 'a look changes nothing').to.deep.equal(before);
      expect(found.every(({ severity, code }) => severity === 'warning' && code === 'roles')).to.equal(true);
      return found.map(({ message }) => message);
    };
    const boss = 'SUPERUSER INHERIT NOCREATEROLE CREATEDB LOGIN NOREPLICATION NOBYPASSRLS';

    it('names who would become superuser, log in or join a group again, the gravest first, and nothing once it is so', async () => {
      await server.query(
        'postgres',
        `create role "b\no""ss"`,
        'create role app login',
        'create role admins',
        'create role same',
      );
      const quoted = `"b\no""ss"`;
      const text = file(
        role('app', off),
        role('admins'),
        role('same'),
        role('new_one', off.replace('NOLOGIN', 'LOGIN')),
        role('new_boss', boss),
        role(quoted, `${boss} CONNECTION LIMIT 5 VALID UNTIL '2090-01-01 00:00:00+00'`),
        'GRANT admins TO app WITH ADMIN OPTION GRANTED BY postgres;',
        'GRANT admins TO same GRANTED BY postgres;',
      );
      const [message, ...others] = await look(text);
      expect(others).to.deep.equal([]);
      expect(message, message).to.contain(
        'What that changes on the server: role "new_boss" is made, becomes superuser, may log in, may create databases, ' +
          'role "b\\no\\"ss" becomes superuser, may log in, may create databases, has 5 sessions at most, has a password until 2090-01-01 00:00:00+00, ' +
          'role "app" may not log in any more, becomes a member of "admins", role "same" becomes a member of "admins".',
      );
      await restore(connection, text);
      expect(await look(text)).to.deep.equal([]);
    });

    it('names ten, and how many more there are', async () => {
      const names = Array.from({ length: 13 }, (_, index) => `r${index}`);
      await server.query('postgres', ...names.map((name) => `create role ${name}`));
      const [message] = await look(file(...names.map((name) => role(name, off.replace('NOLOGIN', 'LOGIN')))));
      expect(message?.match(/may log in/g)).to.have.length(10);
      expect(message).to.contain(' and 3 more.');
    });

    it('is silent of the connecting user and of superusers, whom a restore leaves alone, and refuses what it refuses', async () => {
      await server.query('postgres', 'create role other_admin superuser login');
      expect(await look(file(role('postgres'), role('other_admin')))).to.deep.equal([]);
      const wrong = globals.preflight(
        connection,
        Readable.from([Buffer.from(file(role('x'), 'DROP ROLE x;'))]),
        calm(),
      );
      expect((await failureOf(wrong, 'restore_failed')).message).to.contain('line 3');
    });
  });

  it('waits for another one instead of failing at its roles', async () => {
    const source = connectionTo(await startPostgres(), 'postgres');
    await fillRoles(source);
    const bytes = await buffer((await globals.dump(source, calm())).stream);
    const both = await Promise.all([1, 2].map(() => restore(connection, bytes.toString('utf8'))));
    expect(both.filter(({ outcome }) => outcome.startsWith('Roles: 0 created'))).to.have.length(1);
    expect(await rolesOf(connection)).to.deep.equal(await rolesOf(source));
  });

  describe('with the memberships of PostgreSQL 16 and newer', () => {
    const text = file(
      ...['team', 'leader', 'one', 'two'].map((name) => role(name)),
      'GRANT team TO leader WITH ADMIN OPTION, INHERIT FALSE, SET FALSE GRANTED BY postgres;',
      'GRANT team TO one WITH INHERIT TRUE GRANTED BY leader;',
      'GRANT team TO one WITH INHERIT FALSE, SET FALSE GRANTED BY gone;',
      'GRANT team TO two WITH INHERIT FALSE GRANTED BY gone;',
      'GRANT pg_maintain TO two WITH INHERIT TRUE GRANTED BY postgres;',
    );

    it('gives each its options, and its grantor where that may administer the role', async () => {
      await use(17);
      for (let turn = 0; turn < 2; turn++) await restore(connection, text);
      const of = (member: string, by: string, admin: boolean, inherit: boolean, set: boolean, from = 'team') => ({
        m: { role: from, member, by, admin_option: admin, inherit_option: inherit, set_option: set },
      });
      expect(await members()).to.deep.equal([
        of('two', 'postgres', false, true, true, 'pg_maintain'),
        of('leader', 'postgres', true, false, false),
        of('one', 'leader', false, true, true),
        of('two', 'postgres', false, false, true),
      ]);
    });

    it('takes no option away from a membership that is there', async () => {
      await use(17);
      await server.query(
        'postgres',
        ...['team', 'leader', 'one', 'two'].map((name) => `create role ${name}`),
        'grant team to two with admin true, inherit true, set true',
      );
      await restore(connection, text);
      const [held] = await server.query(
        'postgres',
        `select bool_and(admin_option and inherit_option and set_option) as all, count(*)::int from pg_auth_members where member = 'two'::regrole and roleid = 'team'::regrole`,
      );
      expect(held).to.deep.equal({ all: true, count: 1 });
    });

    it('refuses options that an older server cannot hold, and changes nothing', async () => {
      const before = await rolesOf(connection);
      const { message } = await failureOf(restore(connection, text), 'restore_failed');
      expect(message).to.contain('"leader" in "team"').and.contain('nothing was changed');
      expect(await rolesOf(connection)).to.deep.equal(before);
    });

    it('leaves out predefined roles that an older server does not have, and says so', async () => {
      const { outcome } = await restore(connection, file(role('two'), 'GRANT pg_maintain TO two WITH INHERIT TRUE;'));
      expect(outcome).to.contain('this server has no "pg_maintain"');
      expect(await members()).to.deep.equal([]);
    });
  });
});
