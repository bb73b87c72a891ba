import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createEngines } from '@holdfast/engines';
import { Secret } from '@holdfast/shared/domain';
import type { Said, Work } from './work.ts';

const say = (said: Said): void => void process.send?.(said);

const [work] = (await once(process, 'message')) as [Work];
const { restoreId, undoId, expected, keepFormer } = work;
const connection = { ...work.connection, password: new Secret(work.connection.password), options: {} };
const engine = createEngines({ clientFolders: [] }).get('postgresql');
const context = { signal: new AbortController().signal };
const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId, expected, keepFormer } as const;
say({ begun: true });
try {
  const done =
    work.kind === 'undo'
      ? await engine.undoRestore(connection, restoreId, undoId, context)
      : (await engine.restore(connection, request, createReadStream(work.archive), context)).outcome;
  say({ done });
} catch (error) {
  say({ failed: String(error) });
}
process.disconnect();
