import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { Connection } from '@holdfast/shared/domain';
import { calm, contentOf, newDatabase } from '@holdfast/testing/engines';
import { newerDebian } from '@holdfast/testing/newer-debian';
import { sharedPostgres, startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { Clients } from './clients.ts';
import { startDumpProgram } from './dump-program.ts';
import { airlineStatements } from './testing/airline.ts';

/** The definitions of everything, as a program of PostgreSQL's own writes them. */
async function definitions(folders: readonly string[], major: number, connection: Connection): Promise<string[]> {
  const { signal } = calm();
  const client = await new Clients(folders).choose('pg_dump', { server: { version: `${major}`, major } }, signal);
  const { stream } = await startDumpProgram(client, ['--schema-only', '--no-password'], connection, { signal });
  const lines = (await text(stream)).split('\n');
  // Two lines hold a word that is another one each time.
  return lines.filter((line) => !/^\\(?:un)?restrict /.test(line));
}

describe('an airline in PostgreSQL', function suite() {
  for (const major of [15, 18] as const) {
    it(`comes back from ${major} with all that it is made of, and is itself again when it is put in place`, async function () {
      const newer = newerDebian();
      if (major === 18 && newer === null) this.skip();
      const folders = newer === null ? [] : [newer];
      const server: TestPostgres = major === 15 ? await sharedPostgres() : await startPostgres({ major });
      const engine = createEngines({ clientFolders: folders }).get('postgresql');
      const source = await newDatabase('empty', server);
      await server.query(source.database, ...airlineStatements);
      const dump = await engine.dump(source, calm(), { content: 'full', contentSeconds: 60 });
      const archive = await buffer(dump.stream);
      const content = await dump.content;
      expect(content?.missing).to.deep.equal([]);
      const before = { content: await contentOf(source), definitions: await definitions(folders, major, source) };
      expect(before.definitions.length).to.be.greaterThan(1000);

      const copy = { ...source, database: `${source.database}_copy` };
      const common = { ownership: 'keep', restoreId: randomUUID(), expected: content ?? null } as const;
      const target = { mode: 'new_database', database: copy.database } as const;
      await engine.restore(source, { ...common, target }, Readable.from([archive]), calm());
      expect(await definitions(folders, major, copy)).to.deep.equal(before.definitions);
      expect(await contentOf(copy)).to.deep.equal(before.content);

      await server.query(source.database, 'drop schema booking cascade');
      const inPlace = { ...common, target: { mode: 'in_place' }, restoreId: randomUUID() } as const;
      await engine.restore(source, inPlace, Readable.from([archive]), calm());
      expect(await definitions(folders, major, source)).to.deep.equal(before.definitions);
      expect(await contentOf(source)).to.deep.equal(before.content);
      if (major === 18) await server.stop();
    });
  }
});
