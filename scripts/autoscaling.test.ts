import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runStatements } from '../packages/testing/src/postgres/index.ts';
import { openWorld, type World } from '../packages/persistence/src/testing/world.ts';
import { manifests } from './lib/manifests.ts';
import { root } from './lib/run.ts';

const folder = join(root, 'deploy/kubernetes');
const scaled = manifests(join(folder, 'components/autoscaling')).find(({ kind }) => kind === 'ScaledObject');
const { query = '', targetQueryValue } = scaled?.spec.triggers?.[0]?.metadata ?? {};
const settings = manifests(join(folder, 'base')).find(({ kind }) => kind === 'ConfigMap')?.data;
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
const [, grants = ''] = /```sql\n(create role holdfast_scaler .*?)```/s.exec(page) ?? [];

describe('the scaling of workers', () => {
  let world: World;
  const role = `scaler_${process.pid}`;
  const password = 'of the scaler';

  /** As the scaler asks: by its own role. */
  const wanted = async (): Promise<number> => {
    const { hostname: host, port, pathname } = new URL(world.url.reveal());
    const address = { host, port: Number(port), user: role, password, database: pathname.slice(1) };
    const [row] = await runStatements(address, query);
    return Number(Object.values(row ?? {})[0]) / Number(targetQueryValue);
  };

  before(async () => {
    world = await openWorld();
    for (const statement of grants.replaceAll('holdfast_scaler', role).replace('…', password).split(';'))
      await world.sql(statement);
  });
  after(async () => {
    await world.sql(`drop owned by ${role}`);
    await world.sql(`drop role ${role}`);
    await world.drop();
  });

  it('wants no worker for nothing, and one for as many backups as one makes at once', async () => {
    expect(await wanted()).to.equal(0);
    const [first] = [await world.newBackup(), await world.newBackup(), await world.newBackup()];
    expect(settings?.['HOLDFAST_WORKER_CONCURRENCY']).to.equal('2');
    expect(await wanted()).to.equal(2);
    // What runs needs its worker as much as what waits; what is to be done later does not yet.
    expect(await world.backups.claim(first.id, { worker: 'worker-1', seconds: 60 })).not.to.equal(null);
    expect(await wanted()).to.equal(2);
    await world.sql(`update holdfast.backups set run_after = now() + interval '1 hour' where status = 'scheduled'`);
    expect(await wanted()).to.equal(1);
  });

  it('needs a role that reads no more than whether there is work', async () => {
    const may = async (what: string): Promise<boolean> => {
      const [row] = await world.sql<{ may: boolean }>(`select ${what} as may`);
      return row?.may ?? false;
    };
    for (const table of ['backups', 'restores', 'verifications']) {
      expect(await may(`has_column_privilege('${role}', 'holdfast.${table}', 'run_after', 'select')`)).to.equal(true);
      expect(await may(`has_table_privilege('${role}', 'holdfast.${table}', 'select')`)).to.equal(false);
    }
    expect(await may(`has_any_column_privilege('${role}', 'holdfast.databases', 'select')`)).to.equal(false);
  });
});
