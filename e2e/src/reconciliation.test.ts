import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { filesBelow } from './support/files.ts';
import { sourceDatabase } from './support/source.ts';
import { localDestination, register, untilSwept, useHoldfast } from './support/system.ts';

interface View {
  status: string;
  error: unknown;
  succeeded_at: string | null;
  report: Record<string, number> | null;
  orphans: { key: string; known: boolean; removed_at: string | null }[];
}

describe('reconciliation', function suite() {
  this.timeout(90_000);
  const env = { HOLDFAST_RECONCILE_SECONDS: '1', HOLDFAST_ORPHAN_GRACE_SECONDS: '1' };
  const holdfast = useHoldfast(() => ({ env }));

  it('tells what a store lost and found again, removes what was left behind, and touches nothing else', async () => {
    const { client, localRoot } = holdfast();
    const destination = await localDestination(holdfast(), 'compared');
    const source = await sourceDatabase();
    const databaseId = await register(holdfast(), source, destination);
    const done = async (): Promise<string> => {
      const { id } = await client.backup(databaseId);
      await client.waitFor(id, ['done'], 30);
      return id;
    };
    const [lost, whole] = [await done(), await done()];
    const wrong = await register(holdfast(), source, destination, { password: 'wrong' });
    const failed = await client.backup(wrong);
    await client.waitFor(failed.id, ['error'], 30);
    await untilSwept(holdfast(), failed.id);
    const [attempt] = await holdfast().database.query(
      `select prefix from holdfast.backup_attempts where backup_id = '${failed.id}'`,
    );
    const folder = join(localRoot, 'compared');
    const late = join(folder, String(attempt?.['prefix']), 'dump.pgdump.zst');
    mkdirSync(dirname(late), { recursive: true });
    writeFileSync(late, 'written by a worker that had been given up');
    writeFileSync(join(folder, 'notes.txt'), 'not ours');
    const dump = join(folder, filesBelow(folder).find((path) => path.includes(lost) && path.includes('dump')) ?? '');
    const kept = readFileSync(dump);
    rmSync(dump);

    const path = `/api/backup-destinations/${destination}`;
    const { data: asked } = await client.expect<{ data: View }>(200, 'POST', `${path}/reconcile`);
    expect(asked.status).to.be.oneOf(['requested', 'running']);
    const report = (what: string, is: (view: View) => boolean) =>
      until(what, 30, async () => {
        const { data } = await client.expect<{ data: View }>(200, 'GET', `${path}/reconciliation`);
        return is(data) ? data : null;
      });
    const first = await report('the loss to be found', (view) => view.report?.['missing'] === 1);
    expect(first.orphans.map(({ key }) => key)).to.include('notes.txt');
    expect((await client.findBackup(lost)).error).to.include({ code: 'integrity' });
    expect(await client.findBackup(whole)).to.include({ status: 'done', error: null });

    writeFileSync(dump, kept);
    await until('the rest to be removed', 30, () => !existsSync(late));
    const last = await report('all to be well', (view) => view.report?.['missing'] === 0 && view.report['known'] === 0);
    expect(last.orphans.find(({ key }) => key === 'notes.txt')).to.include({ known: false, removed_at: null });
    expect((await client.findBackup(lost)).error).to.equal(null);
    expect(filesBelow(folder)).to.have.length(7);
  });
});
