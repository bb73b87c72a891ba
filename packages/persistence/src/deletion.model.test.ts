import { expect } from 'chai';
import * as fc from 'fast-check';
import type { DataSource } from 'typeorm';
import type { Backup, DeletionState } from '@holdfast/shared/domain';
import { connect } from './data-source.ts';
import { markExpired } from './deletion.ts';
import { openWorld, type World } from './testing/world.ts';

const steps = [
  'ask',
  'ask, keeping the last good one',
  'expire',
  'undelete',
  'come due',
  'begin',
  'fail',
  'succeed',
  'lock',
  'unlock',
  'lose the other one',
  'find the other one',
] as const;
type Step = (typeof steps)[number];

/** What the life of a deletion comes down to, said once more without a database. */
interface Model {
  state: DeletionState | 'shown';
  byPolicy: boolean;
  due: boolean;
  locked: boolean;
  /** Whether its database has another good backup. */
  other: boolean;
}

const shown = { state: 'shown', byPolicy: false, due: false } as const;

function next(model: Model, step: Step): Model {
  const { state, byPolicy, due, locked, other } = model;
  const begun = state === 'removing' || state === 'failed';
  switch (step) {
    case 'ask':
      return state === 'shown' && !locked ? { ...model, state: 'marked' } : model;
    case 'ask, keeping the last good one':
      return state === 'shown' && !locked && other ? { ...model, state: 'marked' } : model;
    case 'expire':
      return state === 'shown' && !locked && other ? { ...model, state: 'marked', byPolicy: true } : model;
    case 'undelete':
      // Locked, or the policy would mark it again at its next turn.
      return state === 'marked' ? { ...model, ...shown, locked: byPolicy } : model;
    case 'come due':
      return state === 'marked' ? { ...model, due: true } : model;
    case 'begin':
      if (state === 'marked' && byPolicy && !other) return { ...model, ...shown };
      return state === 'marked' && due ? { ...model, state: 'removing' } : model;
    case 'fail':
      return begun ? { ...model, state: 'failed' } : model;
    case 'succeed':
      return begun ? { ...model, state: 'deleted' } : model;
    case 'lock':
      return state === 'shown' ? { ...model, locked: true } : model;
    case 'unlock':
      return state === 'shown' ? { ...model, locked: false } : model;
    case 'lose the other one':
      return { ...model, other: false };
    case 'find the other one':
      return { ...model, other: true };
  }
}

describe('the life of a deletion', () => {
  let world: World;
  let session: DataSource;
  before(async () => {
    world = await openWorld();
    session = await connect(world.url, { poolSize: 2, statementSeconds: 30 });
  });
  after(async () => {
    await session.destroy();
    await world.drop();
  });

  async function take(step: Step, backup: Backup, other: Backup): Promise<unknown> {
    const { backups, account } = world;
    const { id, databaseId } = backup;
    switch (step) {
      case 'ask':
        return await backups.requestDeletion(account.id, id, { graceSeconds: 3600 });
      case 'ask, keeping the last good one':
        return await backups.requestDeletion(account.id, id, { graceSeconds: 3600, keepLastGood: true });
      case 'expire':
        return await session.transaction((manager) =>
          markExpired(manager, databaseId, [{ id, reason: 'It is too old.' }], 3600),
        );
      case 'undelete':
        return await backups.undelete(account.id, databaseId, id);
      case 'come due':
        return await world.sql(
          'update holdfast.backups set deletion_due_at = now() where id = $1 and deletion_requested_at is not null',
          [id],
        );
      case 'begin':
        return await backups.beginRemoval(id);
      case 'fail':
        // Nobody reports a failure of what has not begun.
        return (await stateOf(backup)) === 'marked'
          ? null
          : await backups.deletionFailed(id, { code: 'store_denied', message: 'The store said no.' });
      case 'succeed':
        return await backups.markDeleted(id);
      case 'lock':
      case 'unlock':
        return await backups.setLocked(account.id, id, step === 'lock');
      case 'lose the other one':
        return await backups.markDamaged(other.id, { state: 'missing', detail: 'The dump is missing.' });
      case 'find the other one':
        return await backups.clearDamage(other.id);
    }
  }

  async function stateOf({ id, databaseId }: Backup): Promise<Model['state']> {
    const deletions = await world.backups.deletionsOf(databaseId, 10);
    return deletions.find(({ backup }) => backup.id === id)?.state ?? 'shown';
  }

  it('is the one that its rules describe, in any order of what happens', async () => {
    const reached = new Set<string>();
    const history = fc.array(fc.constantFrom(...steps), { minLength: 4, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(history, async (turns) => {
        const database = await world.newDatabase();
        const [backup, other] = [await world.doneBackup(database), await world.doneBackup(database)];
        let model: Model = { ...shown, locked: false, other: true };
        for (const step of turns) {
          model = next(model, step);
          await take(step, backup, other);
          expect(await stateOf(backup), `after ${step}`).to.equal(model.state);
          reached.add(model.state);
        }
        const isShown = (await world.backups.findOwned(world.account.id, backup.id)) !== null;
        expect(isShown).to.equal(model.state === 'shown');
      }),
      { numRuns: 40, examples: [[['ask', 'come due', 'begin', 'fail', 'succeed']]] },
    );
    expect([...reached]).to.have.members(['shown', 'marked', 'removing', 'failed', 'deleted']);
  });
});
