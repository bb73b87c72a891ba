import {
  type BSON,
  BSONRegExp,
  Binary,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  type Db,
} from 'mongodb';

const rows = 1500;

/** Several collections with indexes, together more than pipes between programs hold. */
export async function fillSample(db: Db): Promise<void> {
  const texts = Array.from({ length: rows }, (_none, n) => ({
    _id: new Int32(n),
    customer: `customer ${n % 50}`,
    total: new Double(n / 7),
    at: new Date(1_700_000_000_000 + n * 1000),
    lines: [{ sku: `sku-${n}`, count: n % 9 }],
    notes: `${n} žluťoučký kůň 数据库 🗄️ `.repeat(20),
  }));
  await insert(db, 'orders', texts);
  await db.collection('orders').createIndex({ customer: 1, total: -1 }, { name: 'by customer' });
  await insert(
    db,
    'customers',
    Array.from({ length: 50 }, (_none, n) => ({ _id: n, name: `customer ${n}`, email: `c${n}@example.org` })),
  );
  await db.collection('customers').createIndex({ email: 1 }, { unique: true });
  await db.createCollection('untouched');
}

/** Collections with names, and documents with fields, that tools stumble over. */
export async function fillOdd(db: Db): Promise<void> {
  for (const name of ["it's", 'with "quotes"', 'a.b.c', 'ünï cødé 数据', '-dash', '*star\\slash/', 'x'.repeat(120)]) {
    await db.collection(name).insertOne({ of: name });
  }
  await db.createCollection('empty');
  await insert(db, 'types', [
    { _id: null },
    { _id: new ObjectId('0123456789abcdef01234567'), '': 'no name', nested: { a: { b: [[], {}, null] } } },
    { _id: { compound: 1, key: 'x' }, long: Long.fromString('9223372036854775807'), int: new Int32(-1) },
    {
      _id: 'numbers',
      nan: Number.NaN,
      infinite: -Infinity,
      negative: new Double(-0),
      decimal: Decimal128.fromString('1E+6000'),
    },
    {
      _id: 'others',
      low: new MinKey(),
      high: new MaxKey(),
      code: new Code('() => 1', { x: 1 }),
      pattern: new BSONRegExp('^a"', 'im'),
    },
    { _id: 'times', stamp: new Timestamp({ t: 1, i: 2 }), early: new Date(-1), never: null },
    { _id: 'bytes', empty: new Binary(Buffer.alloc(0)), old: new Binary(Buffer.from('x'), 0x80), zero: 'a\0b' },
  ]);
}

/** Documents with ids of any type. */
async function insert(db: Db, name: string, documents: BSON.Document[]): Promise<void> {
  await db.command({ insert: name, documents });
}
