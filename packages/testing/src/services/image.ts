import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const dockerfile = join(import.meta.dirname, '../../../../Dockerfile');

export interface ImageProcess {
  /** Behind `node`. */
  parameters: string[];
  env: Record<string, string>;
}

/** The process that a target of the Dockerfile runs, so that tests run the very same (but for our own settings). */
export function imageProcess(target: string): ImageProcess {
  const stages = readFileSync(dockerfile, 'utf8').split(/^FROM /m);
  const stage = stages.find((text) => text.split('\n')[0]?.endsWith(` AS ${target}`)) ?? '';
  const command = /^CMD (\[.+\])$/m.exec(stage)?.[1];
  if (command === undefined) throw new Error(`The Dockerfile has no command for ${target}.`);
  const [, ...parameters] = JSON.parse(command) as string[];
  const lines = [...stage.matchAll(/^ENV (.+)$/gm)].flatMap((match) => match[1]?.split(' ') ?? []);
  const settings = lines.map((line) => line.split(/=(.*)/s).slice(0, 2));
  return { parameters, env: Object.fromEntries(settings.filter(([name]) => !name?.startsWith('HOLDFAST_'))) };
}
