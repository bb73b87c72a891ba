import { buffer } from 'node:stream/consumers';
import { calm, fillOddly, startRedisData } from '@holdfast/testing/engines';
import { newerDebian } from '@holdfast/testing/newer-debian';
import { needsRedis } from '@holdfast/testing/redis';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { createEngines } from '../../index.ts';
import { Crc64 } from './crc64.ts';
import { RdbFault, RdbWalker, type RdbEntry } from './index.ts';
import { decompressLzf } from './lzf.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const string = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const join = (...parts: (Buffer | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part)));
const zeros = (count: number): Buffer => Buffer.alloc(count);

const magics = { redis: 'REDIS0012', valkey: 'VALKEY080' } as const;

/** A file of that dialect with these records. */
function file(records: Buffer, magic: string = magics.redis): Buffer {
  const body = join(Buffer.from(magic), records, 255);
  return join(body, new Crc64().update(body).digest());
}

interface Walked {
  entries: RdbEntry[];
  aux: string[];
  bytes: Buffer;
}

function walk(bytes: Buffer, chunk = bytes.length || 1, values = true, mayFollow = 0): Walked {
  const walked: Walked = { entries: [], aux: [], bytes: Buffer.alloc(0) };
  const pieces: Buffer[] = [];
  const walker = new RdbWalker(
    {
      entry: (entry) => walked.entries.push(entry),
      aux: (name, value) => walked.aux.push(`${name}=${value}`),
      bytes: (piece) => pieces.push(piece),
    },
    { values, allowsNoChecksum: false, mayFollow },
  );
  for (let at = 0; at < bytes.length; at += chunk) walker.write(bytes.subarray(at, at + chunk));
  walker.end();
  return { ...walked, bytes: Buffer.concat(pieces) };
}

const streamBody = (version: 1 | 2 | 3): Buffer =>
  join(
    join(1, Buffer.concat([Buffer.from([16]), zeros(16)]), string('listpack')),
    join(2, 5, 1),
    version === 1 ? zeros(0) : join(1, 1, 0, 0, 7),
    join(1, string('group'), 5, 1, version === 1 ? zeros(0) : join(2)),
    join(1, zeros(24), 3),
    join(1, string('consumer'), zeros(version === 3 ? 16 : 8), 1, zeros(16)),
  );

const moduleId = hex('81 4a4f2c0d1b000401');

/** Every type that any server writes or has written, as `[dialect, type, name, body]`. */
const types: [keyof typeof magics, number, RdbEntry['type'], Buffer][] = [
  ['redis', 0, 'string', string('value')],
  ['redis', 0, 'string', hex('c0 7f')],
  ['redis', 0, 'string', hex('c1 7f00')],
  ['redis', 0, 'string', hex('c2 7f000000')],
  ['redis', 0, 'string', hex('c3 05 0a 00 61 e0 00 00')],
  ['redis', 0, 'string', join(hex('4064'), zeros(100))],
  ['redis', 0, 'string', join(hex('80 00000064'), zeros(100))],
  ['redis', 0, 'string', join(hex('81 0000000000000064'), zeros(100))],
  ['redis', 1, 'list', join(2, string('a'), hex('c0 05'))],
  ['redis', 2, 'set', join(1, string('a'))],
  ['redis', 3, 'sorted set', join(3, string('a'), string('1.5'), string('b'), 253, string('c'), 255)],
  ['redis', 4, 'hash', join(1, string('a'), string('b'))],
  ['redis', 5, 'sorted set', join(1, string('a'), zeros(8))],
  ['redis', 7, 'module', join(moduleId, 1, 5, 2, 6, 3, zeros(4), 4, zeros(8), 5, string('part'), 0)],
  ...([9, 10, 11, 12, 13, 16, 17, 20] as const).map(
    (type) =>
      [
        'redis',
        type,
        (
          {
            9: 'hash',
            10: 'list',
            11: 'set',
            12: 'sorted set',
            13: 'hash',
            16: 'hash',
            17: 'sorted set',
            20: 'set',
          } as const
        )[type],
        string('packed'),
      ] as (typeof types)[number],
  ),
  ['redis', 14, 'list', join(2, string('one'), string('two'))],
  ['redis', 15, 'stream', streamBody(1)],
  ['redis', 18, 'list', join(2, 1, string('plain'), 2, string('packed'))],
  ['redis', 19, 'stream', streamBody(2)],
  ['redis', 21, 'stream', streamBody(3)],
  ['redis', 22, 'hash', join(1, 9, string('field'), string('value'))],
  ['redis', 23, 'hash', string('packed')],
  ['redis', 24, 'hash', join(zeros(8), 1, 9, string('field'), string('value'))],
  ['redis', 25, 'hash', join(zeros(8), string('packed'))],
  ['valkey', 22, 'hash', join(1, string('field'), string('value'), zeros(8))],
  ['valkey', 21, 'stream', streamBody(3)],
];

