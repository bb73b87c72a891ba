import { expect } from 'chai';
import * as fc from 'fast-check';
import { readGlobals } from './read.ts';
import { NotGlobals } from './tokens.ts';

const attributes = 'NOSUPERUSER INHERIT NOCREATEROLE CREATEDB LOGIN NOREPLICATION NOBYPASSRLS';

/** A file as pg_dumpall writes it, with statements between its beginning and its end. */
const file = (...statements: string[]): string => `--
-- PostgreSQL database cluster dump
--

\\restrict 248TkQ1d8UC7k7UB9cQYFadczbOel99gSsy2f1T4lVbjhb26tUAdDaZ7EefqbKz

SET default_transaction_read_only = off;

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Roles
--

CREATE ROLE a;
ALTER ROLE a WITH ${attributes} CONNECTION LIMIT 3 VALID UNTIL '2030-02-01 04:30:00+00';
CREATE ROLE b;
ALTER ROLE b WITH ${attributes};
${statements.join('\n')}

\\unrestrict 248TkQ1d8UC7k7UB9cQYFadczbOel99gSsy2f1T4lVbjhb26tUAdDaZ7EefqbKz

--
-- PostgreSQL database cluster dump complete
--

`;

const refused = (text: string): string => {
  try {
    readGlobals(text);
  } catch (error) {
    if (error instanceof NotGlobals) return error.message;
    throw error;
  }
  return expect.fail(`it was read: ${text.slice(0, 300)}`);
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string =>
  text.includes('\\') ? `E'${text.replaceAll(/['\\]/g, '$&$&')}'` : `'${text.replaceAll("'", "''")}'`;

describe('a globals file of PostgreSQL', () => {
  it('is read as what it says', () => {
    const { roles, memberships } = readGlobals(
      file(
        `COMMENT ON ROLE a IS E'it''s \\\\ a "c"\nx; --';`,
        `ALTER ROLE a SET search_path TO '$user', 'public', 'o"dd';`,
        `ALTER ROLE a SET "my.app" TO E'it''s \\\\ x';`,
        'GRANT a TO b;',
        'GRANT a TO b WITH ADMIN OPTION GRANTED BY postgres;',
        'GRANT a TO b WITH ADMIN OPTION, INHERIT FALSE, SET FALSE GRANTED BY "Some one";',
        'GRANT pg_monitor TO a WITH INHERIT TRUE GRANTED BY postgres;',
      ),
    );
    const on = new Set(['INHERIT', 'CREATEDB', 'LOGIN']);
    expect(roles).to.deep.equal([
      {
        name: 'a',
        attributes: { on, connectionLimit: 3, validUntil: '2030-02-01 04:30:00+00' },
        password: null,
        settings: [
          { parameter: 'search_path', values: ['$user', 'public', 'o"dd'] },
          { parameter: 'my.app', values: ["it's \\ x"] },
        ],
        comment: 'it\'s \\ a "c"\nx; --',
      },
      {
        name: 'b',
        attributes: { on, connectionLimit: -1, validUntil: null },
        password: null,
        settings: [],
        comment: null,
      },
    ]);
    const plain = { role: 'a', member: 'b', admin: false, inherit: null, set: true, grantor: null };
    expect(memberships).to.deep.equal([
      plain,
      { ...plain, admin: true, grantor: 'postgres' },
      { ...plain, admin: true, inherit: false, set: false, grantor: 'Some one' },
      { ...plain, role: 'pg_monitor', member: 'a', inherit: true, grantor: 'postgres' },
    ]);
  });

  it('tells hashes of passwords and tablespaces', () => {
    const scram = `SCRAM-SHA-256$4096:c2FsdA==$${'A'.repeat(43)}=:${'B'.repeat(43)}=`;
    const { roles, tablespaces } = readGlobals(
      file(
        'CREATE ROLE c;',
        `ALTER ROLE c WITH ${attributes} CONNECTION LIMIT 3 PASSWORD '${scram}' VALID UNTIL '2030-02-01 04:30:00+00';`,
        `CREATE TABLESPACE "T s" OWNER a LOCATION '/a b';`,
        'ALTER TABLESPACE "T s" SET (random_page_cost=1.5, seq_page_cost=2);',
        `COMMENT ON TABLESPACE "T s" IS 'x';`,
        `CREATE TABLESPACE u OWNER c LOCATION '/u';`,
      ),
    );
    expect(roles.map(({ password }) => password?.reveal())).to.deep.equal([undefined, undefined, scram]);
    const options = [
      { option: 'random_page_cost', value: '1.5' },
      { option: 'seq_page_cost', value: '2' },
    ];
    expect(tablespaces).to.deep.equal([
      { name: 'T s', owner: 'a', location: '/a b', options, comment: 'x' },
      { name: 'u', owner: 'c', location: '/u', options: [], comment: null },
    ]);
  });

  it('gives back any name and any text', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((value) => !/^pg_|^[ab]$|\0/.test(value) && Buffer.byteLength(value) <= 63);
    const text = fc.string({ unit: fc.constantFrom("'", '\\', '"', ';', '\n', 'E', '--', 'é', ' ', '$$', '/*') });
    fc.assert(
      fc.property(name, text, text, (role, comment, value) => {
        const { roles, memberships } = readGlobals(
          file(
            `CREATE ROLE ${quoted(role)};`,
            `ALTER ROLE ${quoted(role)} WITH ${attributes};`,
            `COMMENT ON ROLE ${quoted(role)} IS ${literal(comment)};`,
            `ALTER ROLE ${quoted(role)} SET "x.y" TO ${literal(value)};`,
            `GRANT a TO ${quoted(role)} GRANTED BY ${quoted(role)};`,
          ),
        );
        expect(roles[2]).to.include({ name: role, comment });
        expect(roles[2]?.settings).to.deep.equal([{ parameter: 'x.y', values: [value] }]);
        expect(memberships[0]).to.include({ member: role, grantor: role });
      }),
    );
  });

  const others = [
    'DROP ROLE a;',
    'SELECT 1;',
    'CREATE DATABASE x;',
    'CREATE TABLE t ();',
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpythonu AS 'import os';",
    "COPY t FROM PROGRAM 'id';",
    'DO $$ BEGIN END $$;',
    'ALTER SYSTEM SET work_mem TO 1;',
    "ALTER DATABASE postgres SET work_mem TO '1MB';",
    "ALTER ROLE ALL SET work_mem TO '1MB';",
    "ALTER ROLE a IN DATABASE x SET work_mem TO '1MB';",
    'ALTER ROLE a RENAME TO c;',
    'ALTER ROLE a RESET ALL;',
    'ALTER ROLE a SET work_mem FROM CURRENT;',
    'ALTER ROLE a SET work_mem TO DEFAULT;',
    "ALTER ROLE a SET work_mem = '1MB';",
    `ALTER ROLE a WITH ${attributes};`,
    `ALTER ROLE c WITH ${attributes};`,
    'CREATE ROLE a;',
    'CREATE ROLE c;',
    `CREATE ROLE c; ALTER ROLE c WITH ${attributes} PASSWORD 'x';`,
    `CREATE ROLE c; ALTER ROLE c WITH ${attributes} PASSWORD 'md5';`,
    `CREATE ROLE c; ALTER ROLE c WITH ${attributes} PASSWORD 'md5${'0'.repeat(33)}';`,
    `CREATE ROLE c; ALTER ROLE c WITH ${attributes} PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$x:y';`,
    `CREATE ROLE c; ALTER ROLE c WITH SUPERUSER;`,
    `CREATE TABLESPACE t OWNER a;`,
    `CREATE TABLESPACE t LOCATION '/x';`,
    `CREATE TABLESPACE pg_mine OWNER a LOCATION '/x';`,
    `CREATE TABLESPACE t OWNER a LOCATION '/x'; CREATE TABLESPACE t OWNER a LOCATION '/y';`,
    `CREATE TABLESPACE t OWNER a LOCATION '/x' WITH (random_page_cost=1);`,
    `ALTER TABLESPACE t SET (random_page_cost=1);`,
    `CREATE TABLESPACE t OWNER a LOCATION '/x'; ALTER TABLESPACE t RENAME TO s;`,
    `CREATE TABLESPACE t OWNER a LOCATION '/x'; ALTER TABLESPACE t SET (random_page_cost='x');`,
    `COMMENT ON TABLESPACE t IS 'x';`,
    `GRANT CREATE ON TABLESPACE t TO a;`,
    `CREATE ROLE c WITH SUPERUSER; ALTER ROLE c WITH ${attributes};`,
    `CREATE ROLE pg_mine; ALTER ROLE pg_mine WITH ${attributes};`,
    `CREATE ROLE ""; ALTER ROLE "" WITH ${attributes};`,
    `CREATE ROLE Capital; ALTER ROLE Capital WITH ${attributes};`,
    `CREATE ROLE ${'n'.repeat(64)}; ALTER ROLE ${'n'.repeat(64)} WITH ${attributes};`,
    "COMMENT ON DATABASE postgres IS 'x';",
    'COMMENT ON ROLE a IS NULL;',
    "COMMENT ON ROLE c IS 'x';",
    "SECURITY LABEL FOR selinux ON ROLE a IS 'x';",
    'GRANT a TO stranger;',
    'GRANT stranger TO a;',
    'GRANT a TO PUBLIC;',
    'GRANT a, b TO a;',
    'GRANT ALL ON DATABASE postgres TO a;',
    'GRANT SET ON PARAMETER work_mem TO a;',
    'REVOKE a FROM b;',
    "SET client_encoding = 'LATIN1';",
    'SET role = a;',
    "SET session_preload_libraries = 'x';",
    'SET constructor = on;',
    ';',
    '\\! id',
    '\\connect template1',
    'GRANT a TO b; \\! id',
    '/* a comment */',
    "COMMENT ON ROLE a IS 'back\\slash';",
    "COMMENT ON ROLE a IS E'a\\'; DROP ROLE b; --';",
    "COMMENT ON ROLE a IS E'a\\n';",
    'COMMENT ON ROLE a IS $$x$$;',
    "COMMENT ON ROLE a IS U&'x';",
    "COMMENT ON ROLE a IS 'x' 'y';",
    "COMMENT ON ROLE a IS 'never closed;",
    'GRANT a TO b',
    '-- a comment\rDROP ROLE a;',
  ];
  for (const statement of others) {
    it(`is none with ${JSON.stringify(statement.slice(0, 70))} in it`, () => {
      expect(refused(file(statement, 'GRANT a TO b;'))).to.match(/^line \d+ is not what pg_dumpall/);
    });
  }

  it('is none without a role, with a zero byte, or cut anywhere', () => {
    refused(file().replaceAll(/^(?:CREATE|ALTER).*$/gm, ''));
    refused(file("COMMENT ON ROLE a IS 'x\0y';"));
    const whole = file('GRANT a TO b;').trimEnd();
    for (let length = 0; length < whole.length; length++) refused(whole.slice(0, length));
  });

  it('names the line and nothing of its content', () => {
    expect(refused(file("ALTER ROLE a SET secret.key TO 'hunter2' DROP;"))).to.equal(
      'line 20 is not what pg_dumpall --globals-only writes',
    );
  });

  it('is read in time and space that grow with it alone', () => {
    const long = 'x'.repeat(8_000_000);
    const dashes = '--\n'.repeat(500_000);
    const { roles } = readGlobals(file(`COMMENT ON ROLE a IS '${long}';`, dashes));
    expect(roles[0]?.comment?.length).to.equal(long.length);
  });
});
