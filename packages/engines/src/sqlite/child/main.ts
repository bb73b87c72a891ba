import { createReadStream, createWriteStream, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checkFile } from './check.ts';
import { copyName, reportName, type Commands, type Look, type Report } from './contract.ts';
import { copyTo } from './copy.ts';
import { codeOf, exitCodes } from './failures.ts';
import { measure, type Content, type Level } from './measure.ts';
import { numberOf, openLive, openOwn } from './open.ts';
import { place } from './place.ts';

const streamBytes = 1024 * 1024;
const unlimited = Number.POSITIVE_INFINITY;

const work: { [Command in keyof Commands]: (given: Commands[Command]) => unknown } = {
  look: ({ path, lockTimeoutMs }): Look => {
    const database = openLive(path, lockTimeoutMs);
    const tables = database
      .prepare(
        `select count(*) as n from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'`,
      )
      .get();
    return {
      tables: Number(tables?.['n']),
      sizeBytes: numberOf(database, 'page_count') * numberOf(database, 'page_size'),
      schemaVersion: numberOf(database, 'schema_version'),
    };
  },
  measure: ({ path, level, seconds, lockTimeoutMs }): Content => {
    const database = openLive(path, lockTimeoutMs);
    database.exec('begin');
    return measure(database, level, seconds);
  },
  dump: async ({ path, folder, level, seconds, lockTimeoutMs }) => {
    // Whoever started this keeps our input open for as long as it lives.
    process.stdin.resume().once('close', () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(1);
    });
    const copy = join(folder, copyName);
    const source = openLive(path, lockTimeoutMs);
    await copyTo(source, copy);
    source.close();
    writeFileSync(join(folder, reportName), JSON.stringify(reportOf(copy, level, seconds)));
    const bytes = createReadStream(copy, { highWaterMark: streamBytes });
    // Open, it needs no name.
    bytes.once('open', () => rmSync(copy));
    await pipeline(bytes, process.stdout);
  },
  receive: async ({ path, level }) => {
    await pipeline(process.stdin, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }));
    return reportOf(path, level, unlimited);
  },
  place,
};

function reportOf(path: string, level: Level | null, seconds: number): Report {
  const warnings = checkFile(path);
  if (level === null) return { warnings, content: null };
  const database = openOwn(path);
  const content = measure(database, level, seconds);
  database.close();
  return { warnings, content };
}

async function run(command: keyof Commands, given: string): Promise<void> {
  const answer = await (work[command] as (of: unknown) => unknown)(JSON.parse(given));
  if (answer !== undefined) process.stdout.write(JSON.stringify(answer));
}

const [, , command, given] = process.argv;
try {
  await run(command as keyof Commands, given ?? '');
} catch (error) {
  const code = codeOf(error);
  process.exitCode = code === null ? 1 : exitCodes[code];
  process.stderr.write((error as Error).message);
}
process.stdin.removeAllListeners('close').destroy();
