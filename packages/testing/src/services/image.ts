import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const dockerfile = join(import.meta.dirname, '../../../../Dockerfile');

/** What the Dockerfile sets for the process of a service itself (not for our settings), so that tests run it the same way. */
export function processEnvironment(target: string): Record<string, string> {
  const stages = readFileSync(dockerfile, 'utf8').split(/^FROM /m);
  const stage = stages.find((text) => text.split('\n')[0]?.endsWith(` AS ${target}`)) ?? '';
  const lines = [...stage.matchAll(/^ENV (.+)$/gm)].map((match) => match[1] ?? '');
  const settings = lines.flatMap((line) => line.split(' ')).map((setting) => setting.split(/=(.*)/s).slice(0, 2));
  return Object.fromEntries(settings.filter(([name]) => !name?.startsWith('HOLDFAST_')));
}
