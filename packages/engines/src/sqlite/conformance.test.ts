import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeEngine, describeSafeRestore, fakePrograms, type SafeRestoreSubject } from '@holdfast/testing/engines';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';
import { connectionTo, contentOf, newFile, root } from '../testing/sqlite.ts';
import { sqliteEngine } from './engine.ts';

const none = (): never => {
  throw new Error('There is no server, and the library is a part of Node.');
};

const subject = async (): Promise<SafeRestoreSubject> => ({
  engine: createEngines({ clientFolders: [], fileRoots: [root] }).get('sqlite'),
  database: async (content) => connectionTo(newFile(content)),
  content: async ({ database }, other = database) => contentOf(other),
  change: async ({ database }) => {
    const client = new DatabaseSync(database);
    client.exec('create table if not exists added (n); insert into added values (1)');
    client.close();
  },
  stayConnected: async ({ database }) => {
    const client = new DatabaseSync(database);
    client.prepare('select count(*) from sqlite_schema').get();
    return { close: async () => client.close() };
  },
  names: async () =>
    readdirSync(root)
      .filter((name) => !name.startsWith('.') && !/-(wal|shm|journal)$/.test(name))
      .map((name) => join(root, name))
      .sort(),
  newName: ({ database }, purpose) => `${database}_${purpose}`,
  runningPrograms,
  fakeDump: (source) => sqliteEngine([root], 5000, join(fakePrograms({ child: source }), 'child')),
  ownServer: none,
  tooOld: none,
  part: null,
  unknownPart: { schemas: [], tables: ['none'] },
});

const foreign = join(root, 'foreign');
writeFileSync(foreign, 'no database '.repeat(1000));
const folder = join(root, 'folder');
mkdirSync(folder);
symlinkSync(tmpdir(), join(folder, 'way out'));

describeEngine({
  name: 'sqlite',
  open: subject,
  wrong: [
    { what: 'a missing file', change: { database: join(root, 'not there') }, code: 'database_missing' },
    { what: 'a directory', change: { database: folder }, code: 'configuration' },
    { what: 'a file that is no database', change: { database: foreign }, code: 'configuration' },
    { what: 'a relative path', change: { database: 'shop.db' }, code: 'configuration' },
    { what: 'a path that climbs', change: { database: `${root}/../etc/x` }, code: 'configuration' },
    { what: 'a path outside of the roots', change: { database: '/etc/passwd' }, code: 'path_outside_root' },
    {
      what: 'a path through a link that leads outside',
      change: { database: join(folder, 'way out', 'nothing') },
      code: 'path_outside_root',
    },
  ],
  without: {
    version: 'the library is a part of Node',
    server: 'there is no server',
    secrets: 'there is no password',
  },
});
describeSafeRestore('sqlite', subject);
