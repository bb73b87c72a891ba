import { expect } from 'chai';
import {
  assert,
  bigInt,
  constant,
  constantFrom,
  infiniteStream,
  integer,
  nat,
  oneof,
  option,
  pre,
  property,
  record,
  string,
  uniqueArray,
} from 'fast-check';
import { compareContent, type ContentItem, type ContentManifest } from './content.ts';
import { HoldfastError } from './errors.ts';

const manifest = (items: ContentItem[], change: Partial<ContentManifest> = {}): ContentManifest => ({
  version: 1,
  level: 'full',
  algorithm: 'a',
  items,
  missing: [],
  ...change,
});

const item = (change: Partial<ContentItem> = {}): ContentItem => ({
  kind: 'table',
  name: 'public.orders',
  count: 1000,
  digest: '42',
  share: 1,
  ...change,
});

const messages = (expected: ContentItem, found: ContentItem): string[] =>
  compareContent(manifest([expected]), manifest([found])).map(({ message }) => message);

const digests = oneof(
  constant(null),
  bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String),
  nat().map((n) => `15: ${n.toString(16)}`),
);

const items = uniqueArray(
  record({
    kind: constantFrom('table', 'sequence', 'index', 'large_objects', 'extension'),
    name: string({ minLength: 1 }),
    count: option(nat()),
    digest: digests,
    share: constantFrom(null, 1, 0.5),
  }),
  { selector: ({ kind, name }) => `${kind} ${name}` },
);

describe('comparison of contents', () => {
  it('finds nothing between a content and itself in any order', () => {
    assert(
      property(items, infiniteStream(nat()), (all, keys) => {
        const keyed = all.map((one) => ({ one, key: keys.next().value }));
        const shuffled = keyed.toSorted((a, b) => a.key - b.key).map(({ one }) => one);
        expect(compareContent(manifest(all), manifest(shuffled))).to.deep.equal([]);
      }),
    );
  });

  it('names exactly what was taken away, and exactly what was added', () => {
    assert(
      property(items, nat(), (all, at) => {
        pre(all.length > 0);
        const gone = all[at % all.length];
        const rest = all.filter((one) => one !== gone);
        const named = { kind: gone?.kind, name: gone?.name };
        const less = compareContent(manifest(all), manifest(rest));
        expect(less.map(({ kind, name, what }) => ({ kind, name, what }))).to.deep.equal([
          { ...named, what: 'missing' },
        ]);
        const more = compareContent(manifest(rest), manifest(all));
        expect(more.map(({ kind, name, what }) => ({ kind, name, what }))).to.deep.equal([
          { ...named, what: 'unexpected' },
        ]);
      }),
    );
  });

  it('names exactly what has another count or digest', () => {
    assert(
      property(items, nat(), integer({ min: 1 }), (all, at, by) => {
        pre(all.length > 0);
        const index = at % all.length;
        const changed = all.map((one, place) => {
          if (place !== index) return one;
          if (one.count !== null) return { ...one, count: one.count + by };
          return { ...one, digest: one.digest && `${one.digest}${by}` };
        });
        const differences = compareContent(manifest(all), manifest(changed));
        const isComparable = all[index]?.count !== null || all[index]?.digest !== null;
        expect(differences.map(({ name }) => name)).to.deep.equal(isComparable ? [all[index]?.name] : []);
      }),
    );
  });

  it('says what differs in a sentence that names it', () => {
    expect(messages(item(), item({ count: 999 }))).to.deep.equal([
      'public.orders has 999 rows where the source had 1000.',
    ]);
    expect(messages(item(), item({ digest: '43' }))).to.deep.equal([
      'public.orders has 1000 rows as the source had, but not the same.',
    ]);
    const extension = item({ kind: 'extension', name: 'hstore', count: null, digest: '1.7' });
    expect(compareContent(manifest([extension]), manifest([{ ...extension, digest: '1.8' }]))).to.deep.equal([
      {
        kind: 'extension',
        name: 'hstore',
        what: 'version',
        message: 'extension hstore has version 1.8 where the source had 1.7.',
      },
    ]);
  });

  it('allows a sequence what lies between, and no more', () => {
    const range = (low: bigint, high: bigint): ContentItem =>
      item({ kind: 'sequence', name: 'public.s', count: null, digest: `${low}..${high}`, share: null });
    const whole = bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    assert(
      property(whole, whole, whole, (a, b, value) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const found = { ...range(low, high), digest: String(value) };
        expect(messages(range(low, high), found).length === 0).to.equal(low <= value && value <= high);
      }),
    );
  });

  it('does not compare the words in which another version of the server writes a definition', () => {
    const definition = (digest: string): ContentItem =>
      item({ kind: 'view', name: 'public.v', count: null, digest, share: null });
    expect(messages(definition('15: aa'), definition('16: bb'))).to.deep.equal([]);
    expect(messages(definition('15: aa'), definition('15: bb'))).to.have.length(1);
  });

  it('does not compare what the source could not measure, but tells when the copy could not be measured', () => {
    const unknown = item({ count: null, digest: null, share: null });
    expect(messages(unknown, item())).to.deep.equal([]);
    expect(compareContent(manifest([item()]), manifest([unknown]))[0]).to.include({ what: 'unmeasured' });
    expect(compareContent(manifest([item()]), manifest([item({ share: 0.5 })]))[0]).to.include({ what: 'unmeasured' });
  });

  it('refuses contents that were measured in different ways', () => {
    const expected = manifest([item()]);
    for (const other of [{ algorithm: 'b' }, { level: 'counts' }] as const) {
      expect(() => compareContent(expected, manifest([item()], other))).to.throw(HoldfastError, 'cannot be compared');
    }
  });
});
