import { expect } from 'chai';
import type { PolicyRun, RunBackup } from '../../data/policies.ts';
import { newRunWish, partsOf, runRestoreOf, sourcesOf } from './run-wish.ts';

const run = { created_at: '2026-09-02T01:30:00.120Z', findings: { passed_over: [] } } as unknown as PolicyRun;
const backupOf = (id: string, status = 'done', damage: object | null = null): RunBackup =>
  ({ id: `of ${id}`, name: id, database_id: id, status, verification: { damage } }) as unknown as RunBackup;
const databases = ['crm', 'old', 'shop'].map((name) => ({ id: `id ${name}`, database: name }));
const whole = [backupOf('id shop'), backupOf('id crm')];

describe('the wish to restore a run together', () => {
  it('is beside the databases in use at first, all of them, under names that say of when they are', () => {
    const sources = sourcesOf(run, whole, databases, false);
    const wish = newRunWish(run);
    expect(runRestoreOf(wish, sources)).to.deep.equal({ target: { suffix: '_restored_20260902' } });
    expect(partsOf(wish, sources)).to.deep.include({
      database: 'crm',
      databaseId: 'id crm',
      backupId: 'of id crm',
      wish: { target: { new_database: 'crm_restored_20260902' } },
    });
  });

  it('names those that are wanted where the run lacks a good backup, and never one without', () => {
    const findings = { passed_over: [{ database: 'busy', reason: 'a backup waits' }] };
    const damaged = [...whole, backupOf('id old', 'done', { state: 'changed' }), backupOf('id gone')];
    const sources = sourcesOf({ findings } as unknown as PolicyRun, damaged, databases, false);
    const lacking = sources.filter(({ lacks }) => lacks !== null);
    expect(lacking.map(({ backup }) => backup?.database_id)).to.have.members([undefined, 'id old', 'id gone']);
    const wish = { ...newRunWish(run), without: ['shop'] };
    expect(runRestoreOf(wish, sources).databases).to.deep.equal(['crm']);
    expect(partsOf(wish, sources)).to.have.length(1);
    const insisting = sourcesOf(run, damaged, databases, true).filter(({ lacks }) => lacks === null);
    expect(insisting.map(({ database }) => database)).to.deep.equal(['crm', 'old', 'shop']);
  });

  it('keeps former content in place alone, and says of globals only what is not usual', () => {
    const sources = sourcesOf(run, whole, databases, false);
    const wish = { ...newRunWish(run), keepHours: 5, globals: false };
    expect(runRestoreOf(wish, sources)).to.deep.equal({ target: { suffix: '_restored_20260902' } });
    const inPlace = { ...wish, place: 'in_place' } as const;
    expect(runRestoreOf(inPlace, sources)).to.deep.equal({ target: { in_place: true }, globals: false, keep_hours: 5 });
    expect(partsOf(inPlace, sources)[0]?.wish).to.deep.equal({ target: { in_place: true }, keep_hours: 5 });
  });
});
