import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngines } from '@holdfast/engines';
import { runBackup, zstd } from '@holdfast/pipeline';
import { contentLevels, noKeys, type ContentLevel, type Destination } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { openStore } from '@holdfast/stores';
import { connectionTo } from '@holdfast/testing/engines';
import { backupRow } from '@holdfast/testing/fakes';
import type { TestPostgres } from '@holdfast/testing/postgres';
import { median } from './statistics.ts';

const destination = {
  id: 1,
  accountId: 1,
  label: 'bench',
  type: 'local',
  settings: { path: '' },
  createdAt: new Date(0),
  updatedAt: new Date(0),
  deletionRequestedAt: null,
  capabilities: null,
} as const satisfies Destination;

const levels = [null, ...contentLevels] as const;

/**
 * What measuring the content costs: in each round one backup (dump, zstd, local store) without it and one at each level.
 * @returns one line for each level
 */
export async function measureContent(
  source: { server: TestPostgres; database: string },
  rounds: number,
  tell: (text: string) => void,
): Promise<(readonly [what: string, value: string])[]> {
  const took = new Map<ContentLevel | null, number[]>(levels.map((level) => [level, []]));
  for (let round = 0; round <= rounds; round += 1) {
    const seconds: string[] = [];
    for (const level of levels) {
      const one = await oneBackup(source, level);
      seconds.push(`${one.toFixed(2)} s`);
      if (round > 0) took.get(level)?.push(one);
    }
    tell(`content, round ${round} of ${rounds}: ${seconds.join(', ')}`);
  }
  const without = took.get(null) ?? [];
  return levels.map((level) => {
    const runs = took.get(level) ?? [];
    const cost = median(runs.map((seconds, index) => seconds / (without[index] ?? Number.NaN) - 1)) * 100;
    return [`content ${level ?? 'off'}`, `${median(runs).toFixed(2)} s${level ? `, +${cost.toFixed(0)} %` : ''}`];
  });
}

async function oneBackup(
  { server, database }: { server: TestPostgres; database: string },
  level: ContentLevel | null,
): Promise<number> {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-content-'));
  const store = openStore(destination, {
    localRoot: root,
    allowedNetworks: [],
    partConcurrency: 4,
    patienceSeconds: 60,
  });
  try {
    const started = performance.now();
    await runBackup({
      backup: backupRow(),
      database: connectionTo(server, database),
      engine: createEngines({ clientFolders: [] }).get('postgresql'),
      store,
      codecs: [zstd()],
      keys: noKeys,
      content: { content: level, contentSeconds: 3600 },
      ids: systemIds,
      clock: systemClock,
      limits: { dumpSeconds: 600, storeSeconds: 600, restoreSeconds: 600 },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    return (performance.now() - started) / 1000;
  } finally {
    await store.close();
    rmSync(root, { recursive: true, force: true });
  }
}
