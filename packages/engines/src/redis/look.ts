import type { Session } from './session.ts';

/** What a server says of itself. */
export interface ServerLook {
  product: 'redis' | 'valkey';
  /** `7.0.15` */
  version: string;
  /** As people read it: of Valkey with its name, as its numbers are others than those of Redis. */
  shownVersion: string;
  /** Bytes of memory; `maxMemory` 0: no limit of its own. */
  usedMemory: number;
  maxMemory: number;
  maxMemoryPolicy: string;
  evictedKeys: number;
  isCluster: boolean;
  isReplica: boolean;
  /** The numbers of databases that hold keys, with how many. */
  keys: ReadonlyMap<number, number>;
}

export async function lookAt(session: Session): Promise<ServerLook> {
  const fields = new Map<string, string>();
  for (const line of String(await session.call('INFO')).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  const valkey = fields.get('valkey_version');
  const version = valkey ?? fields.get('redis_version') ?? '0';
  const keys = new Map<number, number>();
  for (const [name, value] of fields) {
    const [, database] = /^db(\d+)$/.exec(name) ?? [];
    const [, count] = /^keys=(\d+)/.exec(value) ?? [];
    if (database !== undefined && count !== undefined && count !== '0') keys.set(Number(database), Number(count));
  }
  return {
    product: valkey === undefined ? 'redis' : 'valkey',
    version,
    shownVersion: valkey === undefined ? version : `${version} (Valkey)`,
    usedMemory: number('used_memory'),
    maxMemory: number('maxmemory'),
    maxMemoryPolicy: fields.get('maxmemory_policy') ?? 'noeviction',
    evictedKeys: number('evicted_keys'),
    isCluster: fields.get('cluster_enabled') === '1',
    isReplica: fields.get('role') === 'slave',
    keys,
  };
}

const most = 1 << 20;

/** How many databases a server has. Found by trying, because to read settings is a privilege that few are given. */
export async function countDatabases(session: Session): Promise<number> {
  const exists = (database: number): Promise<boolean> =>
    session.select(database).then(
      () => true,
      (error: unknown) => {
        if ((error as { code?: unknown }).code === 'database_missing') return false;
        throw error;
      },
    );
  let missing = 1;
  while (missing < most && (await exists(missing))) missing *= 2;
  let present = Math.floor(missing / 2);
  while (missing - present > 1) {
    const middle = Math.floor((present + missing) / 2);
    if (await exists(middle)) present = middle;
    else missing = middle;
  }
  return missing;
}
