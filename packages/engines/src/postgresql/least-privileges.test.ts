import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Secret, type Connection } from '@holdfast/shared/domain';
import { calm, contentOf, failureOf, newDatabase } from '@holdfast/testing/engines';
import { sharedPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/engines/postgresql.md'), 'utf8');
const user = `backup_${process.pid}`;

/** A block of the page, for a user of this test. */
function documented(name: string): string {
  const [, sql] = new RegExp(`<!-- test: ${name} -->\\s+\`\`\`sql\\n([^]*?)\`\`\``).exec(page) ?? [];
  if (sql === undefined) throw new Error(`The page has no block "${name}".`);
  return sql.replaceAll(/\bbackup\b/g, user);
}

describe('the least privileges of PostgreSQL’s page', () => {
  const engine = createEngines({ clientFolders: [] }).get('postgresql');

  it('are enough for a backup, and a look names what is missing without them', async () => {
    const source = await newDatabase('sample');
    const server = await sharedPostgres();
    await server.query('postgres', ...documented('reader').trim().split('\n'));
    const reader: Connection = { ...source, user, password: new Secret('a good one') };
    const { missingPrivileges } = await engine.probe(reader, calm());
    expect(missingPrivileges).to.have.length(1);
    expect(missingPrivileges[0]).to.contain('large objects');
    await failureOf(engine.dump(reader, calm()), 'privilege_missing');

    await server.query(source.database, documented('large objects'));
    expect((await engine.probe(reader, calm())).missingPrivileges).to.deep.equal([]);
    const dump = await engine.dump(reader, calm(), { content: 'full', contentSeconds: 30 });
    const archive = await buffer(dump.stream);
    const expected = await dump.content;
    expect(expected?.missing).to.deep.equal([]);
    const target = { mode: 'new_database', database: `${source.database}_read` } as const;
    const request = { target, ownership: 'keep', restoreId: randomUUID(), expected: expected ?? null } as const;
    await engine.restore(source, request, Readable.from([archive]), calm());
    expect(await contentOf(source, target.database)).to.deep.equal(await contentOf(source));
    await server.query(target.database, `drop owned by ${user}`);
    await server.query(source.database, `drop owned by ${user}`, `drop role ${user}`);
  });
});
