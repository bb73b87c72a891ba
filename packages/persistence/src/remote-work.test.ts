import { expect } from 'chai';
import { attemptPrefix, type Backup, type Restore, type Server } from '@holdfast/shared/domain';
import type { Persistence } from './index.ts';
import { failure, lease, newFile, openWorld, progress, type World } from './testing/world.ts';

const silence = 60;
const quiet = { silenceSeconds: null, progressBytes: null };
const result = (id: string) => ({ files: [newFile(id)], manifestKey: 'manifest.json' });
const isClaimed = (one: unknown): boolean => one !== null;

describe("a remote server's backups", () => {
  let world: World;
  let other: Persistence;
  before(async () => {
    world = await openWorld();
    other = await world.another();
  });
  after(() => world.drop());

  const found = async (id: string): Promise<Backup> => {
    const backup = await world.backups.find(id);
    if (!backup) throw new Error(`Backup ${id} is gone.`);
    return backup;
  };
  const attempt = (id: string) => world.backups.findAttempt(id, 1);
  const newBackupOf = async (server: Server): Promise<Backup> => world.newBackup(await world.newDatabaseOf(server));
  /** A backup that its server has begun. */
  const begun = async (server?: Server): Promise<{ server: Server; id: string }> => {
    const owner = server ?? (await world.newServer());
    const { id } = await newBackupOf(owner);
    expect(await world.backups.claimOfServer(owner.id, silence, id)).to.include({ id, status: 'pending' });
    return { server: owner, id };
  };
  const fallSilent = (id: string) =>
    world.sql(`update holdfast.backups set lease_until = now() - interval '1 second' where id = $1`, [id]);
  const abandoned = async (): Promise<string> => {
    const { id } = await begun();
    await fallSilent(id);
    await world.backups.reapExpired(1000, 0);
    expect(await found(id)).to.include({ status: 'error' });
    return id;
  };
  const failed = async (): Promise<string> => {
    const { id } = await begun();
    await world.backups.fail(id, 1, { ...failure, retryable: false });
    return id;
  };
  const sweepable = async (delaySeconds = 0): Promise<string[]> =>
    (await world.backups.takeSweepable(10_000, delaySeconds, 0)).map(({ backupId }) => backupId);

  it('are never begun, and never rung for, by our workers', async () => {
    const { id } = await newBackupOf(await world.newServer());
    expect(await world.backups.claim(id, lease)).to.equal(null);
    expect((await world.backups.takeDue(10_000, 0)).map((due) => due.id)).to.not.include(id);
    expect(await found(id)).to.deep.include({ status: 'scheduled', attempt: 0, maxFailures: 1 });
  });

  describe('when asked for', () => {
    it('are given to their own server, oldest first, and each once', async () => {
      const [one, two] = [await world.newServer(), await world.newServer()];
      const first = await newBackupOf(one);
      const second = await newBackupOf(one);
      const foreign = await newBackupOf(two);
      await world.newBackup();
      const given: (string | undefined)[] = [];
      for (let round = 0; round < 3; round += 1) {
        given.push((await world.backups.claimOfServer(one.id, silence))?.id);
      }
      expect(given).to.deep.equal([first.id, second.id, undefined]);
      expect((await world.backups.claimOfServer(two.id, silence))?.id).to.equal(foreign.id);
    });

    it('by id are given to their own server alone, and only while they wait and are due', async () => {
      const [one, two] = [await world.newServer(), await world.newServer()];
      const { id } = await newBackupOf(one);
      const ours = await world.newBackup();
      expect(await world.backups.claimOfServer(two.id, silence, id), 'to another').to.equal(null);
      expect(await world.backups.claimOfServer(one.id, silence, ours.id), "a worker's").to.equal(null);
      await world.sql(`update holdfast.backups set run_after = now() + interval '1 hour' where id = $1`, [id]);
      expect(await world.backups.claimOfServer(one.id, silence, id), 'not due').to.equal(null);
      expect(await world.backups.claimOfServer(one.id, silence), 'not due').to.equal(null);
      await world.sql('update holdfast.backups set run_after = now() where id = $1', [id]);
      expect(await world.backups.claimOfServer(one.id, silence, id)).to.include({ id });
      expect(await world.backups.claimOfServer(one.id, silence, id), 'twice').to.equal(null);
    });

    it('by what cannot be an id, are none rather than an error', async () => {
      const { id } = await world.newServer();
      expect(await world.backups.claimOfServer(id, silence, 'x')).to.equal(null);
      expect(await world.backups.claimOfServer(2 ** 40, silence)).to.equal(null);
      expect(await world.backups.heardOfServer(id, 'x', quiet)).to.equal('lost');
      expect(await world.backups.heardOfServer(-1, id.toString(), quiet)).to.equal('lost');
      expect(await world.backups.reserveRevival('x')).to.equal(null);
      expect(await world.backups.revive('x', 1, result('x'))).to.equal(false);
    });

    it('have the attempt and the agreed silence on record before the server knows of them', async () => {
      const server = await world.newServer();
      const { id } = await newBackupOf(server);
      const claimed = await world.backups.claimOfServer(server.id, 600);
      const owner = `server ${server.id}`;
      expect(claimed).to.deep.include({
        id,
        status: 'pending',
        attempt: 1,
        leaseOwner: owner,
        silenceSeconds: 600,
        progressBytes: 0,
      });
      expect(claimed?.leaseUntil?.getTime()).to.be.within(Date.now() + 590_000, Date.now() + 610_000);
      expect(claimed).to.deep.equal(await found(id));
      expect(await attempt(id)).to.deep.include({
        prefix: attemptPrefix(await found(id), 1),
        worker: owner,
        endedAt: null,
        settled: false,
      });
    });

    it('run one at a time for each database, the older first', async () => {
      const server = await world.newServer();
      const database = await world.newDatabaseOf(server);
      const first = await world.newBackup(database);
      const second = await world.newBackup(database);
      const elsewhere = await newBackupOf(server);
      expect(await world.backups.claimOfServer(server.id, silence, second.id)).to.equal(null);
      expect((await world.backups.claimOfServer(server.id, silence))?.id).to.equal(first.id);
      expect((await world.backups.claimOfServer(server.id, silence))?.id, 'of another database').to.equal(elsewhere.id);
      expect(await world.backups.claimOfServer(server.id, silence)).to.equal(null);
      await world.backups.settle(first.id, 1, result(first.id));
      expect((await world.backups.claimOfServer(server.id, silence))?.id).to.equal(second.id);
    });

    it('are each given once to a server that asks several times in the same moment', async () => {
      for (let round = 0; round < 20; round += 1) {
        const server = await world.newServer();
        const ids = [(await newBackupOf(server)).id, (await newBackupOf(server)).id];
        const sides = [world.backups, other.backups, world.backups, other.backups];
        const claims = await Promise.all(sides.map((side) => side.claimOfServer(server.id, silence)));
        const given = claims.flatMap((claim) => (claim ? [claim.id] : []));
        expect(new Set(given).size, 'given twice').to.equal(given.length);
        // What nobody got in this round is got in the next.
        const later = await world.backups.claimOfServer(server.id, silence);
        expect([...given, ...(later ? [later.id] : [])].toSorted()).to.deep.equal(ids.toSorted());
        for (const id of ids) expect((await found(id)).attempt).to.equal(1);
      }
    });

    it('by id are given once when asked for several times in the same moment', async () => {
      for (let round = 0; round < 20; round += 1) {
        const server = await world.newServer();
        const { id } = await newBackupOf(server);
        const claims = await Promise.all(
          [world.backups, other.backups].map((side) => side.claimOfServer(server.id, silence, id)),
        );
        expect(claims.filter(isClaimed)).to.have.length(1);
      }
    });

    it('are given without waiting for one that is just being claimed', async () => {
      const server = await world.newServer();
      const [claimed, free] = [await newBackupOf(server), await newBackupOf(server)];
      const given = await world.whileOpen('select from holdfast.backups where id = $1 for update', [claimed.id], () =>
        world.backups.claimOfServer(server.id, silence),
      );
      expect(given?.id).to.equal(free.id);
    });
  });

  describe('while the server works', () => {
    const until = async (id: string): Promise<number> => ((await found(id)).leaseUntil?.getTime() ?? 0) - Date.now();

    it('count the agreed silence anew with each sign of life', async () => {
      const { server, id } = await begun();
      await world.sql(`update holdfast.backups set lease_until = now() + interval '1 second' where id = $1`, [id]);
      expect(await world.backups.heardOfServer(server.id, id, quiet)).to.equal('ok');
      expect(await until(id)).to.be.within(50_000, 70_000);
      const heard = { silenceSeconds: 3600, progressBytes: 7_000_000_000 };
      expect(await world.backups.heardOfServer(server.id, id, heard)).to.equal('ok');
      expect(await until(id)).to.be.within(3_590_000, 3_610_000);
      expect(await found(id)).to.deep.include({ silenceSeconds: 3600, progressBytes: 7_000_000_000 });
      expect(await world.backups.heardOfServer(server.id, id, quiet)).to.equal('ok');
      expect(await until(id)).to.be.within(3_590_000, 3_610_000);
      expect(await found(id)).to.deep.include({ silenceSeconds: 3600, progressBytes: 7_000_000_000 });
    });

    it('say that somebody asked to cancel, and live no longer than was agreed then', async () => {
      const { server, id } = await begun();
      expect(await world.backups.requestCancel(id)).to.equal('pending');
      const { leaseUntil } = await found(id);
      const heard = { silenceSeconds: 3600, progressBytes: 1 };
      expect(await world.backups.heardOfServer(server.id, id, heard)).to.equal('cancel');
      expect((await found(id)).leaseUntil).to.deep.equal(leaseUntil);
    });

    it("say `lost` to another server, and of what waits, has ended or is a worker's", async () => {
      const { server, id } = await begun();
      const stranger = await world.newServer();
      const before = await found(id);
      expect(await world.backups.heardOfServer(stranger.id, id, { silenceSeconds: 9, progressBytes: 9 })).to.equal(
        'lost',
      );
      expect(await found(id)).to.deep.equal(before);
      const waiting = await newBackupOf(server);
      expect(await world.backups.heardOfServer(server.id, waiting.id, quiet)).to.equal('lost');
      const ours = await world.newBackup();
      await world.backups.claim(ours.id, lease);
      expect(await world.backups.heardOfServer(server.id, ours.id, quiet)).to.equal('lost');
      await world.backups.settle(id, 1, result(id));
      expect(await world.backups.heardOfServer(server.id, id, quiet)).to.equal('lost');
    });

    it('cannot be deleted', async () => {
      const { server, id } = await begun();
      expect(await world.backups.requestDeletion(world.account.id, id, { graceSeconds: 0 })).to.equal('running');
      expect(await world.backups.heardOfServer(server.id, id, quiet)).to.equal('ok');
      expect(await world.backups.findOwned(world.account.id, id)).to.include({ status: 'pending' });
    });
  });

  describe('whose server falls silent', () => {
    it('are abandoned, not tried again, and left to the sweep', async () => {
      const { id } = await begun();
      expect(
        (await world.backups.reapExpired(1000, 0)).map((one) => one.id),
        'too early',
      ).to.not.include(id);
      await fallSilent(id);
      const reaped = await world.backups.reapExpired(1000, 0);
      expect(reaped.filter((one) => one.id === id)).to.deep.equal([{ id, attempt: 1, status: 'error' }]);
      const backup = await found(id);
      expect(backup).to.deep.include({ status: 'error', failures: 1, leaseOwner: null, leaseUntil: null });
      expect(backup.error?.code).to.equal('abandoned');
      expect(backup.completedAt).to.be.a('date');
      expect(await attempt(id)).to.deep.include({ settled: false, error: backup.error });
      expect(await sweepable(300), 'too early').to.not.include(id);
      expect(await sweepable()).to.include(id);
    });

    it('are not tried again even where more failures are allowed', async () => {
      const { id } = await begun();
      await world.sql('update holdfast.backups set max_failures = 5 where id = $1', [id]);
      await fallSilent(id);
      await world.backups.reapExpired(1000, 0);
      expect((await found(id)).status).to.equal('error');
    });

    it('are cancelled when that had been asked for', async () => {
      const { id } = await begun();
      await world.backups.requestCancel(id);
      await fallSilent(id);
      await world.backups.reapExpired(1000, 0);
      expect((await found(id)).error?.code).to.equal('cancelled');
      expect(await sweepable()).to.include(id);
    });

    it('are either heard of or abandoned when both happen in the same moment', async () => {
      for (let round = 0; round < 20; round += 1) {
        const { server, id } = await begun();
        await fallSilent(id);
        const [answer, reaped] = await Promise.all([
          world.backups.heardOfServer(server.id, id, quiet),
          other.backups.reapExpired(1000, 0),
        ]);
        const isReaped = reaped.some((one) => one.id === id);
        expect(answer).to.equal(isReaped ? 'lost' : 'ok');
        expect((await found(id)).status).to.equal(isReaped ? 'error' : 'pending');
      }
    });
  });

  describe('that had failed', () => {
    for (const [what, make] of [
      ['abandoned', abandoned],
      ['reported as failed', failed],
    ] as const) {
      it(`${what}, are done after all when their objects turn out to be there`, async () => {
        const id = await make();
        expect(await world.backups.reserveRevival(id)).to.include({ id, status: 'error', attempt: 1 });
        expect(await world.backups.revive(id, 1, result(id))).to.equal(true);
        expect(await found(id)).to.deep.include({
          status: 'done',
          error: null,
          size: 1024 - 24,
          manifestKey: 'manifest.json',
        });
        expect(await attempt(id)).to.deep.include({ settled: true, error: null });
        expect(await world.backups.files(id)).to.have.length(1);
        expect(await sweepable()).to.not.include(id);
        expect(await world.backups.revive(id, 1, result(id)), 'twice').to.equal(false);
        expect(await world.backups.files(id)).to.have.length(1);
      });
    }

    it('are kept from the sweep for a while by the reservation', async () => {
      const id = await abandoned();
      await world.sql(
        `update holdfast.backup_attempts set ended_at = ended_at - interval '1 hour' where backup_id = $1`,
        [id],
      );
      expect(await world.backups.reserveRevival(id)).to.include({ id });
      expect(await sweepable(300)).to.not.include(id);
      expect(await world.backups.revive(id, 1, result(id))).to.equal(true);
    });

    it('stay failed once their objects are being removed', async () => {
      const id = await abandoned();
      expect(await sweepable()).to.include(id);
      expect(await world.backups.reserveRevival(id)).to.equal(null);
      expect(await world.backups.revive(id, 1, result(id))).to.equal(false);
      await world.backups.markSwept(id, 1);
      await world.sql('update holdfast.backup_attempts set rung_at = null where backup_id = $1', [id]);
      expect(await world.backups.reserveRevival(id)).to.equal(null);
      expect(await world.backups.revive(id, 1, result(id))).to.equal(false);
      expect(await found(id)).to.include({ status: 'error' });
      expect(await world.backups.files(id)).to.deep.equal([]);
    });

    it('stay failed once the objects of their last attempt are being removed, whatever is left of an earlier one', async () => {
      const { server, id } = await begun();
      await world.backups.handBack(id, 1);
      expect(await world.backups.reserveRevival(id), 'waiting').to.equal(null);
      expect(await world.backups.revive(id, 1, result(id)), 'waiting').to.equal(false);
      expect(await world.backups.claimOfServer(server.id, silence, id)).to.include({ attempt: 2 });
      await world.backups.fail(id, 2, { ...failure, retryable: false });
      await world.sql('update holdfast.backup_attempts set rung_at = now() where backup_id = $1 and attempt = 2', [id]);
      expect(await world.backups.reserveRevival(id)).to.equal(null);
      expect(await world.backups.revive(id, 2, result(id))).to.equal(false);
      expect(await world.backups.revive(id, 1, result(id))).to.equal(false);
    });

    it('stay failed when they are to be deleted', async () => {
      const id = await failed();
      expect(await world.backups.requestDeletion(world.account.id, id, { graceSeconds: 0 })).to.equal('requested');
      expect(await world.backups.reserveRevival(id)).to.equal(null);
      expect(await world.backups.revive(id, 1, result(id))).to.equal(false);
    });

    it("stay failed for another attempt, while they run, when they never began, and when they are a worker's", async () => {
      const id = await failed();
      expect(await world.backups.revive(id, 2, result(id)), 'another attempt').to.equal(false);
      const running = await begun();
      expect(await world.backups.reserveRevival(running.id), 'running').to.equal(null);
      expect(await world.backups.revive(running.id, 1, result(running.id)), 'running').to.equal(false);
      const waiting = await newBackupOf(await world.newServer());
      await world.backups.requestCancel(waiting.id);
      expect(await world.backups.reserveRevival(waiting.id), 'never begun').to.equal(null);
      expect(await world.backups.revive(waiting.id, 0, result(waiting.id)), 'never begun').to.equal(false);
      const ours = await world.newBackup();
      await world.backups.claim(ours.id, lease);
      await world.backups.fail(ours.id, 1, { ...failure, retryable: false });
      expect(await world.backups.reserveRevival(ours.id), "a worker's").to.equal(null);
      expect(await world.backups.revive(ours.id, 1, result(ours.id)), "a worker's").to.equal(false);
    });

    it('are either swept or done when both are tried in the same moment, never both and never neither', async () => {
      for (let round = 0; round < 40; round += 1) {
        const id = await abandoned();
        const sweep = () => other.backups.takeSweepable(10_000, 0, 0);
        const revive = () => world.backups.revive(id, 1, result(id));
        const first = round % 2 === 0 ? sweep() : revive();
        const second = round % 2 === 0 ? revive() : sweep();
        const answers = await Promise.all([first, second]);
        const isDone = answers.includes(true);
        const isSwept = answers.some((taken) => Array.isArray(taken) && taken.some(({ backupId }) => backupId === id));
        expect(isDone, 'both or neither').to.equal(!isSwept);
        expect((await found(id)).status).to.equal(isDone ? 'done' : 'error');
        expect((await attempt(id))?.settled).to.equal(isDone);
      }
    });

    for (const [what, revive] of [
      ['reserved', async (id: string) => isClaimed(await world.backups.reserveRevival(id))],
      ['revived', (id: string) => world.backups.revive(id, 1, result(id))],
    ] as const) {
      it(`are not ${what} while a sweep that took them is just being recorded`, async () => {
        const id = await abandoned();
        let revival: Promise<boolean> | undefined;
        await world.whileOpen(
          'update holdfast.backup_attempts set rung_at = clock_timestamp() where backup_id = $1',
          [id],
          async () => {
            revival = revive(id);
            await world.waitsForLock();
          },
        );
        expect(await revival).to.equal(false);
        expect(await found(id)).to.include({ status: 'error' });
        expect(await attempt(id)).to.include({ settled: false });
      });
    }

    it('are not swept while their revival is just being recorded', async () => {
      const id = await abandoned();
      const taken = await world.whileOpen(
        'select from holdfast.backup_attempts where backup_id = $1 for no key update',
        [id],
        () => sweepable(),
      );
      expect(taken).to.not.include(id);
    });

    it('are not revived when they are just being deleted', async () => {
      const id = await failed();
      let revival: Promise<boolean> | undefined;
      await world.whileOpen(
        'update holdfast.backups set deletion_requested_at = clock_timestamp(), deletion_due_at = clock_timestamp() where id = $1',
        [id],
        async () => {
          revival = world.backups.revive(id, 1, result(id));
          await world.waitsForLock();
        },
      );
      expect(await revival).to.equal(false);
    });
  });

  describe('uploaded', () => {
    const upload = (backupId: string, uploadId: string) => ({
      backupId,
      attempt: 1,
      key: 'a1/archive.tar.gz',
      uploadId,
      size: 6_000_000_000,
      partSize: 67_108_864,
    });

    it('are found as they were recorded', async () => {
      const { id } = await begun();
      expect(await world.remoteUploads.find(id)).to.equal(null);
      expect(await world.remoteUploads.find('x')).to.equal(null);
      expect(await world.remoteUploads.replace(upload(id, 'first'))).to.equal(null);
      const recorded = await world.remoteUploads.find(id);
      expect(recorded).to.deep.include(upload(id, 'first'));
      expect(recorded?.createdAt.getTime()).to.be.closeTo(Date.now(), 60_000);
    });

    it('anew, give the upload before to whoever replaced it', async () => {
      const { id } = await begun();
      await world.remoteUploads.replace(upload(id, 'first'));
      expect(await world.remoteUploads.replace({ ...upload(id, 'second'), size: 5 })).to.deep.include(
        upload(id, 'first'),
      );
      expect(await world.remoteUploads.find(id)).to.deep.include({ uploadId: 'second', size: 5 });
    });

    it('anew several times in the same moment, give each upload but the last to exactly one', async () => {
      for (let round = 0; round < 10; round += 1) {
        const { id } = await begun();
        const names = ['a', 'b', 'c', 'd', 'e', 'f'];
        const replaced = await Promise.all(
          names.map((name, index) => (index % 2 === 0 ? world : other).remoteUploads.replace(upload(id, name))),
        );
        const kept = await world.remoteUploads.find(id);
        const all = [...replaced.map((before) => before?.uploadId), kept?.uploadId];
        expect(all.filter((one) => one === undefined)).to.have.length(1);
        expect(all.filter((one) => one !== undefined).toSorted()).to.deep.equal(names);
      }
    });

    it('of an attempt that does not exist, are refused', async () => {
      const { id } = await begun();
      const replacing = world.remoteUploads.replace({ ...upload(id, 'x'), attempt: 2 });
      expect(await replacing.catch((error: Error) => error.message)).to.include('remote_uploads_attempt_fkey');
    });
  });
});

