import { expect } from 'chai';
import * as fc from 'fast-check';
import type { ExpectedBackup, StoredObject } from '@holdfast/shared/domain';
import { compare, type Finding } from './compare.ts';

const at = new Date(0);
const stored = (key: string, size: number): StoredObject => ({ key, size, etag: null, modifiedAt: at });
const byBytes =
  <T>(key: (item: T) => string) =>
  (left: T, right: T): number =>
    Buffer.compare(Buffer.from(key(left)), Buffer.from(key(right)));

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function findingsOf(objects: Iterable<StoredObject>, backups: Iterable<ExpectedBackup>) {
  const tally = { objects: 0, bytes: 0, backups: 0 };
  const findings: Finding[] = [];
  for await (const finding of compare(each(objects), each(backups), tally)) findings.push(finding);
  return { findings, tally };
}

/** Folders, some of which begin like others, and names in them. */
const folders = ['1/a1/', '1/a10/', '1/a2/', '2/a1/', '22/a1/', '3/a1/'];
const names = ['dump', 'manifest.json', 'roles'];

const backup = fc.record({
  present: fc.boolean(),
  damaged: fc.boolean(),
  sizes: fc.array(fc.option(fc.integer({ min: 0, max: 2 })), { minLength: 1, maxLength: names.length }),
});

describe('the comparison of a list with the catalogue', () => {
  it('finds what a look at everything at once would find, whatever is stored', async () => {
    const strange = fc.constantFrom(
      '0',
      '1/a1',
      '1/a1/dump~',
      '1/a1/más',
      '2/a1/ä',
      '2',
      '9/x',
      'ÿ',
      '\u{1f600}',
      '1/a1/\u{1f600}',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(backup, { minLength: folders.length, maxLength: folders.length }),
        fc.array(fc.tuple(fc.constantFrom(...folders), fc.constantFrom(...names), fc.integer({ min: 0, max: 2 }))),
        fc.array(strange),
        async (drawn, held, strangers) => {
          const expected: ExpectedBackup[] = drawn.flatMap(({ present, damaged, sizes }, n) => {
            const prefix = folders[n] ?? '';
            const objects = sizes.map((size, index) => ({ key: prefix + (names[index] ?? ''), size }));
            return present ? [{ id: prefix, prefix, completedAt: at, damaged, objects }] : [];
          });
          const objects = new Map(held.map(([folder, name, size]) => [folder + name, size]));
          for (const key of strangers) objects.set(key, 1);
          const listed = [...objects].map(([key, size]) => stored(key, size)).sort(byBytes(({ key }) => key));
          const { findings, tally } = await findingsOf(listed, expected.sort(byBytes(({ prefix }) => prefix)));
          const owned = new Set(expected.flatMap((one) => one.objects.map(({ key }) => key)));
          const doubtful = expected.filter(
            ({ damaged, objects: wanted }) =>
              damaged ||
              wanted.some(({ key, size }) => !objects.has(key) || (size !== null && objects.get(key) !== size)),
          );
          expect(findings.flatMap((one) => (one.type === 'stray' ? [one.object.key] : []))).to.deep.equal(
            listed.map(({ key }) => key).filter((key) => !owned.has(key)),
          );
          expect(findings.flatMap((one) => (one.type === 'doubtful' ? [one.backup.id] : []))).to.deep.equal(
            doubtful.map(({ id }) => id),
          );
          expect(tally).to.include({ objects: listed.length, backups: expected.length });
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('goes through many objects holding one backup at a time', async () => {
    const count = 100_000;
    const prefix = (n: number): string => `db/${String(n).padStart(7, '0')}/a1/`;
    function* objects(): Generator<StoredObject> {
      for (let n = 0; n < count; n += 1) {
        yield stored(`${prefix(n)}dump`, 10);
        if (n % 50_000 !== 5) yield stored(`${prefix(n)}manifest.json`, 1);
      }
    }
    function* backups(): Generator<ExpectedBackup> {
      for (let n = 0; n < count; n += 1) {
        const keys = [
          { key: `${prefix(n)}dump`, size: 10 },
          { key: `${prefix(n)}manifest.json`, size: null },
        ];
        yield { id: String(n), prefix: prefix(n), completedAt: at, damaged: false, objects: keys };
      }
    }
    const { findings, tally } = await findingsOf(objects(), backups());
    expect(findings.map((one) => (one.type === 'doubtful' ? one.backup.id : one.object.key))).to.deep.equal([
      '5',
      '50005',
    ]);
    expect(tally).to.deep.equal({ objects: 199_998, bytes: 1_099_998, backups: count });
  });
});
