import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, TlsMode } from '@holdfast/shared/domain';
import { calm, dumpOf, failureOf } from '@holdfast/testing/engines';
import { needsMysql, sharedMysql, startMysql, type TestMysql } from '@holdfast/testing/mysql';
import { expect } from 'chai';
import { newDatabase } from '../testing/mysql/databases.ts';
import { realEngine } from '../testing/mysql/subject.ts';

const table = ['CREATE TABLE t (a INT)'];

describe('TLS to MariaDB and MySQL', function () {
  let folder: string;
  let connection: Connection;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  const asked = (sslmode: TlsMode, ca?: string, host = '127.0.0.1'): Connection => ({
    ...connection,
    host,
    options: { sslmode, ...(ca !== undefined && { ca }) },
  });

  describe('mariadb', () => {
    const engine = realEngine('mariadb');
    let server: TestMysql;

    /** Has the server show a certificate, which is its own authority, for the names. @returns it */
    const certificate = (names: string): string => {
      const [key, cert] = [join(folder, 'server.key'), join(folder, 'server.crt')];
      const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
      const subject = ['-subj', '/CN=not the host', '-addext', `subjectAltName=${names}`];
      const files = ['-keyout', key, '-out', cert, '-days', '2', '-nodes'];
      execFileSync('openssl', ['req', '-x509', ...curve, ...files, ...subject], { stdio: 'ignore' });
      if (process.getuid?.() === 0) chownSync(key, 65_534, 65_534);
      return readFileSync(cert, 'utf8');
    };
    const succeeds = async (reached: Connection): Promise<void> => {
      expect((await engine.probe(reached, calm())).tables).to.equal(1);
      expect((await dumpOf(engine, reached)).toString()).to.contain('CREATE TABLE `t`');
    };
    const isRefused = async (reached: Connection): Promise<void> => {
      await failureOf(engine.probe(reached, calm()), 'tls_failed', reached.password?.reveal());
    };

    before(async function () {
      needsMysql('mariadb', this);
      certificate('IP:127.0.0.1');
      const files = [`--ssl-cert=${join(folder, 'server.crt')}`, `--ssl-key=${join(folder, 'server.key')}`];
      server = await startMysql({ flavour: 'mariadb', args: files });
      connection = await newDatabase('mariadb', table, { server });
    });
    after(() => server.stop());

    it('verifies the authority and the name, where that is an address, too, before the password is sent', async () => {
      const stranger = certificate('IP:127.0.0.1,DNS:localhost');
      const address = certificate('IP:127.0.0.1');
      await server.query('FLUSH SSL');
      await succeeds(asked('verify-full', address));
      await isRefused(asked('verify-full', address, 'localhost'));
      await isRefused(asked('verify-full', stranger));
      await isRefused(asked('verify-ca', stranger));
      await isRefused(asked('verify-ca'));
      const name = certificate('DNS:localhost');
      await server.query('FLUSH SSL');
      await succeeds(asked('verify-full', name, 'localhost'));
      await succeeds(asked('verify-ca', name, 'localhost'));
      await isRefused(asked('verify-full', name));
      await succeeds(asked('require', stranger));
    });
  });

  it('mysql verifies the authority alone where nothing more is asked for', async function () {
    needsMysql('mysql', this);
    const engine = realEngine('mysql');
    const server = await sharedMysql('mysql');
    connection = await newDatabase('mysql', table, { server });
    // The server made them when it was new, for a name that is nobody's.
    const [row] = await server.query('SELECT @@datadir AS data');
    const ca = readFileSync(join(String(row?.data), 'ca.pem'), 'utf8');
    expect((await dumpOf(engine, asked('verify-ca', ca))).toString()).to.contain('CREATE TABLE `t`');
    for (const refused of [asked('verify-full', ca), asked('verify-ca')]) {
      await failureOf(engine.probe(refused, calm()), 'tls_failed', refused.password?.reveal());
      await failureOf(
        engine.dump(refused, calm()).then(({ stream }) => stream.resume()),
        'tls_failed',
      );
    }
  });
});