describe("a remote server's restores", () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const newRestore = async (server: Server): Promise<Restore> => {
    const { id: databaseId } = await world.newDatabaseOf(server);
    const backup = await world.doneBackup();
    const restore = await world.restores.create({
      backupId: backup.id,
      databaseId,
      target: { mode: 'in_place' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 3,
      serverId: server.id,
    });
    if (restore === 'busy' || restore === null) throw new Error('The test restore was not created.');
    return restore;
  };

  it('are begun by their own server alone, oldest first, and never by our workers', async () => {
    const [one, two] = [await world.newServer(), await world.newServer()];
    const [first, second] = [await newRestore(one), await newRestore(one)];
    expect(await world.restores.claim(first.id, lease)).to.equal(null);
    expect(await world.restores.takeDue(1000, 0)).to.deep.equal([]);
    expect(await world.restores.claimOfServer(two.id, silence)).to.equal(null);
    expect((await world.restores.claimOfServer(one.id, silence))?.id).to.equal(first.id);
    expect((await world.restores.claimOfServer(one.id, silence))?.id).to.equal(second.id);
  });

  it('are found while they run, heard of, and abandoned for good when the server falls silent', async () => {
    const server = await world.newServer();
    const { id, backupId } = await newRestore(server);
    const stranger = await world.newServer();
    expect(await world.restores.findRunningOfServer(server.id, backupId), 'waiting').to.equal(null);
    await world.restores.claimOfServer(server.id, silence);
    expect((await world.restores.findRunningOfServer(server.id, backupId))?.id).to.equal(id);
    expect(await world.restores.findRunningOfServer(stranger.id, backupId)).to.equal(null);
    expect(await world.restores.heardOfServer(stranger.id, id, quiet)).to.equal('lost');
    expect(await world.restores.heardOfServer(server.id, id, quiet)).to.equal('ok');
    expect(await world.restores.heartbeat(id, 1, lease, progress)).to.equal('ok');
    await world.sql(`update holdfast.restores set lease_until = now() - interval '1 second' where id = $1`, [id]);
    await world.restores.reapExpired(1000, 0);
    const restore = await world.restores.find(id);
    expect(restore).to.include({ status: 'error', failures: 1 });
    expect(restore?.error?.code).to.equal('abandoned');
    expect(await world.restores.findRunningOfServer(server.id, backupId)).to.equal(null);
  });
});