describe('RDB files', function () {
  it('have the checksum that the format names', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 5 }), (cuts) => {
        const crc = new Crc64();
        const digits = Buffer.from('123456789');
        let at = 0;
        for (const cut of cuts.sort((a, b) => a - b)) {
          crc.update(digits.subarray(at, cut));
          at = Math.max(at, cut);
        }
        expect(crc.update(digits.subarray(at)).digest().toString('hex')).to.equal('cad9b8c414d9c6e9');
      }),
    );
  });

  it('are read over exactly, value by value, whatever type and however they are cut', () => {
    for (const [dialect, type, name, body] of types) {
      const behind = join(0, string('behind'), string('it'));
      const bytes = file(join(type, string('key'), body, behind), magics[dialect]);
      for (const chunk of [1, 3, bytes.length]) {
        const { entries } = walk(bytes, chunk);
        expect(entries.map((entry) => `${entry.type} ${String(entry.key)}`)).to.deep.equal([
          `${name} key`,
          'string behind',
        ]);
        expect(entries[0]?.value).to.deep.equal({ type, body });
        expect(walk(bytes, chunk, false).entries.map(({ key }) => String(key))).to.deep.equal(['key', 'behind']);
      }
    }
  });

  it('tell what belongs to a key and what to the server', () => {
    const records = join(
      join(250, string('redis-ver'), string('7.0.15')),
      join(247, moduleId, 2, 2, 5, string('aux'), 0),
      join(245, string('#!lua name=library')),
      join(254, 3, 251, 2, 1, 244, 1, 2, 3),
      join(252, hex('7b00000000000000'), 248, 60, 0, string('a'), string('1')),
      join(253, hex('02000000'), 249, 7, 0, hex('c0 7b'), string('2')),
      join(0, hex('c3 05 0a 00 61 e0 00 00'), string('3')),
      join(254, 4, 0, string('b'), string('4')),
    );
    const { entries, aux } = walk(file(records));
    expect(aux).to.deep.equal(['redis-ver=7.0.15']);
    expect(
      entries.map(({ database, key, expiresAt, idleSeconds, frequency }) => ({
        database,
        key: String(key),
        expiresAt,
        idleSeconds,
        frequency,
      })),
    ).to.deep.equal([
      { database: 3, key: 'a', expiresAt: 123, idleSeconds: 60, frequency: null },
      { database: 3, key: '123', expiresAt: 2000, idleSeconds: null, frequency: 7 },
      { database: 3, key: 'aaaaaaaaaa', expiresAt: null, idleSeconds: null, frequency: null },
      { database: 4, key: 'b', expiresAt: null, idleSeconds: null, frequency: null },
    ]);
  });

  const refused: [string, Buffer, RegExp][] = [
    ['an unknown type', file(join(26, string('key'), string('value'))), /type 26.*version 12 of redis/],
    ["a type of the other's", file(join(24, string('key'), zeros(30)), magics.valkey), /type 24.*version 80 of valkey/],
    ['the oldest values of modules', file(join(6, string('key'), zeros(30))), /type 6/],
    ['a type that no server has', file(join(8, string('key'), zeros(30))), /type 8/],
    ['a record that is not known', file(join(246, string('old function'))), /record of the type 246/],
    ['a newer version', file(zeros(0), 'REDIS0099'), /version, 99 of redis/],
    ['no checksum', join(Buffer.from('REDIS0012'), 255, zeros(8)), /no checksum/],
    ['a wrong checksum', join(Buffer.from('REDIS0012'), 255, hex('0102030405060708')), /checksum is wrong/],
    ['more behind the end', join(file(zeros(0)), 1), /more behind the end/],
    ['another format', Buffer.from('PGDMP and more'), /does not begin as/],
    ['nothing', Buffer.alloc(0), /ends too early/],
  ];
  for (const [what, bytes, reason] of refused) {
    it(`are refused with ${what}`, () => expect(() => walk(bytes)).to.throw(RdbFault, reason));
  }

  it('are whole with the mark behind them that client programs leave, and no more than that', () => {
    const bytes = file(join(0, string('key'), string('value')));
    expect(walk(join(bytes, zeros(40)), 7, true, 40).bytes).to.deep.equal(bytes.subarray(0, -9));
    expect(() => walk(join(bytes, zeros(41)), 7, true, 40)).to.throw(RdbFault, 'more behind the end');
  });

  it('never decompress into more than they say, nor outside of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(400), (input, size) => {
        try {
          expect(decompressLzf(Buffer.from(input), size)).to.have.length(size);
        } catch (error) {
          expect(error).to.be.instanceOf(RdbFault);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const valkey = newerDebian();
  const servers: [string, string | undefined][] = [
    ['redis', undefined],
    ...(valkey === null ? [] : [['valkey', `${valkey}/valkey-server`] as [string, string]]),
  ];
  for (const [name, program] of servers) {
    it(`of a real ${name} server are never accepted with a bit changed or cut short`, async function () {
      if (program === undefined) needsRedis(this);
      const data = await startRedisData(program);
      const client = await data.open(0);
      await fillOddly(client);
      const keys = await client.dbsize();
      client.disconnect();
      const dump = await createEngines({ clientFolders: [] }).get('redis').dump(data.connection, calm());
      const bytes = await buffer(dump.stream);
      await data.server.stop();
      const whole = walk(bytes, 1000);
      expect(whole.entries).to.have.length(keys);
      expect(walk(bytes, 77, false).bytes.equals(bytes.subarray(0, -9))).to.equal(true);
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.nat(7), fc.boolean(), (at, bit, isCut) => {
          const damaged = isCut ? bytes.subarray(0, at) : Buffer.from(bytes);
          if (!isCut) damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
          expect(() => walk(damaged, 65_536)).to.throw(RdbFault);
        }),
        { numRuns: 300 },
      );
    });
  }
});
