import { sharedPostgres } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { sourceDatabase } from './support/source.ts';
import { localDestination, useHoldfast } from './support/system.ts';

interface Run {
  id: string;
  status: string;
  scheduled_for: string | null;
  findings: { added: string[]; backed_up: string[] } | null;
}

interface Restore {
  status: string;
  group_id: string;
}

describe('a policy of a whole server', () => {
  const holdfast = useHoldfast(() => ({ schedulers: 2 }));

  it('covers a database from the slot after its making on, with two schedulers, and restores a run together', async () => {
    const { client } = holdfast();
    const [source, server] = [await sourceDatabase(0), await sharedPostgres()];
    const later = `${source.name}_later`;
    const path = '/api/server-policies/main';
    await client.expect(201, 'POST', '/api/server-policies', {
      server_policy: {
        name: 'main',
        type: 'postgresql',
        host: source.host,
        port: source.port,
        user: source.user,
        password: source.password,
        options: { sslmode: 'disable' },
        destination_id: await localDestination(holdfast(), 'policies'),
        include: [`${source.name}*`],
        globals: true,
        cron: '*/3 * * * * *',
      },
    });
    const runs = async (): Promise<Run[]> =>
      (await client.expect<{ policy_runs: Run[] }>(200, 'GET', `${path}/runs`)).policy_runs;
    await until('a run of one database', 20, async () => (await runs()).find(({ status }) => status === 'done'));
    await server.createDatabase(later);
    const run = await until('a run of both', 20, async () =>
      (await runs()).find(({ status, findings }) => status === 'done' && findings?.added.includes(later)),
    );
    expect(run.findings?.backed_up).to.deep.equal([source.name, later]);
    await client.expect(200, 'PATCH', path, { server_policy: { enabled: false } });
    const times = (await runs()).map(({ scheduled_for: at }) => at);
    expect(new Set(times).size).to.equal(times.length);

    await client.expect(201, 'POST', `${path}/runs/${run.id}/restore`, { target: { suffix: '_back' }, globals: true });
    const restores = await until('the restores', 20, async () => {
      const shown = await client.expect<{ restores: Restore[] }>(200, 'GET', `${path}/runs/${run.id}/restores`);
      return shown.restores.every(({ status }) => status === 'done' || status === 'error') ? shown.restores : null;
    });
    expect(restores.map(({ status }) => status)).to.deep.equal(['done', 'done']);
    const made = await server.query(
      'postgres',
      `select datname from pg_database where datname like '%\\_back' order by 1`,
    );
    expect(made.map(({ datname }) => datname)).to.deep.equal([`${source.name}_back`, `${later}_back`]);
  });
});
