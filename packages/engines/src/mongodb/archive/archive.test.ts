import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { calm, failureOf } from '@holdfast/testing/engines';
import { expect } from 'chai';
import { array, assert, integer, property } from 'fast-check';
import { BSON } from 'mongodb';
import { measureArchive } from '../content/of-archive.ts';
import { checkReadable } from '../readable.ts';
import { block, end, prelude, whole } from '../testing/archive-writer.ts';
import { ArchiveFault } from './blocks.ts';
import { peekPrelude } from './check.ts';
import { Crc64 } from './crc64.ts';
import { ArchiveReader } from './reader.ts';

/** Made by mongodump 100.18.0: see docs/engines/mongodb.md. */
const recorded = (name: string): Buffer => readFileSync(new URL(`../testing/recorded/${name}`, import.meta.url));
const shop = recorded('shop.archive');

const read = (bytes: Buffer, pieces: readonly number[] = [bytes.length]): ArchiveReader => {
  const reader = new ArchiveReader();
  let at = 0;
  for (const length of [...pieces, bytes.length]) {
    reader.add(bytes.subarray(at, at + length));
    at += length;
  }
  reader.end();
  return reader;
};

const collection = (name: string): Parameters<typeof prelude>[0][number] => ({
  database: 'shop',
  collection: name,
  type: 'collection',
  metadata: '{}',
});
const documents = Array.from({ length: 5 }, (_none, n) => BSON.serialize({ n }));

describe('reader of archives of mongodump', () => {
  it('computes the checksum that is called CRC-64/XZ, and Go calls ECMA', () => {
    const crc = new Crc64();
    crc.add(Buffer.from('1234'));
    crc.add(Buffer.from('56789'));
    expect(crc.value).to.equal(0x995dc9bbdf1939fan);
  });

  it('reads what mongodump wrote: versions, collections, documents and checksums', () => {
    const { header, announced } = read(shop).prelude ?? expect.fail();
    expect(header).to.deep.equal({ serverVersion: '7.0.42', toolVersion: '100.18.0' });
    const names = announced.map((one) => one.collection);
    expect(names.sort()).to.deep.equal(['a.b', 'capped', 'customers', 'orders', 'untouched']);
    expect(read(recorded('none.archive')).prelude?.announced).to.deep.equal([]);
  });

  it('measures the very documents, definitions and indexes that are in it', () => {
    const measuring = measureArchive('shop', 'full') ?? expect.fail();
    const reader = new ArchiveReader(measuring.sinkOf);
    reader.add(shop);
    const { items } = measuring.manifest(reader.end());
    const told = items.map(({ kind, name, count }) => `${kind} ${name} ${count}`).sort();
    expect(told).to.deep.equal([
      'index customers.email_1 null',
      'index orders.by customer null',
      'options capped null',
      'table a.b 1',
      'table capped 0',
      'table customers 1',
      'table orders 12',
      'table untouched 0',
    ]);
  });

  it('reads the same from pieces of any size', () => {
    const sizes = array(integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 });
    assert(
      property(sizes, (pieces) => void expect(read(shop, pieces).prelude).to.deep.equal(read(shop).prelude)),
      {
        numRuns: 50,
      },
    );
  });

  it('takes no archive for whole that was cut anywhere', () => {
    for (let length = 0; length < shop.length; length++) {
      expect(() => read(shop.subarray(0, length)), String(length)).to.throw(ArchiveFault);
    }
  });

  it('finds a flipped bit anywhere among documents and checksums, and before them takes none for worse than damage', () => {
    const preludeEnd = shop.indexOf(Buffer.from([0xff, 0xff, 0xff, 0xff])) + 4;
    for (const [at, byte] of shop.entries()) {
      const flipped = Buffer.from(shop);
      flipped[at] = byte ^ (1 << (at % 8));
      try {
        read(flipped);
        expect(at, 'was not found').to.be.lessThan(preludeEnd);
      } catch (error) {
        expect(error, `byte ${at}`).to.be.instanceOf(ArchiveFault);
      }
    }
  });

  it('reads collections that come in turns', () => {
    const [first = Buffer.alloc(0), ...others] = documents;
    const crc = new Crc64();
    for (const document of documents) crc.add(document);
    const parts = [
      prelude([collection('a'), collection('b')]),
      block('shop', 'a', [first]),
      whole('shop', 'b', documents),
      block('shop', 'a', others),
      end('shop', 'a', crc.value),
    ];
    read(Buffer.concat(parts));
  });

  const one = prelude([collection('a')]);
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = documents;
  const damaged: [string, Buffer[]][] = [
    ['documents in another order', [one, block('shop', 'a', [second, first]), whole('shop', 'a', documents)]],
    ['a collection that nobody announced', [one, whole('shop', 'a', []), whole('shop', 'b', documents)]],
    ['a collection that never comes', [prelude([collection('a'), collection('b')]), whole('shop', 'a', documents)]],
    ['a collection that goes on after its end', [one, whole('shop', 'a', []), block('shop', 'a', documents)]],
    ['something after the end', [one, whole('shop', 'a', documents), Buffer.from('more')]],
    ['a block without a header', [one, Buffer.alloc(4, 0xff)]],
    ['a format of the future', [Buffer.from(one.toString('latin1').replace('0.1', '0.2'), 'latin1')]],
  ];
  for (const [what, parts] of damaged) {
    it(`refuses ${what}`, async () => {
      expect(() => read(Buffer.concat(parts))).to.throw(ArchiveFault);
      await failureOf(checkReadable(Readable.from(parts), calm()), 'integrity');
    });
  }

  it('puts the front of an archive back after it looked at it', async () => {
    const pieces = Array.from({ length: Math.ceil(shop.length / 100) }, (_none, at) =>
      shop.subarray(at * 100, at * 100 + 100),
    );
    for (const input of [Readable.from(pieces), Readable.from([shop])]) {
      expect((await peekPrelude(input)).announced).to.have.length(5);
      expect(await buffer(input)).to.deep.equal(shop);
    }
  });
});
