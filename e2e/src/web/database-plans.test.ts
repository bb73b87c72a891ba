import { sharedPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { heldDumps, holdDumps, sourceDatabase } from '../support/source.ts';
import { localDestination, register } from '../support/system.ts';
import { axeCheck, useBackedUp, screenshots, useWeb } from './harness/index.ts';

describe('the pages of restores, schedules, retention and settings', function suite() {
  this.timeout(90_000);
  const web = useWeb();
  const { open } = useBackedUp(web, 'plans');

  it('restore beside the database through the wizard, which looks first, and tell what came of it', async () => {
    const { page, source } = await open(({ id, backupId }) => `/databases/${id}/backups/${backupId}/restore`);
    const name = `${source.name}_again`;
    await page.getByRole('textbox', { name: 'New name' }).fill(source.name);
    await axeCheck(page);
    await screenshots(page, 'restore-target');
    await page.getByRole('button', { name: 'Look first' }).click();
    await page.getByText('exists: choose another name').waitFor();
    expect(await page.getByRole('button', { name: 'Go on' }).isDisabled(), 'with a blocker').to.equal(true);
    await axeCheck(page);
    await screenshots(page, 'restore-blocked');
    await page.getByRole('button', { name: 'Change the target' }).click();
    await page.getByRole('textbox', { name: 'New name' }).fill(name);
    await page.getByRole('button', { name: 'Look first' }).click();
    await page.getByText('Nothing speaks against it').waitFor();
    await screenshots(page, 'restore-look');
    await page.getByRole('button', { name: 'Go on' }).click();
    await axeCheck(page);
    await screenshots(page, 'restore-confirm');
    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    await page.getByText('Done', { exact: true }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'restore-done');
    const server = await sharedPostgres();
    expect(await server.query('postgres', `select datname from pg_database where datname = '${name}'`)).to.have.length(
      1,
    );
    await server.query('postgres', `drop database "${name}"`);
  });

  it('restore in place only when its name was typed, and undo it with one button', async () => {
    const { page, source, id } = await open(({ id, backupId }) => `/databases/${id}/backups/${backupId}/restore`);
    await source.query('create table later (id int)');
    const { database } = await web().holdfast.client.expect<{ database: { name: string } }>(
      200,
      'GET',
      `/api/databases/${id}`,
    );
    await page.getByText(/^In place of test_/).click();
    await page.getByRole('button', { name: 'Look first' }).click();
    await page.getByRole('button', { name: 'Go on' }).click();
    const replace = page.getByRole('button', { name: `Replace ${database.name}` });
    expect(await replace.isDisabled(), 'before the name was typed').to.equal(true);
    await axeCheck(page);
    await screenshots(page, 'restore-in-place');
    await page.getByLabel(`Type ${database.name} to confirm`).fill(database.name);
    await replace.click();
    await page.getByText('The former content is kept').waitFor();
    await page.getByRole('button', { name: 'Undo this restore' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Undo restore' }).click();
    await page.getByText('This restore was undone').waitFor();
    await page.getByText('Undone', { exact: true }).waitFor();
    const told = await page.locator('main .callout__title').allTextContents();
    expect(told, 'what is so now is said first').to.deep.equal([
      'This restore was undone',
      'Before it was undone',
      'What this restore brought is kept',
    ]);
    await axeCheck(page);
    await screenshots(page, 'restore-undone');
    await page.getByRole('link', { name: 'All restores' }).click();
    const undoing = page.getByRole('row', { name: /Back to the former content/ });
    await undoing.getByText('Done', { exact: true }).waitFor();
    await page.getByText('This restore was undone').waitFor();
    expect(await source.query(`select from pg_tables where tablename = 'later'`)).to.have.length(1);
    await axeCheck(page);
    await screenshots(page, 'database-restores');
  });

  it('add a schedule, tell its next five runs, pause it, and show what its rules would delete', async () => {
    const { page } = await open(({ id }) => `/databases/${id}?tab=schedules`);
    await page.getByText('Nothing backs this database up by itself').waitFor();
    await page.getByRole('button', { name: 'Add schedule' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add schedule' });
    await dialog.getByLabel('How often', { exact: true }).selectOption('Own cron expression');
    await dialog.getByLabel('Cron expression').fill('61 * * * *');
    await dialog.getByText(/cron expression is not valid/).waitFor();
    await dialog.getByLabel('Cron expression').fill('30 3 * * 1-5');
    await dialog.getByText(/Next runs/).waitFor();
    await axeCheck(page);
    await screenshots(page, 'schedule-dialog');
    await dialog.getByRole('button', { name: 'Add schedule' }).click();
    const next = page.getByRole('list', { name: 'Next runs' });
    await next.getByRole('listitem').nth(4).waitFor();
    expect(await next.getByRole('listitem').count()).to.equal(5);
    await page.getByRole('heading', { name: /At 03:30, Monday through Friday/ }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-schedules');
    await page.getByRole('switch', { name: 'On' }).click();
    await page.getByText('None: it is paused').waitFor();
    await page.getByRole('tab', { name: 'Retention' }).click();
    await page.getByText('No backups of this schedule yet').waitFor();
    await page.getByRole('button', { name: 'Try other rules' }).click();
    await axeCheck(page);
    await screenshots(page, 'database-retention');
    await page.getByRole('tab', { name: 'Verification' }).click();
    await page.getByRole('heading', { name: 'Newest backup' }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-verification');
  });

  it('explain a failure where it happened: what was met, and what helps', async () => {
    const { holdfast } = web();
    const source = await sourceDatabase();
    const destination = await localDestination(holdfast, 'wrong');
    const id = await register(holdfast, source, destination, { user: 'nobody', password: 'wrong' });
    const { id: backupId } = await holdfast.client.backup(id);
    await holdfast.client.waitFor(backupId, ['error'], 20);
    const { page } = await open(() => `/databases/${id}`);
    await page.getByText('The database server refused the user name or password', { exact: true }).waitFor();
    const row = page.getByRole('table', { name: 'Backups' });
    await row.getByText('Correct the user or the password of the registered database').waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-failed');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('The database server refused the user name or password', { exact: true }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-settings');
    const form = page.getByRole('form', { name: 'Connection' });
    await form.getByLabel('User').fill(source.user);
    await form.getByLabel('Password').fill(source.password);
    await form.getByRole('button', { name: 'Save connection' }).click();
    await page.getByText('Test the connection to see').waitFor();
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText('It works', { exact: true }).waitFor();
    expect(await page.content()).not.to.include(source.password.repeat(2));
  });

  it('show what a schedule’s rules would delete and why', async () => {
    const { holdfast } = web();
    const source = await sourceDatabase();
    const id = await register(holdfast, source, await localDestination(holdfast, 'rules'));
    const { schedule } = await holdfast.client.expect<{ schedule: { id: string } }>(
      201,
      'POST',
      `/api/databases/${id}/schedules`,
      { cron: '0 3 * * *', enabled: false, retention: { keep_last: 3 } },
    );
    for (let count = 0; count < 2; count += 1) {
      await holdfast.client.waitFor((await holdfast.client.backup(id)).id, ['done'], 20);
    }
    await holdfast.database.query(
      `update holdfast.backups set schedule_id = '${schedule.id}' where database_id = '${id}'`,
    );
    const { page } = await open(() => `/databases/${id}?tab=retention`);
    await page.getByText('2 backups: all would be kept').waitFor();
    await page.getByRole('button', { name: 'Try other rules' }).click();
    await page.getByLabel('The newest', { exact: false }).first().fill('1');
    await page.getByText('Of 2 backups, 1 would be deleted').waitFor();
    await page.getByRole('table', { name: 'Retention preview' }).getByText('Deleted', { exact: true }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-retention-preview');
  });

  it('say what a backup waits for, and where to look', async () => {
    const { holdfast, visit } = web();
    const { client } = holdfast;
    type Made = { server: { id: number }; database: { id: string } };
    const made = await client.expect<Made>(201, 'POST', '/api/servers', { server: { name: 'web-7' } });
    const bucket = { s3_bucket_name: 'backups', s3_region: 'eu-central-1', s3_access_key: 'a', s3_secret_key: 'b' };
    const destination = await client.createDestination({ label: 'waits', type: 's3', ...bucket });
    const database = { name: 'far', type: 'postgresql', server_id: made.server.id, destination_id: destination };
    const { id } = (await client.expect<Made>(201, 'POST', '/api/databases', { database })).database;
    const backup = await client.backup(id);
    const { page } = await open(() => `/databases/${id}`);
    await page.getByText('The agent on web-7 does not ask for work').waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-waits');
    await visit(`/databases/${id}/backups/${backup.id}`);
    await page.getByRole('link', { name: 'The remote server' }).click();
    await page.getByRole('heading', { level: 1, name: 'web-7' }).waitFor();
  });

  it('restore the databases of a run together, after a look at each, and cancel a run that goes on', async () => {
    const { client } = web().holdfast;
    const sources = await Promise.all([sourceDatabase(0), sourceDatabase(0)]);
    const [source, other] = sources;
    const { host, port, user, password } = source;
    const destination = await localDestination(web().holdfast, 'together');
    const place = { type: 'postgresql', host, port, user, password, destination_id: destination };
    const include = sources.map(({ name }) => name);
    const server_policy = { name: 'together', ...place, include, cron: '0 3 * * *' };
    type Made = { server_policy: { id: string } };
    const { id } = (await client.expect<Made>(201, 'POST', '/api/server-policies', { server_policy })).server_policy;
    const { page } = await open(() => `/policies/${id}?tab=runs`);
    const hold = await holdDumps(source);
    await page.getByRole('button', { name: 'Run now' }).click();
    await heldDumps(source);
    await page.getByRole('button', { name: 'Details' }).click();
    await page.getByRole('button', { name: 'Cancel run' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel run' }).click();
    await page.getByRole('table', { name: 'Runs' }).getByText('Cancelled', { exact: true }).first().waitFor();
    await screenshots(page, 'policy-run-cancelled');
    await hold.release();
    await page.getByRole('button', { name: 'Fold' }).click();
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('cell', { name: '2 done' }).waitFor();
    await page.getByRole('button', { name: 'Details' }).first().click();
    await page.getByRole('link', { name: 'Restore together' }).click();

    await page.getByText('In place of those in use').click();
    await page.getByRole('checkbox', { name: other.name }).uncheck();
    await page.getByRole('button', { name: 'Look first' }).click();
    await page.getByRole('button', { name: 'Go on' }).click();
    const replace = page.getByRole('button', { name: 'Replace 1 database' });
    expect(await replace.isDisabled(), 'before the name was typed').to.equal(true);
    await page.getByLabel('Type together to confirm').fill('together');
    expect(await replace.isDisabled(), 'once it was typed').to.equal(false);
    await axeCheck(page);
    await screenshots(page, 'run-restore-in-place');
    await page.getByRole('button', { name: 'Target (done)' }).click();
    await page.getByText('Beside them, under new names').click();
    await page.getByRole('checkbox', { name: other.name }).check();
    await page.getByLabel('Behind each name').fill('_back');
    await axeCheck(page);
    await screenshots(page, 'run-restore-target');
    await page.getByRole('button', { name: 'Look first' }).click();
    await page.getByText('Nothing speaks against it').waitFor();
    await axeCheck(page);
    await screenshots(page, 'run-restore-look');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'Restore 2 databases' }).click();
    await page.getByText('All 2 are done').waitFor();
    await axeCheck(page);
    await screenshots(page, 'run-restore-done');
    const server = await sharedPostgres();
    const names = sources.map(({ name }) => `${name}_back`);
    const like = `select datname from pg_database where datname in (${names.map((name) => `'${name}'`).join()})`;
    expect(await server.query('postgres', like)).to.have.length(2);
    for (const name of names) await server.query('postgres', `drop database "${name}"`);
  });
});
