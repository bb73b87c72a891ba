import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { sourceDatabase } from '../support/source.ts';
import { localDestination, register } from '../support/system.ts';
import { axeCheck, screenshots, useWeb } from './harness/index.ts';

const day = 86_400_000;

describe('the overview and the alerts', () => {
  const web = useWeb(() => ({ sentinel: true, env: { HOLDFAST_ALERT_SECONDS: '0.5' } }));

  // The first here: it begins with nothing.
  it('leads an empty installation through what it lacks, and ticks what is done', async () => {
    const { page, visit, signIn, holdfast } = web();
    await signIn();
    await visit('/');
    const step = (name: string) => page.getByRole('listitem').filter({ hasText: name });
    await step('A destination').getByRole('link', { name: 'Add destination' }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'first-steps');
    await localDestination(holdfast, 'first');
    await page.reload();
    await page.getByText('A folder of this machine is there already').waitFor();
    const bucket = { s3_bucket_name: 'backups', s3_region: 'eu-central-1', s3_access_key: 'a', s3_secret_key: 'b' };
    const destinations = '/api/backup-destinations';
    const elsewhere = { label: 'elsewhere', type: 's3', ...bucket };
    const { data } = await holdfast.client.expect<{ data: { id: number } }>(201, 'POST', destinations, elsewhere);
    await page.reload();
    await page.getByText('A destination (done)').waitFor();
    await holdfast.client.expect(200, 'DELETE', `${destinations}/${data.id}`);
    await step('A database').getByRole('link', { name: 'Add database' }).click();
    await page.waitForURL('**/databases/new');
  });

  it('says which databases are not protected, why, and what to do, and learns by itself when one is', async () => {
    const { page, visit, signIn, holdfast } = web();
    const { client } = holdfast;
    const destination = await localDestination(holdfast, 'shop');
    const source = await sourceDatabase();
    const good = await register(holdfast, source, destination);
    const bad = await register(holdfast, source, destination, { password: 'wrong' });
    for (const id of [good, bad]) {
      await client.expect(201, 'POST', `/api/databases/${id}/schedules`, { cron: '0 3 * * *', timezone: 'UTC' });
    }
    await signIn();
    await visit('/');
    await page.getByText('2 of 2 databases are not protected.').waitFor();
    const tile = page.getByRole('button', { name: /Unprotected/ });
    expect(await tile.textContent()).to.match(/^2/);
    await page.getByText('Live', { exact: true }).waitFor();

    await client.waitFor((await client.backup(good)).id, ['done'], 30);
    await page.getByText('1 of 2 databases is not protected.').waitFor();
    await client.waitFor((await client.backup(bad)).id, ['error'], 30);
    const rows = page.getByRole('table', { name: 'Databases by protection' }).getByRole('row');
    expect(await rows.nth(1).textContent(), 'the worst is first').to.include('Unprotected');
    await page.getByRole('heading', { name: 'Open alerts' }).waitFor();
    await tile.click();
    await until('the other database to be left out', 15, async () => (await rows.count()) === 2);
  });

  it('shows what came of each day’s slots, reached by arrows alone', async () => {
    const { page, visit, signIn, holdfast } = web();
    const id = await register(holdfast, await sourceDatabase(0), await localDestination(holdfast, 'calendar'));
    const times = { cron: '0 3 * * *', timezone: 'UTC' };
    const path = `/api/databases/${id}/schedules`;
    const { schedule } = await holdfast.client.expect<{ schedule: { id: string } }>(201, 'POST', path, times);
    const at = (days: number) => new Date(Date.now() - days * day).toISOString();
    for (const [days, status] of [
      [1, 'missed'],
      [2, 'skipped'],
    ] as const) {
      const reason = status === 'skipped' ? `'overlap'` : 'null';
      await holdfast.database.query(
        `insert into holdfast.slots (schedule_id, scheduled_for, run_at, status, reason, covers, ended_at)
         values ('${schedule.id}', '${at(days)}', '${at(days)}', '${status}', ${reason}, 1, now())`,
      );
    }
    await signIn();
    await visit('/');
    const missed = page.getByRole('link', { name: /: 1 missed$/ });
    await missed.waitFor();
    await axeCheck(page);
    await screenshots(page, 'overview');
    await missed.focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.evaluate('document.activeElement?.getAttribute("aria-label")')).to.match(/: 1 skipped$/);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/databases/${id}?*`);
  });

  it('lists alerts by severity, and keeps an acknowledged one with the name of who did it', async () => {
    const { page, visit, signIn, holdfast } = web();
    const { client } = holdfast;
    const destination = await localDestination(holdfast, 'alerts');
    const id = await register(holdfast, await sourceDatabase(0), destination, { password: 'wrong' });
    const { database } = await client.expect<{ database: { name: string } }>(200, 'GET', `/api/databases/${id}`);
    await client.waitFor((await client.backup(id)).id, ['error'], 30);
    await signIn();
    await visit('/alerts');
    const failed = page.getByRole('row', { name: /Backup failed/ }).filter({ hasText: database.name });
    await failed.waitFor();
    await axeCheck(page);
    await screenshots(page, 'alerts');
    await failed.getByRole('button', { name: 'Acknowledge: Backup failed' }).click();
    await failed.getByText('e2e').waitFor();
    await page.getByRole('switch', { name: 'Also what is over' }).check();
    await page.waitForURL('**/alerts?state=all');
    await failed.waitFor();
  });

  it('says which service is silent, and what does not happen meanwhile', async () => {
    const { page, visit, signIn } = web();
    await signIn();
    await page.route('**/api/protection', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { services: { service: string; state: string }[] };
      for (const service of body.services) if (service.service === 'scheduler') service.state = 'silent';
      await route.fulfill({ response: answer, json: body });
    });
    await visit('/');
    await page.getByText('The scheduler is silent').waitFor();
    await page.getByText('no schedule starts a backup').waitFor();
  });
});
