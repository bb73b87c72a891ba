import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { SecretBox } from '@holdfast/shared/security';
import { startDyingPostgres, startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { migrate, openPersistence, type Persistence } from './index.ts';

describe('the connection to the database of the service', () => {
  let server: TestPostgres;
  let persistence: Persistence;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('holdfast');
    const url = new Secret(server.url('holdfast'));
    await migrate(url);
    const box = new SecretBox([{ id: 'test', key: randomBytes(32) }]);
    persistence = await openPersistence({ url, box, ids: systemIds, poolSize: 4 });
  });
  after(async () => {
    await persistence.close();
    await server.stop();
  });

  const use = (count: number) => Promise.allSettled(Array.from({ length: count }, () => persistence.ping()));

  it('is usable again after the server was restarted, without a restart of the program', async () => {
    const { id } = await persistence.accounts.create('before');
    await use(8);
    const restarting = server.restart();
    // Statements that meet the restart may fail; none may hang or end the process.
    while (await Promise.race([restarting.then(() => false), pause(20, true)])) await use(4);
    const deadline = Date.now() + 10_000;
    while ((await use(4)).some(({ status }) => status === 'rejected')) {
      expect(Date.now(), 'it did not come back').to.be.lessThan(deadline);
      await pause(50);
    }
    expect(await persistence.accounts.find(id)).to.include({ name: 'before' });
  });

  it('fails, and does not end the process, when it is ended in the moment in which it is handed out', async () => {
    const dying = await startDyingPostgres();
    const box = new SecretBox([{ id: 'test', key: randomBytes(32) }]);
    const opened = openPersistence({ url: new Secret(dying.url), box, ids: systemIds });
    const error = await opened.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).to.include({ code: 'host_unreachable' });
    await dying.stop();
  });
});
