import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Connection } from '@holdfast/shared/domain';
import { calm, contentOf, failureOf, newDatabase, openClient } from '@holdfast/testing/engines';
import { needsPgBouncer, startPgBouncer, type PoolMode } from '@holdfast/testing/pgbouncer';
import { sharedPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');
const inSnapshot = { content: 'full', contentSeconds: 30 } as const;

describe('PostgreSQL behind a connection pooler', () => {
  let direct: Connection;

  before(async function () {
    needsPgBouncer(this);
    direct = await newDatabase('sample');
  });

  const behind = async (mode: PoolMode, poolSize?: number): Promise<Connection> => ({
    ...direct,
    ...(await startPgBouncer(await sharedPostgres(), mode, poolSize)),
  });

  for (const mode of ['transaction', 'statement'] as const) {
    it(`refuses one that gives sessions by the ${mode}, and leaves no setting in its sessions`, async () => {
      const pooled = await behind(mode);
      const refused = await failureOf(engine.probe(pooled, calm()), 'configuration', direct.password?.reveal());
      expect(refused.message).to.contain('pooler').and.contain('pool_mode = session');
      await failureOf(engine.dump(pooled, calm(), inSnapshot), 'configuration');
      const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() } as const;
      await failureOf(engine.restore(pooled, request, Readable.from([]), calm()), 'configuration');
      const client = await openClient(pooled);
      const { rows } = await client.query(`select current_setting('search_path') as path`);
      await client.end();
      expect(rows).to.deep.equal([{ path: '"$user", public' }]);
    });
  }

  it('refuses one by the transaction whose sessions are many, or in use by others', async () => {
    const pooled = await behind('transaction');
    const others = await Promise.all(Array.from({ length: 6 }, () => openClient(pooled)));
    await Promise.all(others.map((other) => other.query('begin')));
    await Promise.all(others.slice(2).map((other) => other.query('rollback')));
    await failureOf(engine.probe(pooled, calm()), 'configuration');
    await Promise.all(others.map((other) => other.end()));
  });

  it('backs up through one that gives each connection its own session, and restores nothing through it', async () => {
    const pooled = await behind('session');
    const dump = await engine.dump(pooled, calm(), inSnapshot);
    const archive = await buffer(dump.stream);
    const expected = await dump.content;
    expect(expected?.missing).to.deep.equal([]);
    const target = { mode: 'new_database', database: `${direct.database}_pooled` } as const;
    const request = { target, ownership: 'keep', restoreId: randomUUID(), expected: expected ?? null } as const;
    const refused = engine.restore(pooled, request, Readable.from([archive]), calm());
    expect((await failureOf(refused, 'configuration')).message).to.contain('pooler');
    const about = { serverVersion: dump.serverVersion, tool: dump.tool, plainBytes: null, content: null };
    const findings = await engine.preflight(pooled, request, about, calm());
    expect(findings[0]).to.include({ severity: 'blocker', code: 'target' });
    await engine.restore(direct, request, Readable.from([archive]), calm());
    expect(await contentOf(direct, target.database)).to.deep.equal(await contentOf(direct));
  });

  it('says that a pool is too small rather than wait for ever', async () => {
    const small = await behind('session', 1);
    await failureOf(engine.probe(small, calm()), 'server_busy');
  });
});
