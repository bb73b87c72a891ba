import { expect } from 'chai';
import type { Persistence } from './repositories/index.ts';
import { openWorld, type World } from './testing/world.ts';

describe("the completion of a remote server's upload", () => {
  let world: World;
  let other: Persistence;

  before(async () => {
    world = await openWorld();
    other = await world.another();
  });
  after(() => world.drop());

  async function uploaded(): Promise<string> {
    const server = await world.newServer();
    const { id } = await world.newBackup(await world.newDatabaseOf(server));
    await world.backups.claimOfServer(server.id, 60, id);
    await world.remoteUploads.replace({ backupId: id, attempt: 1, key: 'a1/x', uploadId: 'u', size: 1, partSize: 1 });
    return id;
  }

  it('is for one at a time, whichever process asks, until it ends', async () => {
    const id = await uploaded();
    const begun = await Promise.all(
      [world, other, world, other].map(({ remoteUploads }) => remoteUploads.beginCompleting(id, 60)),
    );
    expect(begun.filter(Boolean)).to.have.length(1);
    await other.remoteUploads.endCompleting(id);
    expect(await world.remoteUploads.beginCompleting(id, 60)).to.equal(true);
  });

  it('can be had again when the process that began it has not ended it in time', async () => {
    const id = await uploaded();
    expect(await world.remoteUploads.beginCompleting(id, 60)).to.equal(true);
    await world.sql(
      `update holdfast.remote_uploads set completing_until = now() - interval '1 second' where backup_id = $1`,
      [id],
    );
    expect(await other.remoteUploads.beginCompleting(id, 60)).to.equal(true);
  });

  it('is not begun where there is no upload', async () => {
    const { id } = await world.newBackup();
    for (const one of [id, 'x']) expect(await world.remoteUploads.beginCompleting(one, 60)).to.equal(false);
  });
});
