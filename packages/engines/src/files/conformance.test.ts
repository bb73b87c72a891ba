import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@holdfast/shared/domain';
import {
  describeEngine,
  describeSafeRestore,
  type SafeRestoreSubject,
  type SubjectContent,
} from '@holdfast/testing/engines';
import { releaseAtEnd } from '@holdfast/testing/resources';
import { treeOf } from '@holdfast/testing/trees';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-files-'));
releaseAtEnd(async () => rmSync(root, { recursive: true, force: true }));
let count = 0;

async function directory(content: SubjectContent): Promise<Connection> {
  count += 1;
  const path = join(root, content === 'odd' ? `odd 'n" ü; -- \\ ${count}` : `site${count}`);
  mkdirSync(path);
  if (content === 'sample') {
    mkdirSync(join(path, 'deep/er'), { recursive: true });
    writeFileSync(join(path, 'deep/er/large'), Buffer.alloc(3_000_001, 'holdfast '));
    for (let n = 0; n < 50; n += 1) writeFileSync(join(path, `file ${n}`), `content ${n}`);
    symlinkSync('deep/er', join(path, 'link'));
  }
  if (content === 'odd') {
    for (const name of ['new\nline', 'quote\'"', '-rf', '漢字', '*', ' ']) writeFileSync(join(path, name), name);
    symlinkSync('/etc/passwd', join(path, 'absolute'));
  }
  if (content === 'huge') writeFileSync(join(path, 'huge'), Buffer.alloc(50 * 1024 * 1024, 'x'));
  return { host: '', port: 0, user: '', password: null, database: path, options: {} };
}

const none = (): never => {
  throw new Error('This engine has no programs and no server.');
};

const subject = async (): Promise<SafeRestoreSubject> => ({
  engine: createEngines({ clientFolders: [], fileRoots: [root] }).get('files'),
  database: directory,
  content: async ({ database }, other = database) =>
    Object.entries(treeOf(other)).map(([path, line]) => `${path}: ${line}`),
  change: async ({ database }) => appendFileSync(join(database, 'added'), 'x'),
  stayConnected: async ({ database }) => {
    const handle = await open(database);
    return { close: () => handle.close() };
  },
  names: async () =>
    readdirSync(root)
      .filter((name) => !name.startsWith('.'))
      .map((name) => join(root, name))
      .sort(),
  newName: ({ database }, purpose) => `${database}_${purpose}`,
  runningPrograms,
  fakeDump: none,
  ownServer: none,
  tooOld: none,
  part: null,
  unknownPart: { schemas: ['none'], tables: [] },
});

const inProcess = 'tar is written and read by our own code, in the process';
const file = join(root, 'a file');
writeFileSync(file, '');
symlinkSync(tmpdir(), join(root, 'way out'));

describeEngine({
  name: 'files',
  open: subject,
  wrong: [
    { what: 'a missing directory', change: { database: join(root, 'not there') }, code: 'database_missing' },
    { what: 'a file', change: { database: file }, code: 'configuration' },
    { what: 'a relative path', change: { database: 'site' }, code: 'configuration' },
    { what: 'a path that climbs', change: { database: `${root}/x/../../etc` }, code: 'configuration' },
    { what: 'a path with a NUL', change: { database: `${root}/x\0` }, code: 'configuration' },
    { what: 'a path outside of the roots', change: { database: '/etc' }, code: 'path_outside_root' },
    { what: 'a link that leads outside', change: { database: join(root, 'way out') }, code: 'path_outside_root' },
    {
      what: 'a path through a link that leads outside',
      change: { database: join(root, 'way out', 'nothing', 'there') },
      code: 'path_outside_root',
    },
  ],
  without: {
    version: 'there is no server and no program of another version',
    exit: inProcess,
    signal: inProcess,
    flood: inProcess,
    server: 'there is no server',
    secrets: 'there is no password and no program',
  },
});
describeSafeRestore('files', subject);
