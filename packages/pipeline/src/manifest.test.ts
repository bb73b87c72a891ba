import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import type { Manifest } from '@holdfast/shared/contracts';
import { attemptPrefix } from '@holdfast/shared/domain';
import { MemoryStore, backupRow, countingIds, fixedClock } from '@holdfast/testing/fakes';
import { lineageOf, manifestText, parseManifest, readManifest, writeManifest } from './manifest.ts';

const signal = new AbortController().signal;
const backup = backupRow();
const prefix = attemptPrefix(backup, 1);
const at = fixedClock.now().toISOString();
const measured = { size: 10, sha256: 'ab'.repeat(32) };

const manifest: Manifest = {
  version: 1,
  backupId: backup.id,
  databaseId: backup.databaseId,
  attempt: 1,
  name: backup.name,
  engine: 'postgresql',
  database: 'Straßen, "quoted" and \u{1f418}',
  serverVersion: '18.4',
  tool: { name: 'pg_dump', version: '18.4' },
  lineage: lineageOf(backup),
  recipients: null,
  startedAt: at,
  completedAt: at,
  files: [
    {
      id: countingIds().uuid(),
      role: 'dump',
      name: 'dump.pgdump.zst',
      key: `${prefix}dump.pgdump.zst`,
      format: 'pg_dump-custom',
      codecs: ['zstd'],
      plain: measured,
      unencrypted: null,
      stored: measured,
    },
  ],
};

const code = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'accepted';
};

async function failure(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );
}

/** The text with another content, and with a right digest of it. */
const changed = (change: object): Buffer => {
  const whole = JSON.stringify({ ...manifest, ...change }, null, 2).replace(/\n\}$/, ',\n');
  const digest = execFileSync('sha256sum', { input: whole, encoding: 'utf8' }).slice(0, 64);
  return Buffer.from(`${whole}  "sha256": "${digest}"\n}\n`);
};

describe('a manifest', () => {
  const text = Buffer.from(manifestText(manifest));

  it('ends with a digest that head and sha256sum show', () => {
    const shown = execFileSync('sh', ['-c', 'head -n -2 | sha256sum'], { input: text, encoding: 'utf8' });
    const { sha256, ...rest } = JSON.parse(String(text)) as Manifest & { sha256: string };
    expect(`${sha256}  -\n`).to.equal(shown);
    expect(rest).to.deep.equal(manifest);
    expect(String(text)).to.match(/\n {2}"sha256": "[0-9a-f]{64}"\n\}\n$/);
    expect(parseManifest(text, 'x')).to.deep.equal(manifest);
  });

  it('is refused with any bit flipped', () => {
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      const flipped = Buffer.from(text);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(
        code(() => parseManifest(flipped, 'x')),
        `bit ${bit}`,
      ).to.equal('integrity');
    }
  });

  it('is refused with any part cut off, and with bytes put in or taken out anywhere', () => {
    for (let end = 0; end < text.length; end += 1) {
      expect(
        code(() => parseManifest(text.subarray(0, end), 'x')),
        `cut to ${end}`,
      ).to.equal('integrity');
      if (end > 0)
        expect(
          code(() => parseManifest(text.subarray(end), 'x')),
          `from ${end}`,
        ).to.equal('integrity');
    }
    const place = fc.nat({ max: text.length });
    fc.assert(
      fc.property(place, fc.uint8Array({ minLength: 1, maxLength: 5 }), (at_, bytes) => {
        const longer = Buffer.concat([text.subarray(0, at_), bytes, text.subarray(at_)]);
        expect(code(() => parseManifest(longer, 'x'))).to.equal('integrity');
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 5 }), (at_, length) => {
        const shorter = Buffer.concat([text.subarray(0, at_), text.subarray(at_ + length)]);
        if (shorter.length < text.length) expect(code(() => parseManifest(shorter, 'x'))).to.equal('integrity');
      }),
      { numRuns: 500 },
    );
  });

  it('is refused when it is whole and not the one that was written', async () => {
    const store = new MemoryStore();
    const { key, sha256 } = await writeManifest(store, prefix, manifest, { signal });
    expect(await readManifest(store, key, signal, sha256)).to.deep.equal(manifest);
    store.objects.set(key, Buffer.from(manifestText({ ...manifest, database: 'another' })));
    const error = await failure(readManifest(store, key, signal, sha256));
    expect(error).to.include({ code: 'integrity' }).and.have.property('message').that.contains('was replaced');
    expect(await readManifest(store, key, signal)).to.include({ database: 'another' });
  });

  it('of a newer version is no damage, and says what to do', () => {
    expect(code(() => parseManifest(changed({ version: 2, more: true }), 'x'))).to.equal('configuration');
    expect(code(() => parseManifest(changed({ more: true }), 'x'))).to.equal('integrity');
  });

  it('of a kind of database that only a newer version knows is no damage, and says so', () => {
    const read = (): unknown => parseManifest(changed({ engine: 'oracle' }), 'x');
    expect(code(read)).to.equal('configuration');
    expect(read).to.throw('is of a backup of the kind "oracle", which this Holdfast does not know: use a newer one');
    expect(code(() => parseManifest(changed({ engine: 7 }), 'x'))).to.equal('integrity');
  });

  it('never leads out of its folder, neither in the store nor where it is downloaded to', async () => {
    const [file] = manifest.files;
    for (const name of ['../x', 'a/b', '..', '.', 'a\\b', 'a\0b', 'a\nb']) {
      const store = new MemoryStore();
      const key = `${prefix}manifest.json`;
      store.objects.set(key, changed({ files: [{ ...file, name, key: prefix + name }] }));
      expect(await failure(readManifest(store, key, signal)), name).to.include({ code: 'integrity' });
    }
  });
});
