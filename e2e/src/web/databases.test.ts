import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { heldDumps, holdDumps } from '../support/source.ts';
import { axeCheck, useBackedUp, screenshots, useWeb } from './harness/index.ts';

describe('the pages of a database and its backups', function suite() {
  this.timeout(90_000);
  const web = useWeb();
  const { subject, open } = useBackedUp(web, 'pages');
  const backups = (page: Page) => page.getByRole('table', { name: 'Backups' });

  it('back up from the list, show how far it is, and end live without a reload', async () => {
    const { page, source } = await open(() => '/databases');
    const row = page.getByRole('row', { name: /source/ });
    await row.getByText('PostgreSQL').waitFor();
    await axeCheck(page);
    await screenshots(page, 'databases');
    const hold = await holdDumps(source);
    await row.getByRole('button', { name: /^Back up source/ }).click();
    await page.getByText(/A backup of source .* was asked for/).waitFor();
    await row.getByRole('link').first().click();
    const running = page.getByRole('heading', { name: 'Backup running' });
    await running.waitFor();
    await heldDumps(source);
    await page.getByRole('progressbar', { name: 'Progress of the backup' }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-running');
    await hold.release();
    await running.waitFor({ state: 'detached' });
    const newest = backups(page).getByRole('row').nth(1);
    await newest.getByText('Done', { exact: true }).waitFor();
    await newest.getByText('Stored', { exact: true }).waitFor();
  });

  it('cancel a backup that runs, after a question', async () => {
    const { page, source } = await open(({ id }) => `/databases/${id}`);
    const hold = await holdDumps(source);
    await page.getByRole('button', { name: 'Back up now' }).click();
    await heldDumps(source);
    await page.getByRole('button', { name: 'Cancel backup' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel backup' }).click();
    await backups(page).getByText('Cancelled', { exact: true }).waitFor();
    await hold.release();
  });

  it('draw trends, with the figures as a table', async () => {
    const { page, id } = await open(({ id }) => `/databases/${id}`);
    const { client } = web().holdfast;
    await client.waitFor((await client.backup(id)).id, ['done'], 20);
    await page.getByRole('tab', { name: 'Trends' }).click();
    await page.locator('figure canvas').nth(2).waitFor();
    await page.getByText('Size of backups as a table').click();
    await page.getByRole('table', { name: 'Size of backups' }).getByRole('cell').first().waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-trends');
  });

  it('show a backup with its files and what is proven of it, and verify it', async () => {
    const { page } = await open(({ id, backupId }) => `/databases/${id}/backups/${backupId}`);
    const files = page.getByRole('table', { name: 'Files' });
    await files.getByText('Dump', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await axeCheck(page);
    await screenshots(page, 'backup-verify');
    await page.getByRole('dialog').getByRole('button', { name: 'Verify', exact: true }).click();
    const rung = page.getByRole('list', { name: 'Levels of verification' }).getByRole('listitem').nth(3);
    await rung.getByText(/^Proven/).waitFor();
    await axeCheck(page);
    await screenshots(page, 'backup');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      files.getByRole('button', { name: 'Download dump' }).click(),
    ]);
    expect(download.suggestedFilename()).to.match(/dump\.pgdump/);
    await download.cancel();
  });

  it('delete a backup in two steps, the first of which can be taken back', async () => {
    const { client } = web().holdfast;
    const { id } = await subject();
    const { id: backupId } = await client.waitFor((await client.backup(id)).id, ['done'], 20);
    const { page } = await open(() => `/databases/${id}/backups/${backupId}`);
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete backup' }).click();
    const deleted = page.getByRole('table', { name: 'Deleted backups' });
    await deleted.getByText('To be deleted').waitFor();
    await screenshots(page, 'database');
    await deleted.getByRole('button', { name: /^Undelete/ }).click();
    await deleted.waitFor({ state: 'detached' });
    await backups(page).locator(`a[href$="${backupId}"]`).waitFor();
  });
});
