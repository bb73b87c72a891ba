import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestS3 } from '@holdfast/testing/s3';

const page = join(import.meta.dirname, '../../../docs/backup-format.md');

/** Commands of docs/backup-format.md, as they stand there, by the names in the comments before them. */
function commands(names: readonly string[]): string {
  const text = readFileSync(page, 'utf8');
  return names
    .map((name) => {
      const block = new RegExp(`<!-- test: ${name} -->\\s*\`\`\`sh\\n(.+?)\`\`\``, 's').exec(text)?.[1];
      if (block === undefined) throw new Error(`${page} has no block "${name}".`);
      return block;
    })
    .join('\n');
}

/** The file with the keys of a bucket that the page shows. */
export function documentedKeys({ accessKey, secretKey, region }: TestS3): string {
  const shown = /<!-- test: keys -->\s*```\n(.+?)```/s.exec(readFileSync(page, 'utf8'))?.[1] ?? '';
  return shown.replace('<access key>', accessKey).replace('<secret key>', secretKey).replace('us-east-1', region);
}

const run = promisify(execFile);

/**
 * Runs commands of the page one after another, in a shell that a failing one ends.
 * @returns what they printed
 */
export async function runDocumented(
  names: readonly string[],
  folder: string,
  env: Record<string, string>,
): Promise<string> {
  const { stdout } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', commands(names)], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    timeout: 60_000,
  });
  return stdout;
}
