import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Bed } from '../bed/bed.ts';

/** Every form in which a secret would still be one to whoever finds it. */
function formsOf(secret: string): string[] {
  const plain = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  // In base64 a text looks different at each of three positions in what surrounds it; its ends are the neighbours' too.
  const encoded = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64');
    return text.slice(offset === 0 ? 0 : offset + 1, -4);
  });
  const forUrls = encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  // What was escaped again and again still holds the longest stretch that needs no escape.
  const longest = secret.split(/[^\w-]/).sort((a, b) => b.length - a.length)[0] ?? '';
  const all = [...plain, ...encoded, ...forUrls, ...(longest.length >= 16 ? [longest] : [])];
  return [...new Set(all)];
}

/** @returns the names of the secrets that a text holds */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

/** What the services printed. */
export function secretsInLogs({ services, journal, secrets }: Bed): string[] {
  return services.flatMap(({ name }) => {
    const file = journal.logOf(name);
    return secretsIn(readFileSync(file, 'utf8'), secrets).map((secret) => `the ${secret} is in ${file}`);
  });
}

/** Every row of the service, and of its queue where that is in the same database. */
export async function secretsInRows({ postgres, database, secrets }: Bed): Promise<string[]> {
  const tables = await postgres.query(
    database,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('holdfast', 'holdfast_queue')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await postgres.query(database, `select to_jsonb(t)::text as row from ${String(name)} t`);
    for (const { row } of rows) {
      for (const secret of secretsIn(String(row), secrets)) found.push(`the ${secret} is in a row of ${String(name)}`);
    }
  }
  return [...new Set(found)];
}

/** Puts every value of Redis into one text. */
const readAll = `local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  table.insert(all, key)
  if kind == 'string' then table.insert(all, redis.call('GET', key)) end
  if kind == 'hash' then for _, v in ipairs(redis.call('HGETALL', key)) do table.insert(all, v) end end
  if kind == 'list' then for _, v in ipairs(redis.call('LRANGE', key, 0, -1)) do table.insert(all, v) end end
  if kind == 'set' then for _, v in ipairs(redis.call('SMEMBERS', key)) do table.insert(all, v) end end
  if kind == 'zset' then for _, v in ipairs(redis.call('ZRANGE', key, 0, -1)) do table.insert(all, v) end end
  if kind == 'stream' then for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
    for _, v in ipairs(entry[2]) do table.insert(all, v) end end end
end
return table.concat(all, '\\n')`;

/** What is in the queue at this moment. @returns nothing while Redis is away */
export async function secretsInRedis({ redis, redisPassword, secrets }: Bed): Promise<string[]> {
  if (!redis) return [];
  const command = ['AUTH', redisPassword];
  const script = ['EVAL', readAll, '0'];
  const encode = (words: readonly string[]): string =>
    `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
  const socket = connect(redis.port, '127.0.0.1');
  let reply = '';
  try {
    socket.write(encode(command) + encode(script));
    while (!isWhole(reply)) reply += String((await once(socket, 'data'))[0]);
  } catch {
    return [];
  } finally {
    socket.destroy();
  }
  return secretsIn(reply, secrets).map((secret) => `the ${secret} is in Redis`);
}

/** `+OK`, then a bulk string or an error. */
function isWhole(reply: string): boolean {
  const [, rest] = /^\+OK\r\n([\s\S]+)$/.exec(reply) ?? [];
  if (rest === undefined) return reply.startsWith('-');
  const length = /^\$(\d+)\r\n/.exec(rest)?.[1];
  if (length === undefined) return rest.endsWith('\r\n');
  return Buffer.byteLength(rest) >= Number(length) + length.length + 5;
}
