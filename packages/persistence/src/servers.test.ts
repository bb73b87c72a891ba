import { expect } from 'chai';
import { Secret, type Server } from '@holdfast/shared/domain';
import { hashToken } from '@holdfast/shared/security';
import { only } from './only.ts';
import { lease, newFile, openWorld, unusedName, type World } from './testing/world.ts';

const unknownId = 'A'.repeat(16);

describe('remote servers', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const create = async (): Promise<{ server: Server; token: Secret; secret: Secret }> => {
    const created = await world.servers.create(world.account.id, unusedName());
    if (created === 'name_taken') throw new Error('The name of a test server is taken.');
    return { ...created, secret: new Secret(created.token.reveal().split('.')[1] ?? '') };
  };

  it('have a token of 16 and 64 characters, which is shown once and kept only as a hash', async () => {
    const { server, token, secret } = await create();
    expect(token.reveal()).to.match(/^[0-9A-Za-z]{16}\.[0-9A-Za-z]{64}$/);
    expect(token.reveal().split('.')[0]).to.equal(server.tokenId);
    const row = only(
      await world.sql<{ row: string; hash: string }>(
        'select s::text as row, token_hash as hash from holdfast.servers s where id = $1',
        [server.id],
      ),
    );
    expect(row.row).to.not.include(secret.reveal());
    expect(row.hash).to.equal(hashToken(secret));
    for (const seen of [
      server,
      await world.servers.findOwned(world.account.id, server.id),
      await world.servers.list(world.account.id),
    ]) {
      expect(JSON.stringify(seen)).to.not.include(secret.reveal()).and.not.include(row.hash);
    }
  });

  it('read back as they were answered, newest first, to their own account alone', async () => {
    const { server } = await create();
    const { server: newer } = await create();
    const stranger = await world.accounts.create(unusedName());
    expect(await world.servers.findOwned(world.account.id, server.id)).to.deep.equal(server);
    expect(await world.servers.findOwned(stranger.id, server.id)).to.equal(null);
    expect(await world.servers.findOwned(world.account.id, 2 ** 40)).to.equal(null);
    expect((await world.servers.list(world.account.id)).slice(0, 2)).to.deep.equal([newer, server]);
    expect(await world.servers.list(stranger.id)).to.deep.equal([]);
  });

  it('have names that are unique within the account, and only there', async () => {
    const { server } = await create();
    const stranger = await world.accounts.create(unusedName());
    expect(await world.servers.create(world.account.id, server.name)).to.equal('name_taken');
    expect(await world.servers.create(stranger.id, server.name)).to.not.equal('name_taken');
  });

  describe('that show their token', () => {
    it('are known by it, and by no other', async () => {
      const { server, secret } = await create();
      const other = await create();
      expect(await world.servers.authenticate(server.tokenId, secret)).to.include({ id: server.id, name: server.name });
      expect(await world.servers.authenticate(server.tokenId, other.secret)).to.equal(null);
      expect(await world.servers.authenticate(server.tokenId, new Secret(''))).to.equal(null);
      expect(await world.servers.authenticate(server.tokenId, new Secret(hashToken(secret)))).to.equal(null);
      expect(await world.servers.authenticate(server.tokenId.toLowerCase(), secret)).to.equal(null);
      expect(await world.servers.authenticate(unknownId, secret)).to.equal(null);
      expect(await world.servers.authenticate('nul\0', secret)).to.equal(null);
      expect(await world.servers.authenticate('', new Secret('0'.repeat(64)))).to.equal(null);
    });

    it('were seen then, at most once a minute, and only with the right secret', async () => {
      const { server, secret } = await create();
      const seen = async () => (await world.servers.findOwned(world.account.id, server.id))?.lastSeenAt ?? null;
      const ago = (seconds: number) =>
        world.sql('update holdfast.servers set last_seen_at = now() - make_interval(secs => $2) where id = $1', [
          server.id,
          seconds,
        ]);
      expect(await seen()).to.equal(null);
      await world.servers.authenticate(server.tokenId, new Secret('wrong'));
      expect(await seen(), 'after a wrong secret').to.equal(null);
      await world.servers.authenticate(server.tokenId, secret);
      expect((await seen())?.getTime()).to.be.closeTo(Date.now(), 60_000);
      await ago(50);
      const before = await seen();
      await world.servers.authenticate(server.tokenId, secret);
      expect(await seen(), 'within the minute').to.deep.equal(before);
      await ago(70);
      await world.servers.authenticate(server.tokenId, secret);
      expect((await seen())?.getTime()).to.be.greaterThan((before?.getTime() ?? 0) + 10_000);
    });

    it('are not known any more once they are deleted', async () => {
      const { server, secret } = await create();
      expect(await world.servers.delete(world.account.id, server.id)).to.equal(0);
      expect(await world.servers.authenticate(server.tokenId, secret)).to.equal(null);
      expect(await world.servers.findOwned(world.account.id, server.id)).to.equal(null);
    });
  });

  describe('to be deleted', () => {
    it('are unknown to another account', async () => {
      const { server } = await create();
      const stranger = await world.accounts.create(unusedName());
      expect(await world.servers.delete(stranger.id, server.id)).to.equal(null);
      expect(await world.servers.delete(world.account.id, 2 ** 40)).to.equal(null);
      expect(await world.servers.findOwned(world.account.id, server.id)).to.deep.equal(server);
    });

    it('stay while a database, a backup or a restore needs them, and say how many do', async () => {
      const { server } = await create();
      const database = await world.newDatabaseOf(server);
      const ofServer = (): Promise<number | null> => world.servers.delete(world.account.id, server.id);
      expect(await ofServer(), 'a database').to.equal(1);
      const { id } = await world.newBackup(database);
      expect(await ofServer(), 'a database and a waiting backup').to.equal(2);
      await world.backups.claimOfServer(server.id, 60, id);
      expect(await ofServer(), 'a database and a running backup').to.equal(2);
      await world.backups.settle(id, 1, { files: [newFile(id)], manifestKey: 'm' });
      const restore = await world.restores.create({
        backupId: id,
        databaseId: database.id,
        target: { mode: 'in_place' },
        ownership: 'skip',
        fileIds: null,
        requestId: null,
        maxFailures: 1,
        serverId: server.id,
      });
      expect(restore).to.be.an('object');
      expect(await ofServer(), 'a database and a waiting restore').to.equal(2);
      expect(await world.servers.findOwned(world.account.id, server.id)).to.deep.equal(server);
    });

    it('leave the backups and restores that ended', async () => {
      const { server } = await create();
      const database = await world.newDatabaseOf(server);
      const { id } = await world.newBackup(database);
      await world.backups.claimOfServer(server.id, 60, id);
      await world.backups.settle(id, 1, { files: [newFile(id)], manifestKey: 'm' });
      await world.sql(
        `update holdfast.databases set server_id = null, host = 'h', port = 1, "user" = 'u' where id = $1`,
        [database.id],
      );
      expect(await world.servers.delete(world.account.id, server.id)).to.equal(0);
      expect(await world.backups.find(id)).to.deep.include({ status: 'done', serverId: null, silenceSeconds: null });
    });

    it('are deleted or get their database when both are asked for in the same moment', async () => {
      for (let round = 0; round < 10; round += 1) {
        const { server } = await create();
        const [deleted, database] = await Promise.allSettled([
          world.servers.delete(world.account.id, server.id),
          world.newDatabaseOf(server),
        ]);
        expect(deleted.status).to.equal('fulfilled');
        const isGone = (await world.servers.findOwned(world.account.id, server.id)) === null;
        expect(database.status).to.equal(isGone ? 'rejected' : 'fulfilled');
        if (database.status === 'rejected') expect(database.reason).to.include({ code: 'configuration' });
      }
    });

    it("do not take our workers' work along", async () => {
      const { server } = await create();
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      expect(await world.servers.delete(world.account.id, server.id)).to.equal(0);
      expect(await world.backups.find(id)).to.include({ status: 'pending' });
    });
  });
});
