import { fingerprint } from '@holdfast/testing/engines';
import { sharedPostgres } from '@holdfast/testing/postgres';
import type { RestoreView } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { sourceDatabase } from './support/source.ts';
import { localDestination, register, useHoldfast } from './support/system.ts';

interface Kept extends RestoreView {
  former: { database: string; until: string } | null;
  undo_of: string | null;
}

describe('a restore in place', () => {
  const holdfast = useHoldfast();

  it('is undone by one call and done again by another, byte for byte, until the former content is dropped', async () => {
    const { client, database: service } = holdfast();
    const [source, server] = [await sourceDatabase(), await sharedPostgres()];
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'undo'));
    const { host, port, user, password } = server;
    const content = () => fingerprint({ host, port, user, password, database: source.name });
    const backup = await client.backup(databaseId);
    const backedUp = await content();
    await client.waitFor(backup.id, ['done'], 30);
    await source.query(
      'create table later (id int primary key)',
      'insert into later values (1), (2)',
      'drop table filler',
    );
    const changed = await content();
    expect(changed).to.not.deep.equal(backedUp);

    const path = `/api/databases/${databaseId}/backup_restorations`;
    const shown = async (id: string): Promise<Kept> =>
      (await client.expect<{ backup_restoration: Kept }>(200, 'GET', `${path}/${id}`)).backup_restoration;
    const body = { keep_hours: 2 };
    const look = `/api/databases/${databaseId}/backups/${backup.id}/restore/preflight`;
    const { preflight } = await client.expect<{ preflight: { ok: boolean; findings: unknown } }>(
      200,
      'POST',
      look,
      body,
    );
    expect(preflight, JSON.stringify(preflight.findings)).to.deep.include({ ok: true });

    const restore = await client.restore(databaseId, backup.id, body, 30);
    expect(restore).to.include({ status: 'done', error: null });
    expect(await content()).to.deep.equal(backedUp);
    const former = (await shown(restore.id)).former?.database ?? '';
    const holds = async () =>
      (await server.query('postgres', `select from pg_database where datname = '${former}'`)).length;
    expect(await holds()).to.equal(1);

    for (const expected of [changed, backedUp]) {
      const undo = await client.expect<Kept>(201, 'POST', `${path}/${restore.id}/undo`);
      expect(undo).to.include({ undo_of: restore.id });
      const ended = await until('the undoing to end', 30, async () => {
        const row = await shown(undo.id);
        return row.status === 'done' || row.status === 'error' ? row : null;
      });
      expect(ended).to.include({ status: 'done', error: null });
      expect(await content()).to.deep.equal(expected);
      expect((await shown(restore.id)).former?.database).to.equal(former);
    }

    await service.query(`update holdfast.restores set former_until = now() where id = '${restore.id}'`);
    await until('the former content to be dropped', 20, async () => (await shown(restore.id)).former === null);
    expect(await holds()).to.equal(0);
    expect((await client.request('POST', `${path}/${restore.id}/undo`)).status).to.equal(409);
    expect(await content()).to.deep.equal(backedUp);
  });
});
