import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, RestoreRequest } from '@holdfast/shared/domain';
import { calm, connectionTo, contentOf, failureOf, newDatabase } from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { needsBaseBackup, startStandby } from '@holdfast/testing/postgres-standby';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');
const measured = { content: 'full', contentSeconds: 30 } as const;

/** So that the server is neither through nor waiting for us. */
async function readSlowly(stream: Readable): Promise<void> {
  for await (const chunk of stream) await delay(chunk === null ? 0 : 2);
}

describe('a standby of PostgreSQL', function suite() {
  let primary: TestPostgres;
  let source: Connection;
  let standby: TestPostgres;
  let followed: Connection;

  before(async function () {
    needsBaseBackup(this);
    primary = await startPostgres();
    source = await newDatabase('sample', primary);
    await primary.query(
      source.database,
      `create unlogged table "Fleeting" (n int generated always as identity, m serial)`,
      `insert into "Fleeting" default values`,
      `create table large as select g, repeat(md5(g::text), 40) as text from generate_series(1, 10000) g`,
    );
    standby = await startStandby(primary, { max_standby_streaming_delay: '0' });
    followed = connectionTo(standby, source.database);
  });

  const inPlace = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
    target: { mode: 'in_place' },
    ownership: 'keep',
    restoreId: randomUUID(),
    ...change,
  });

  it('is told by a look, with what a backup of it does not hold', async () => {
    const { warnings = [] } = await engine.probe(followed, calm());
    expect(warnings[0]).to.contain('standby').and.contain('hot_standby_feedback');
    expect(warnings[1]).to.contain('public."Fleeting"').and.contain('public.scratch');
    expect((await engine.probe(source, calm())).warnings).to.deep.equal([]);
  });

  it('is backed up in one snapshot, as what it is restored to, and says what is not in it', async () => {
    const dump = await engine.dump(followed, calm(), measured);
    expect(dump.warnings).to.have.length(1);
    expect(dump.warnings?.[0]).to.contain('unlogged').and.contain('public."Fleeting"');
    const archive = await buffer(dump.stream);
    const content = await dump.content;
    expect(content?.missing).to.deep.equal([]);
    expect(content?.items.find(({ kind, name }) => kind === 'table' && name === 'public.customers')?.count).to.equal(
      2000,
    );
    const database = `${source.database}_copy`;
    const request = inPlace({ target: { mode: 'new_database', database }, expected: content ?? null });
    await engine.restore(source, request, Readable.from([archive]), calm());
    const differing = /Fleeting|scratch|sequences/;
    const without = (lines: readonly string[]): string[] => lines.filter((line) => !differing.test(line));
    expect(without(await contentOf(source, database))).to.deep.equal(without(await contentOf(source)));
    const counting = await engine.dump(followed, calm(), { ...measured, content: 'counts' });
    counting.stream.resume();
    const like = await counting.content;
    if (!like) throw new Error('Nothing was measured.');
    const read = await engine.readContent({ ...source, database }, like, calm());
    const fleeting = (items: typeof read.items): unknown => items.filter(({ name }) => name === 'public."Fleeting"');
    expect(fleeting(read.items)).to.deep.equal(fleeting(like.items));
  });

  it('takes no restore, and is left alone', async () => {
    const refused = await failureOf(engine.restore(followed, inPlace(), Readable.from([]), calm()), 'configuration');
    expect(refused.message).to.contain('standby').and.contain('primary');
    const about = {
      serverVersion: '15.1',
      tool: { name: 'pg_dump', version: '15.1' },
      plainBytes: null,
      content: null,
    };
    const [blocker] = await engine.preflight(followed, inPlace(), about, calm());
    expect(blocker).to.include({ severity: 'blocker', code: 'target' });
    await engine.cleanUpRestore(followed, randomUUID(), calm());
    await engine.dropFormer(followed, randomUUID(), calm());
    await failureOf(engine.undoRestore(followed, randomUUID(), randomUUID(), calm()), 'former_missing');
  });

  it('fails a dump that was in the way of its primary’s changes as what is to be tried again', async () => {
    const dump = await engine.dump(followed, calm(), measured);
    await once(dump.stream, 'readable');
    const dropped = primary.query(source.database, 'drop table large');
    // A server that is waiting for us to read cannot say why it ends the connection.
    const error = await failureOf(readSlowly(dump.stream), ['standby_conflict', 'connection_lost']);
    await dropped;
    expect(error.retryable).to.equal(true);
    if (error.code === 'standby_conflict') expect(error.message).to.contain('hot_standby_feedback');
    expect(await dump.content?.catch(() => null)).to.equal(null);
  });
});
