import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tlsModes, type Connection, type DatabaseOptions } from '@holdfast/shared/domain';
import { calm, connectionTo, dumpOf, failureOf, fakePrograms, newDatabase } from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

const folders: string[] = [];

/** A certificate of its own authority for the given names, with its key readable for the test server. */
function certificate(subjectAltName: string): { cert: string; key: string; ca: string } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
  folders.push(folder);
  execFileSync('chmod', ['755', folder]);
  const cert = join(folder, 'server.crt');
  const key = join(folder, 'server.key');
  const subject = ['-subj', '/CN=not the host', '-addext', `subjectAltName=${subjectAltName}`];
  const files = ['-keyout', key, '-out', cert, '-days', '2', '-nodes'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...files, ...subject], { stdio: 'ignore' });
  if (process.getuid?.() === 0) chownSync(key, 65534, 65534);
  return { cert, key, ca: readFileSync(cert, 'utf8') };
}

const certificateFolders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('holdfast-ca-'));

/** A pg_dump that tells how it was asked to connect. */
const telling = createEngines({
  clientFolders: [
    fakePrograms({
      pg_dump: `
        if (process.argv[2] === '--version') { console.log('pg_dump (PostgreSQL) 15.99'); process.exit(0); }
        const root = process.env.PGSSLROOTCERT;
        const stat = root && require('fs').statSync(root);
        console.log(JSON.stringify({ mode: process.env.PGSSLMODE, root, access: stat && (stat.mode & 0o777).toString(8) }));`,
    }),
  ],
}).get('postgresql');

describe('TLS to PostgreSQL', () => {
  let server: TestPostgres;
  let trusted: string;
  const stranger = certificate('IP:127.0.0.1').ca;
  const withOptions = (options: DatabaseOptions, change: Partial<Connection> = {}): Connection =>
    connectionTo(server, 'postgres', { options, ...change });

  after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  describe('where the server has none', () => {
    for (const sslmode of ['require', 'verify-ca', 'verify-full'] as const) {
      it(`refuses ${sslmode} and does not go on without`, async () => {
        const connection = { ...(await newDatabase('empty')), options: { sslmode } };
        await failureOf(engine.probe(connection, calm()), 'tls_failed', connection.password?.reveal());
        await failureOf(engine.dump(connection, calm()), 'tls_failed', connection.password?.reveal());
      });
    }

    for (const sslmode of ['disable', 'prefer', undefined] as const) {
      it(`goes without under ${sslmode ?? 'no mode'}`, async () => {
        const connection = { ...(await newDatabase('empty')), options: { sslmode } };
        expect((await dumpOf(engine, connection)).length).to.be.greaterThan(100);
      });
    }
  });

  describe('where the server insists on it', () => {
    before(async () => {
      const { cert, key, ca } = certificate('IP:127.0.0.1');
      trusted = ca;
      server = await startPostgres({ settings: { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key } });
      const hba = join(server.dataDir, 'cluster/pg_hba.conf');
      await server.query('postgres', `copy (select 'hostssl all all 127.0.0.1/32 scram-sha-256') to '${hba}'`);
      await server.restart();
    });

    const good: DatabaseOptions[] = [{}, { sslmode: 'prefer' }, { sslmode: 'require' }];
    for (const options of good) {
      it(`encrypts under ${options.sslmode ?? 'no mode'} without asking who the server is`, async () => {
        expect((await dumpOf(engine, withOptions(options))).length).to.be.greaterThan(100);
      });
    }

    for (const sslmode of ['verify-ca', 'verify-full'] as const) {
      it(`dumps under ${sslmode} with the authority's certificate, and removes the file that it was in`, async () => {
        const before = certificateFolders();
        expect((await dumpOf(engine, withOptions({ sslmode, ca: trusted }))).length).to.be.greaterThan(100);
        await until('the file is gone', 10, () => certificateFolders().every((name) => before.includes(name)));
      });

      it(`refuses another authority under ${sslmode}`, async () => {
        await failureOf(engine.probe(withOptions({ sslmode, ca: stranger }), calm()), 'tls_failed');
      });

      it(`refuses an authority that the system does not know under ${sslmode} without a certificate`, async () => {
        await failureOf(engine.probe(withOptions({ sslmode }), calm()), 'tls_failed');
      });
    }

    it('refuses a host name that is not in the certificate under verify-full only', async () => {
      const ca = trusted;
      await engine.probe(withOptions({ sslmode: 'verify-ca', ca }, { host: 'localhost' }), calm());
      const error = await failureOf(
        engine.probe(withOptions({ sslmode: 'verify-full', ca }, { host: 'localhost' }), calm()),
        'tls_failed',
      );
      expect(error.message).to.contain('localhost');
    });

    it('is refused by the server under disable', async () => {
      await failureOf(engine.probe(withOptions({ sslmode: 'disable' }), calm()), 'auth_failed');
    });

    for (const sslmode of tlsModes.filter((mode) => mode !== 'disable')) {
      it(`asks the client program for ${sslmode} exactly as node-pg`, async () => {
        const told = JSON.parse((await dumpOf(telling, withOptions({ sslmode, ca: trusted }))).toString()) as {
          mode: string;
          root?: string;
          access?: string;
        };
        expect(told.mode).to.equal(sslmode);
        expect(told.access).to.equal(sslmode.startsWith('verify') ? '600' : undefined);
      });
    }
  });
});
