import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Secret, type Connection, type DatabaseOptions } from '@holdfast/shared/domain';
import { calm, dumpOf, failureOf, fakePrograms, startRedisData, type RedisData } from '@holdfast/testing/engines';
import { needsRedis } from '@holdfast/testing/redis';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { failure, fromDriver, fromProgram } from './failures.ts';

const engine = createEngines({ clientFolders: [] }).get('redis');

describe('Redis servers', function () {
  let data: RedisData;
  const folders: string[] = [];

  before(async function () {
    needsRedis(this);
    data = await startRedisData();
    const client = await data.open(0);
    await client.mset({ a: '1', b: '2' });
    client.disconnect();
  });

  after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  const userWith = async (name: string, rules: readonly string[]): Promise<Connection> => {
    const client = await data.open(0);
    await client.call('ACL', 'SETUSER', name, 'reset', 'on', '>word', ...rules);
    client.disconnect();
    return { ...data.connection, user: name, password: new Secret('word') };
  };
  const backupRules = ['~*', '+sync', '+psync', '+replconf', '+info', '+select', '+get', '+ping'];
  const restoreRules = [
    '+restore +set +del +dbsize +swapdb +flushdb +time',
    '+multi +exec +discard +watch +unwatch',
  ].flatMap((line) => line.split(' '));

  it('are backed up by a user with the documented rules alone, and restored by one with those for that', async () => {
    const reader = await userWith('reader', backupRules);
    const archive = await dumpOf(engine, reader);
    const request = {
      target: { mode: 'in_place' },
      ownership: 'keep',
      restoreId: randomUUID(),
      keepFormer: true,
    } as const;
    const writer = await userWith('writer', [...backupRules, ...restoreRules]);
    const dump = await engine.dump(writer, calm(), { content: 'counts', contentSeconds: 9 });
    dump.stream.resume();
    const expected = await dump.content;
    await engine.restore(writer, { ...request, ...(expected && { expected }) }, Readable.from([archive]), calm());
    await engine.undoRestore(writer, request.restoreId, randomUUID(), calm());
    await engine.dropFormer(writer, request.restoreId, calm());
    await failureOf(engine.restore(reader, request, Readable.from([archive]), calm()), 'privilege_missing');
    const told = readFileSync(join(import.meta.dirname, '../../../../docs/engines/redis.md'), 'utf8');
    expect(told).to.contain(backupRules.join(' ')).and.contain(restoreRules.join(' '));
  });

  it('name the rule that is missing for a dump, before it begins where they tell', async () => {
    const asked = await userWith('asked', [...backupRules, '-sync', '+acl|dryrun']);
    expect((await engine.probe(asked, calm())).missingPrivileges.join()).to.contain('ACL SETUSER asked +sync');
    await failureOf(engine.dump(asked, calm()), 'privilege_missing');
    const unasked = await userWith(
      'unasked',
      backupRules.filter((rule) => rule !== '+sync'),
    );
    const { stream } = await engine.dump(unasked, calm());
    expect((await failureOf(buffer(stream), 'privilege_missing')).message).to.contain('+sync');
  });

  it('that do not offer SYNC are told as such', async () => {
    const managed = await startRedisData(undefined, ['rename-command SYNC ""']);
    const { missingPrivileges } = await engine.probe(managed.connection, calm());
    expect(missingPrivileges.join()).to.contain('does not offer the command SYNC');
    await managed.server.stop();
  });

  it('without checksums are warned of, and their backups have one all the same', async () => {
    const bare = await startRedisData(undefined, ['rdbchecksum no']);
    const client = await bare.open(0);
    await client.set('a', '1');
    client.disconnect();
    const dump = await engine.dump(bare.connection, calm());
    expect(dump.warnings?.join()).to.contain('rdbchecksum');
    await engine.checkReadable(Readable.from([await buffer(dump.stream)]), calm());
    await bare.server.stop();
  });

  it('are never believed without a whole file of theirs, whatever the client program exits with', async () => {
    const whole = await dumpOf(engine, data.connection);
    const changed = Buffer.from(whole);
    changed[20] = (changed[20] ?? 0) ^ 1;
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-rdb-'));
    folders.push(folder);
    const answers = [whole.subarray(0, -1), whole.subarray(0, 30), changed, Buffer.concat([whole, Buffer.alloc(41)])];
    for (const [at, bytes] of answers.entries()) {
      const path = join(folder, String(at));
      writeFileSync(path, bytes);
      const source = `if (process.argv[2] === '--version') console.log('redis-cli 7.0.15');
        else process.stdout.write(require('fs').readFileSync(${JSON.stringify(path)}));`;
      const fake = createEngines({ clientFolders: [fakePrograms({ 'redis-cli': source })] }).get('redis');
      const dump = await fake.dump(data.connection, calm(), { content: 'counts', contentSeconds: 9 });
      await failureOf(buffer(dump.stream), 'dump_failed');
      await failureOf(dump.content ?? Promise.resolve(), 'dump_failed');
    }
  });

  it('have their errors told by what they are', () => {
    const told: [string, string][] = [
      ['NOAUTH Authentication required.', 'auth_failed'],
      ['WRONGPASS invalid username-password pair or user is disabled.', 'auth_failed'],
      ["NOPERM this user has no permissions to run the 'sync' command", 'privilege_missing'],
      ['LOADING Redis is loading the dataset in memory', 'server_busy'],
      ['BUSY Redis is busy running a script.', 'server_busy'],
      ['ERR max number of clients reached', 'server_busy'],
      ["READONLY You can't write against a read only replica.", 'configuration'],
      ["OOM command not allowed when used memory > 'maxmemory'.", 'restore_failed'],
      ['MISCONF Redis is configured to save RDB snapshots', 'restore_failed'],
      ['ERR DB index is out of range', 'database_missing'],
      ['ERR DUMP payload version or checksum are wrong', 'restore_failed'],
      ['Protocol error, got "J" as reply type byte. Please report this.', 'configuration'],
      ['ERR something new', 'internal'],
    ];
    for (const [said, code] of told) {
      expect(fromDriver(new Error(said), data.connection, 'internal').code, said).to.equal(code);
      const stderr = `sending REPLCONF capa eof\nSYNC with master failed: -${said}`;
      if (/^[A-Z]+ /.test(said) && !said.startsWith('ERR'))
        expect(fromProgram(stderr, data.connection, 'dump_failed').code, said).to.equal(code);
    }
    const secret = data.connection.password?.reveal() ?? '';
    expect(failure('internal', `no ${secret} here`, data.connection, undefined).message).to.not.contain(secret);
  });

  describe('by TLS', () => {
    let server: RedisData;
    let ca: string;
    let stranger: string;
    const withOptions = (options: DatabaseOptions, change: Partial<Connection> = {}): Connection => ({
      ...server.connection,
      ...change,
      options,
    });

    const certificate = (name: string): { cert: string; key: string } => {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
      folders.push(folder);
      const [cert, key] = [join(folder, 'cert'), join(folder, 'key')];
      const subject = ['-subj', '/CN=not the host', '-addext', `subjectAltName=${name}`];
      const files = ['-keyout', key, '-out', cert, '-days', '2', '-nodes'];
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...files, ...subject], { stdio: 'ignore' });
      return { cert, key };
    };

    before(async () => {
      const { cert, key } = certificate('IP:127.0.0.1');
      ca = readFileSync(cert, 'utf8');
      stranger = readFileSync(certificate('IP:127.0.0.1').cert, 'utf8');
      server = await startRedisData(undefined, [`tls-cert-file ${cert}`, `tls-key-file ${key}`, 'tls-auth-clients no']);
      const client = await server.open(0);
      await client.set('a', '1');
      await client.config('SET', 'tls-port', String(server.connection.port + 1));
      client.disconnect();
      server = { ...server, connection: { ...server.connection, port: server.connection.port + 1 } };
    });

    for (const sslmode of ['require', 'verify-ca', 'verify-full'] as const) {
      it(`are dumped and asked with ${sslmode}, by a socket that nobody else can reach and that is removed`, async () => {
        const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('holdfast-tunnel-'));
        const before = left();
        const connection = withOptions({ sslmode, ca });
        expect((await engine.probe(connection, calm())).tables).to.equal(1);
        await engine.checkReadable(Readable.from([await dumpOf(engine, connection)]), calm());
        await until('nothing is left', 10, () => left().every((name) => before.includes(name)));
      });
    }

    const refused: [string, DatabaseOptions][] = [
      ['another authority', { sslmode: 'verify-ca' }],
      ['another authority and its name', { sslmode: 'verify-full' }],
    ];
    for (const [what, options] of refused) {
      it(`are refused with ${what}, and nothing goes on without`, async () => {
        const connection = withOptions({ ...options, ca: stranger });
        await failureOf(engine.probe(connection, calm()), 'tls_failed', connection.password?.reveal());
        await failureOf(engine.dump(connection, calm()), 'tls_failed', connection.password?.reveal());
      });
    }

    it('are refused where the certificate has another name, with verify-full alone', async () => {
      const change = { host: 'localhost' };
      await engine.probe(withOptions({ sslmode: 'verify-ca', ca }, change), calm());
      await failureOf(engine.probe(withOptions({ sslmode: 'verify-full', ca }, change), calm()), 'tls_failed');
    });

    it('are never asked by "prefer", which has no meaning', async () => {
      await failureOf(engine.probe(withOptions({ sslmode: 'prefer' }), calm()), 'configuration');
    });
  });
});
