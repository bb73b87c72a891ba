import { expect } from 'chai';
import type { Backup, BackupFile } from '../../data/backups.ts';
import type { Database } from '../../data/databases.ts';
import { newWish, wishOf } from './restore-wish.ts';

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

  it('leaves out the roles of the server where nobody wants them', () => {
    const fields = { ...newWish(database, backup), globals: false };
    expect(wishOf(fields, [dump, globals])).to.deep.include({ files: ['d'] });
    expect(wishOf(fields, [dump])).to.not.have.property('files');
  });
});
