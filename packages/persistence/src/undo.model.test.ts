import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Database } from '@holdfast/shared/domain';
import { lease, openWorld, type World } from './testing/world.ts';

const nth = fc.nat(3);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('restore' as const), keeps: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('undo' as const), nth }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('claim' as const, 'end' as const, 'cancel' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('timeIsOver' as const), nth }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('sweep' as const), nth }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A restore in place that is done, as it should be. */
interface Modelled {
  id: string;
  former: 'none' | 'kept' | 'due';
}

/** All restores of one database, and the undoing that waits or runs. */
interface Model {
  done: Modelled[];
  open: { id: string; of: Modelled; runs: boolean } | null;
}

const undoAnswer = ({ done, open }: Model, restore: Modelled): string => {
  if (restore.former !== 'kept') return 'former_missing';
  if (restore !== done.at(-1)) return 'superseded';
  return open ? 'busy' : 'made';
};

const mayDrop = ({ open }: Model, restore: Modelled): boolean => restore.former === 'due' && open?.of !== restore;

async function act(world: World, database: Database, backupId: string, model: Model, step: Step): Promise<void> {
  const { restores } = world;
  const chosen = 'nth' in step ? model.done.at(step.nth - model.done.length) : undefined;
  switch (step.type) {
    case 'restore': {
      const wanted = {
        databaseId: database.id,
        ownership: 'skip',
        fileIds: null,
        requestId: null,
        maxFailures: 1,
      } as const;
      const made = await restores.create({ ...wanted, backupId, target: { mode: 'in_place' }, keepHours: 1 });
      expect(made === 'busy').to.equal(model.open !== null);
      if (made === 'busy' || !made) return;
      await restores.claim(made.id, lease);
      await restores.settle(made.id, 1, 'restored', 1, step.keeps ? 'old' : null);
      model.done.push({ id: made.id, former: step.keeps ? 'kept' : 'none' });
      return;
    }
    case 'undo': {
      if (!chosen) return;
      const wanted = { accountId: world.account.id, databaseId: database.id, requestId: null, maxFailures: 1 };
      const made = await restores.createUndo({ ...wanted, restoreId: chosen.id });
      expect(typeof made === 'string' ? made : 'made').to.equal(undoAnswer(model, chosen));
      if (made && typeof made !== 'string') model.open = { id: made.id, of: chosen, runs: false };
      return;
    }
    case 'claim':
      if (!model.open || model.open.runs) return;
      expect(await restores.claim(model.open.id, lease)).to.not.equal(null);
      model.open.runs = true;
      return;
    case 'end':
      if (!model.open?.runs) return;
      expect(await restores.settle(model.open.id, 1, 'undone')).to.equal(true);
      model.open = null;
      return;
    case 'cancel':
      if (!model.open || model.open.runs) return;
      await restores.requestCancel(model.open.id);
      model.open = null;
      return;
    case 'timeIsOver':
      if (chosen?.former !== 'kept') return;
      await world.sql('update holdfast.restores set former_until = now() where id = $1', [chosen.id]);
      chosen.former = 'due';
      return;
    case 'sweep':
      if (!chosen) return;
      expect(await restores.mayDropFormer(chosen.id)).to.equal(mayDrop(model, chosen));
      await restores.markFormerDropped(chosen.id);
      if (mayDrop(model, chosen)) chosen.former = 'none';
  }
}

describe('former content through any history', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  it('is swapped back and dropped exactly when it may be, and is lost in no other way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const database = await world.newDatabase();
        const { id: backupId } = await world.doneBackup(database);
        const model: Model = { done: [], open: null };
        for (const one of steps) {
          await act(world, database, backupId, model, one);
          const rows = await world.sql<{ id: string; former: string | null; due: boolean }>(
            `select id, former, former_until <= clock_timestamp() as due from holdfast.restores
             where database_id = $1 and target ->> 'mode' = 'in_place' order by created_at, id`,
            [database.id],
          );
          const found = rows.map(({ id, former, due }) => ({
            id,
            former: former === null ? 'none' : due ? 'due' : 'kept',
          }));
          expect(found).to.deep.equal(model.done);
        }
      }),
      { numRuns: 25 },
    );
  });
});
