import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { generateHybridIdentity, identityToRecipient } from 'age-encryption';
import * as fc from 'fast-check';
import { HoldfastError, noKeys, Secret, type Keys } from '@holdfast/shared/domain';
import { age, recipientOf } from './age.ts';

/** Bytes that are encrypted at once, and what each such chunk is stored as. */
const chunk = 64 * 1024;
const sealedChunk = chunk + 16;

interface Pair {
  recipient: string;
  identity: string;
}

/** A pair of keys, made by the program that everybody makes them with. */
function newPair(): Pair {
  const file = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const identity = /^AGE-SECRET-KEY-.+$/m.exec(file)?.[0] ?? '';
  return { identity, recipient: /public key: (\S+)/.exec(file)?.[1] ?? '' };
}

const keysOf = (recipients: Pair[], identities: Pair[]): Keys => ({
  recipients: recipients.map(({ recipient }) => recipient),
  identities: identities.map(({ identity }) => new Secret(identity)),
});

async function through(bytes: Buffer, stream: Duplex): Promise<Buffer> {
  const out: Buffer[] = [];
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
  };
  await pipeline(Readable.from(pieces(), { objectMode: false }), stream, async (chunks) => {
    for await (const one of chunks) out.push(one as Buffer);
  });
  return Buffer.concat(out);
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('age codec', () => {
  const [ours, offline, stranger] = [newPair(), newPair(), newPair()];
  const keys = keysOf([ours, offline], [ours]);
  const plain = randomBytes(5 * chunk + 1234);
  let sealed: Buffer;
  let payload: number;
  let folder: string;

  before(async () => {
    sealed = await through(plain, age(keys).encode());
    payload = sealed.length - (5 * sealedChunk + 1234 + 16);
    folder = mkdtempSync(join(tmpdir(), 'holdfast-age-'));
    for (const pair of [ours, offline, stranger]) writeFileSync(join(folder, pair.recipient), pair.identity);
  });
  after(() => rmSync(folder, { recursive: true }));

  const byProgram = (pair: Pair, input: Buffer): Buffer =>
    execFileSync('age', ['--decrypt', '--identity', join(folder, pair.recipient)], {
      input,
      maxBuffer: 1e8,
      stdio: ['pipe', 'pipe', 'ignore'],
    });

  it('writes what the age program opens with each of the keys, and with no other', () => {
    expect(byProgram(ours, sealed).equals(plain)).to.equal(true);
    expect(byProgram(offline, sealed).equals(plain)).to.equal(true);
    expect(() => byProgram(stranger, sealed)).to.throw();
  });

  it('opens what the age program wrote, of any size', async () => {
    for (const size of [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk]) {
      const content = randomBytes(size);
      const args = ['--encrypt', '--recipient', offline.recipient, '--recipient', ours.recipient];
      const made = execFileSync('age', args, { input: content, maxBuffer: 1e8 });
      expect((await through(made, age(keys).decode())).equals(content), String(size)).to.equal(true);
    }
  });

  it('shows the public key of a private one', async () => {
    expect(await recipientOf(new Secret(ours.identity))).to.equal(ours.recipient);
  });

  it('encrypts to post-quantum keys and opens with them', async () => {
    const identity = await generateHybridIdentity();
    const pair = { identity, recipient: await identityToRecipient(identity) };
    const quantum = keysOf([pair], [stranger, pair]);
    const stored = await through(plain, age(quantum).encode());
    expect((await through(stored, age(quantum).decode())).equals(plain)).to.equal(true);
  });

  it('opens with whichever of several keys fits', async () => {
    const several = keysOf([ours, offline], [stranger, offline]);
    expect((await through(sealed, age(several).decode())).equals(plain)).to.equal(true);
  });

  it('says which public keys could open it where it has none of their private ones, and shows no private key', async () => {
    for (const identities of [[stranger], []]) {
      const failure = await failureOf(through(sealed, age(keysOf([ours, offline], identities)).decode()));
      if (!(failure instanceof HoldfastError)) return expect.fail('it was opened');
      expect(failure.code).to.equal('key_missing');
      expect(failure.message).to.include(ours.recipient).and.include(offline.recipient);
      expect(failure.message).to.not.include('AGE-SECRET-KEY');
    }
  });

  it('refuses to encrypt to nobody', () => {
    expect(() => age(noKeys).encode())
      .to.throw(HoldfastError)
      .with.property('code', 'configuration');
  });

  const mustBeFound = async (changed: Buffer, what: string): Promise<void> => {
    const received: Buffer[] = [];
    const decoder = age(keys).decode();
    decoder.on('data', (bytes: Buffer) => received.push(bytes));
    const failure = await failureOf(pipeline(Readable.from([changed], { objectMode: false }), decoder));
    expect(failure, what).to.include({ code: 'integrity' });
    // What came before the damage is right; nothing after it is given away.
    const given = Buffer.concat(received);
    expect(given.equals(plain.subarray(0, given.length)), what).to.equal(true);
    expect(given.length, what).to.be.lessThan(plain.length);
  };

  it('finds a flipped bit wherever it is, in the header too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 8 - 1), fc.nat(payload * 8 - 1), async (anywhere, inHeader) => {
        for (const bit of [anywhere, inHeader]) {
          const flipped = Buffer.from(sealed);
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          await mustBeFound(flipped, `bit ${bit}`);
        }
      }),
      { numRuns: 80 },
    );
  });

  it('finds a cut at any byte, and one between two chunks', async () => {
    const between = [0, 1, 2, 3, 4, 5].map((count) => payload + count * sealedChunk);
    for (const length of [...between, 0, sealed.length - 1]) {
      await mustBeFound(sealed.subarray(0, length), `cut at ${length}`);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), (length) => mustBeFound(sealed.subarray(0, length), `at ${length}`)),
      { numRuns: 60 },
    );
  });

  it('finds chunks that were swapped, repeated, left out or taken from another file', async () => {
    const other = await through(randomBytes(plain.length), age(keys).encode());
    const chunkOf = (from: Buffer, index: number): Buffer =>
      from.subarray(payload + index * sealedChunk, payload + (index + 1) * sealedChunk);
    const whole = [0, 1, 2, 3, 4, 5].map((index) => chunkOf(sealed, index));
    const header = sealed.subarray(0, payload);
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.nat(4), async (one, two) => {
        fc.pre(one !== two);
        const swapped = whole.map((bytes, index) => whole[index === one ? two : index === two ? one : index] ?? bytes);
        await mustBeFound(Buffer.concat([header, ...swapped]), `swapped ${one} ${two}`);
        const repeated = whole.toSpliced(one, 0, chunkOf(sealed, two));
        await mustBeFound(Buffer.concat([header, ...repeated]), `repeated ${two} at ${one}`);
        await mustBeFound(Buffer.concat([header, ...whole.toSpliced(one, 1)]), `without ${one}`);
        await mustBeFound(Buffer.concat([header, ...whole.with(one, chunkOf(other, one))]), `foreign ${one}`);
      }),
      { numRuns: 12 },
    );
    await mustBeFound(Buffer.concat([sealed.subarray(0, payload - 16), other.subarray(payload - 16)]), 'other payload');
  });

  it('finds anything that was appended', async () => {
    for (const tail of [Buffer.alloc(1), Buffer.alloc(16), randomBytes(sealedChunk), sealed]) {
      await mustBeFound(Buffer.concat([sealed, tail]), `${tail.length} bytes behind the end`);
    }
  });

  it('takes no more than a few chunks while nobody reads', async () => {
    for (const stream of [age(keys).encode(), age(keys).decode()]) {
      let given = 0;
      const source = new Readable({
        read() {
          if (given > 4 * 1024 * 1024) return;
          const bytes = given === 0 ? sealed.subarray(0, payload) : randomBytes(chunk);
          given += bytes.length;
          this.push(bytes);
        },
      });
      const flow = failureOf(pipeline(source, stream));
      let before = -1;
      while (before !== given) {
        before = given;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(given).to.be.lessThan(1024 * 1024);
      source.destroy(new Error('enough'));
      await flow;
    }
  });

  it('ends with the reason of whoever destroys it, whatever it waits for', async () => {
    const reason = new HoldfastError('lease_lost');
    for (const stream of [age(keys).encode(), age(keys).decode()]) {
      const source = new Readable({ read: () => undefined });
      source.push(sealed.subarray(0, payload + 10));
      const flow = failureOf(
        pipeline(source, stream, async (chunks) => {
          for await (const one of chunks) void one;
        }),
      );
      await new Promise((resolve) => setImmediate(resolve));
      stream.destroy(reason);
      expect(await flow).to.equal(reason);
    }
  });
});
