import { expect } from 'chai';
import type { Backup, BackupFile } from '../../data/backups.ts';
import type { Database } from '../../data/databases.ts';
import { bringsGlobals, newWish, wishOf } from './restore-wish.ts';

const database = { type: 'postgresql', database: 'shop', server_id: null } as Database;
const backup = { created_at: '2026-09-02T01:00:00.178Z' } as Backup;
const [dump, globals] = [
  { id: 'd', role: 'dump' },
  { id: 'g', role: 'globals' },
] as BackupFile[] as [BackupFile, BackupFile];

describe('the wish of the restore wizard', () => {
  it('is beside the database at first, under a name that says of when it is', () => {
    const wish = newWish(database, backup);
    expect(wishOf(wish, [dump, globals])).to.deep.equal({ target: { new_database: 'shop_restored_20260902' } });
    const file = { type: 'sqlite', database: '/srv/app/cache.db', server_id: null } as Database;
    expect(newWish(file, backup).name).to.equal('/srv/app/cache_restored_20260902.db');
  });

  it('never takes a part or former content where there can be none', () => {
    const fields = { ...newWish(database, backup), tables: ' public.orders \n\n', keepHours: 5 };
    expect(wishOf(fields, [dump])).to.deep.equal({
      target: { new_database: 'shop_restored_20260902' },
      selection: { schemas: [], tables: ['public.orders'] },
    });
    expect(wishOf({ ...fields, place: 'in_place' }, [dump])).to.deep.equal({
      target: { in_place: true },
      keep_hours: 5,
    });
  });

  it('brings the roles of the server by itself only where owners are kept, and names files for anything else', () => {
    const beside = newWish(database, backup);
    const inPlace = { ...beside, place: 'in_place' } as const;
    const part = { ...beside, ownership: 'keep', schemas: 'billing' } as const;
    expect([beside, inPlace, { ...beside, ownership: 'keep' as const }, part].map(bringsGlobals)).to.deep.equal([
      false,
      true,
      true,
      false,
    ]);
    expect(wishOf({ ...inPlace, globals: false }, [dump, globals])).to.deep.include({ files: ['d'] });
    expect(wishOf({ ...beside, globals: true }, [dump, globals])).to.deep.include({ files: ['d', 'g'] });
    for (const fields of [beside, inPlace, part, { ...beside, globals: false }, { ...inPlace, globals: true }]) {
      expect(wishOf(fields, [dump, globals])).to.not.have.property('files');
    }
    expect(wishOf({ ...inPlace, globals: false }, [dump])).to.not.have.property('files');
  });
});
