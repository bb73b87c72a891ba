import { createHash, randomBytes } from 'node:crypto';
import { Secret, type Connection } from '@holdfast/shared/domain';
import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../redis/index.ts';

/** The key by which the engine marks what it has made, which is no content. */
const mark = 'holdfast:restore';
const password = `it's "a" p@ss#1`;

export interface RedisData {
  server: TestRedis;
  connection: Connection;
  /** A connection to one of its databases, as a user who may do everything. */
  open(database?: number): Promise<Redis>;
}

/** A server of the test's own whose user `backup` may do everything. */
export async function startRedisData(program?: string, settings: readonly string[] = []): Promise<RedisData> {
  const server = await startRedis({
    ...(program !== undefined && { program }),
    settings: [
      'databases 128',
      'repl-diskless-sync-delay 0',
      `user default off`,
      `user backup on #${createHash('sha256').update(password).digest('hex')} ~* &* +@all`,
      ...settings,
    ],
  });
  const connection: Connection = {
    host: '127.0.0.1',
    port: server.port,
    user: 'backup',
    password: new Secret(password),
    database: '0',
    options: {},
  };
  return { server, connection, open: (database = 0) => openRedis(connection, database) };
}

/** Opens a client of a registered database's server. */
export async function openRedis({ host, port, user, password: secret }: Connection, database: number): Promise<Redis> {
  const client = new Redis({
    host,
    port,
    username: user,
    password: secret?.reveal() ?? '',
    db: database,
    lazyConnect: true,
    retryStrategy: () => null,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Strings that do not compress, so many bytes of them. */
export async function fillRandomly(client: Redis, bytes: number): Promise<void> {
  const size = Math.min(bytes, 1 << 20);
  for (let at = 0; at < bytes; at += size) await client.set(`random:${at}`, randomBytes(size));
}

/** Every type in its small and its large encoding. */
export async function fillTypes(client: Redis): Promise<void> {
  const many = Array.from({ length: 700 }, (_, at) => `member ${at} ${'x'.repeat(at % 90)}`);
  const numbers = Array.from({ length: 900 }, (_, at) => String(at * 70_001));
  const pairs = many.flatMap((member, at) => [member, `value ${at}`]);
  const scores = many.flatMap((member, at) => [String(at / 3 - 100), member]);
  await client.mset({ text: 'hello', tiny: '7', small: '-300', medium: '70000', big: '12345678901234', empty: '' });
  await client.set('compressed', 'again '.repeat(5000));
  await client.set('huge enough', 'x'.repeat(70_000) + randomBytes(20_000).toString('hex'));
  await client.rpush('list:small', 'a', 'b', '3', '-70000', '9007199254740993');
  await client.rpush('list:large', ...many, 'y'.repeat(20_000));
  await client.sadd('set:numbers:small', '1', '-2', '70000', '5000000000');
  await client.sadd('set:numbers:large', ...numbers);
  await client.sadd('set:small', 'a', 'b', 'ü');
  await client.sadd('set:large', ...many);
  await client.zadd('sorted:small', '1', 'a', '-inf', 'b', '2.5', 'c');
  await client.zadd('sorted:large', ...scores, '+inf', 'most');
  await client.hset('hash:small', 'field', 'value', 'number', '12');
  await client.hset('hash:large', ...pairs);
  for (let at = 0; at < 250; at++) await client.xadd('stream', `${at + 1}-1`, 'field', `value ${at}`, 'other', 'x');
  await client.xgroup('CREATE', 'stream', 'group', '0');
  await client.xreadgroup('GROUP', 'group', 'consumer', 'COUNT', 20, 'STREAMS', 'stream', '>');
  await client.xack('stream', 'group', '1-1', '2-1');
  await client.xdel('stream', '5-1');
  await client.xgroup('CREATE', 'stream:empty', 'group', '$', 'MKSTREAM');
  await client.setbit('bits', 100_000, 1);
  await client.pfadd('counted', ...numbers);
  await client.geoadd('places', 13.36, 38.11, 'Palermo', 15.08, 37.5, 'Catania');
}

/** Keys whose names tools stumble over, keys that expire, and every type. */
export async function fillOddly(client: Redis): Promise<void> {
  await fillTypes(client);
  const names = ['', ' ', '123', '-1', 'ü\n"x\'', '*', '{a}b', 'again'.repeat(40)];
  for (const name of names) await client.set(name, `of ${name}`);
  await client.set(Buffer.from([0, 255, 13, 10, 128]), Buffer.from([0, 1, 2, 255]));
  await client.set('expires', 'in the year 2100', 'PXAT', 4_102_444_800_123);
  await client.expire('list:small', 1_000_000);
}

/** A short digest of what a client answered, however deep its parts lie. */
function digestOf(value: unknown): string {
  const hash = createHash('sha256');
  const add = (part: unknown): void => {
    if (Array.isArray(part)) {
      hash.update(`[${part.length}]`);
      part.forEach(add);
      return;
    }
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(String(part));
    hash.update(`${bytes.length}:`).update(bytes);
  };
  add(value);
  return hash.digest('hex').slice(0, 16);
}

/** How a stream's entries lie in memory, and when its consumers were last seen: none of the content. */
const volatile: ReadonlySet<string> = new Set(['radix-tree-keys', 'radix-tree-nodes', 'seen-time', 'active-time']);

/** What a client sees of one key, the same however a server stores it. */
async function valueOf(client: Redis, key: Buffer, type: string): Promise<unknown> {
  const ordered = async (answer: Promise<unknown>, width: number): Promise<unknown> => {
    const parts = (await answer) as Buffer[];
    const rows = Array.from({ length: parts.length / width }, (_, at) =>
      parts.slice(at * width, at * width + width).map((part) => part.toString('hex')),
    );
    return rows.map((row) => row.join(' ')).sort();
  };
  switch (type) {
    case 'string':
      return client.getBuffer(key);
    case 'list':
      return client.lrangeBuffer(key, 0, -1);
    case 'set':
      return ordered(client.smembersBuffer(key), 1);
    case 'hash':
      return ordered(client.callBuffer('HGETALL', key), 2);
    case 'zset':
      return client.zrangeBuffer(key, 0, -1, 'WITHSCORES');
    case 'stream': {
      const groups = (await client.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')) as unknown[];
      const told = JSON.stringify(groups, (_, part: unknown) => {
        if (!Array.isArray(part)) return part;
        return part.filter((_, at) => !volatile.has(String(part[at])) && !volatile.has(String(part[at - 1])));
      });
      return [told, await client.xrange(key, '-', '+')];
    }
    default:
      throw new Error(`There is no reader for keys of the type ${type}.`);
  }
}

/** Describes the content of one logical database, the same for the same content. */
export async function describeRedis(client: Redis): Promise<string[]> {
  const lines: string[] = [];
  const keys = new Map<string, Buffer>();
  let cursor = '0';
  do {
    const [next, found] = await client.scanBuffer(cursor, 'COUNT', 1000);
    for (const key of found) keys.set(key.toString('hex'), key);
    cursor = next.toString();
  } while (cursor !== '0');
  for (const [name, key] of [...keys].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (key.toString() === mark) continue;
    const type = await client.type(key);
    const expires = String(await client.call('PEXPIRETIME', key));
    lines.push(`${name} ${type} ${expires} ${digestOf(await valueOf(client, key, type))}`);
  }
  return lines;
}

/** The databases of a server that hold keys: by the name that a restore has given one, or by number. */
export async function redisNames(client: Redis): Promise<Map<string, number>> {
  const names = new Map<string, number>();
  const info = await client.info('keyspace');
  for (const [, number] of info.matchAll(/^db(\d+):/gm)) {
    await client.select(Number(number));
    const text = await client.get(mark).catch(() => null);
    const made = text === null ? null : (JSON.parse(text) as { state: string; target: string });
    names.set(made?.state === 'made' ? made.target : String(number), Number(number));
  }
  return names;
}
