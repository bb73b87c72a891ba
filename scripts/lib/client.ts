import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, runAsync } from './run.ts';

const clientTypes = join(root, 'packages/client/src/schema.ts');

/** Writes the types of the HTTP API, as openapi-typescript makes them of the document that the API itself serves. */
export async function writeClientTypes(): Promise<void> {
  const { documentOf } = await import('../../services/api/src/openapi/document.ts');
  const { routes } = await import('../../services/api/src/routes/index.ts');
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-client-'));
  try {
    const document = join(folder, 'openapi.json');
    writeFileSync(document, JSON.stringify(documentOf(routes)));
    const program = join(root, 'packages/client/node_modules/.bin/openapi-typescript');
    await runAsync(program, [document, '--output', clientTypes]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
