import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { sourceDatabase } from '../support/source.ts';
import { localDestination, register } from '../support/system.ts';
import { axeCheck, screenshots, useWeb } from './harness/index.ts';

const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

interface Told {
  path: string;
  id: string | undefined;
  body: string;
}

describe('setting up by the web page', () => {
  const web = useWeb(() => ({ sentinel: true }));
  let s3: TestS3;
  let receiver: Server;
  const told: Told[] = [];
  const receiverUrl = (): string => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

  before(async () => {
    s3 = await startS3();
    receiver = createServer((request, response) => {
      void text(request).then((body) => {
        told.push({ path: request.url ?? '', id: request.headers['webhook-id']?.toString(), body });
        response.writeHead(request.url === '/gone' ? 404 : 204).end(request.url === '/gone' ? 'no such topic' : '');
      });
    }).listen(0, '127.0.0.1');
  });
  beforeEach(() => web().signIn());
  after(async () => {
    receiver?.close();
    await s3?.stop();
  });

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const field = (page: Page, label: string) => page.getByLabel(label).and(page.locator('.input')).first();
  const fill = async (page: Page, fields: Record<string, string>): Promise<void> => {
    for (const [label, value] of Object.entries(fields)) await field(page, label).fill(value);
  };
  const isMarked = (page: Page, label: string) => field(page, label).getAttribute('aria-invalid');

  // The first here: it begins with nothing.
  it('leads from nothing to a database that is scheduled, verified and backed up off-site, in two steps', async () => {
    const { page, visit, holdfast } = web();
    const source = await sourceDatabase(0);
    await visit('/databases/new');
    await screenshots(page, 'database-new-kinds');
    await page.getByText('PostgreSQL', { exact: true }).click();
    await fill(page, { Host: source.host, Port: String(source.port), User: source.user, Password: 'wrong' });
    await fill(page, { 'Database on the server': source.name });
    await press(page, 'Test and continue');
    await page.getByText('The database server refused').waitFor();
    expect(await isMarked(page, 'Password')).to.equal('true');
    await axeCheck(page);
    await screenshots(page, 'database-new-refused');

    await fill(page, { Password: source.password });
    await press(page, 'Test and continue');
    await page.getByText(`ALTER ROLE "${source.user}" CREATEDB;`).waitFor();
    expect(await page.locator(':focus').textContent(), 'the step begins at its heading').to.equal('Where backups go');
    await page.goBack();
    expect(await field(page, 'Host').inputValue(), 'the way back is the step before').to.equal(source.host);
    await page.goForward();
    await page.getByText('S3-compatible').click();
    await fill(page, { Bucket: s3.bucket, 'Access key': s3.accessKey, 'Secret key': s3.secretKey });
    await page.getByLabel('Path-style addresses').check();
    await press(page, 'Add and back up now');
    await page.getByText('This field is required.').first().waitFor();
    expect(await isMarked(page, 'Label')).to.equal('true');
    expect(await field(page, 'Bucket').inputValue(), 'what was typed stays').to.equal(s3.bucket);
    await fill(page, { Label: 'Off-site', Endpoint: s3.endpoint });
    expect(await isMarked(page, 'Label'), 'what is written anew is not marked').to.equal(null);
    await page.reload();
    await page.getByText('What was typed before is here again').waitFor();
    expect(await field(page, 'Host').inputValue(), 'what was typed outlives a reload').to.equal(source.host);
    expect(await field(page, 'Password').inputValue(), 'but for what is secret').to.equal('');
    expect(await isMarked(page, 'Password')).to.equal('true');
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).to.not.include(s3.secretKey);
    await axeCheck(page);
    await screenshots(page, 'database-new-again');
    await fill(page, { Password: source.password });
    await press(page, 'Test and continue');
    expect(await isMarked(page, 'Secret key')).to.equal('true');
    await fill(page, { 'Access key': s3.accessKey, 'Secret key': s3.secretKey });
    await page.getByText('Backups are not encrypted', { exact: true }).waitFor();
    await page.getByText('Next runs:').waitFor();
    await axeCheck(page);
    await screenshots(page, 'database-new-protection');
    await press(page, 'Add and back up now');
    await page.waitForURL(/\/databases\/[0-9a-f-]{36}$/);

    expect(await page.evaluate('sessionStorage.length'), 'nothing is kept of what is finished').to.equal(0);

    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    type Found = { database_backups: { id: string }[]; schedules: { retention: object; verification: object }[] };
    const { client } = holdfast;
    const path = `/api/databases/${id}`;
    const { database_backups: backups } = await client.expect<Found>(200, 'GET', `${path}/backups`);
    expect(backups).to.have.length(1);
    await client.waitFor(backups[0]?.id ?? '', ['done'], 20);
    const { schedules } = await client.expect<Found>(200, 'GET', `${path}/schedules`);
    expect(schedules).to.have.length(1);
    expect(schedules[0]).to.deep.include({ cron: '0 3 * * *', timezone: 'UTC', enabled: true });
    expect(schedules[0]?.retention).to.include({ daily: 7, weekly: 4, monthly: 12 });
    expect(schedules[0]?.verification).to.include({ level: 'identical', every: 1 });
    await page.goto(`${holdfast.api.url}/databases/new`);
    await page.getByText('PostgreSQL', { exact: true }).click();
    await fill(page, { Host: source.host, Port: String(source.port), User: source.user, Password: source.password });
    await fill(page, { 'Database on the server': source.name });
    await press(page, 'Test and continue');
    await press(page, 'Add');
    await page.getByText('is the name of another database').waitFor();
    expect(await isMarked(page, 'Name in Holdfast'), 'a name that is taken is marked in the step before').to.equal(
      'true',
    );
    expect(await field(page, 'Host').inputValue()).to.equal(source.host);
  });

  it('shows what a destination holds, tests it, compares it and changes it', async () => {
    const { page, visit, holdfast } = web();
    const { client } = holdfast;
    const bucket = { s3_endpoint: s3.endpoint, s3_bucket_name: s3.bucket, path_style_endpoint: true };
    const keys = { s3_access_key: s3.accessKey, s3_secret_key: s3.secretKey };
    const asked = { label: 'Frankfurt', type: 'custom_s3', ...bucket, ...keys, s3_prefix: 'frankfurt' };
    const database = await register(holdfast, await sourceDatabase(0), await client.createDestination(asked));
    await client.waitFor((await client.backup(database)).id, ['done'], 20);
    await visit('/destinations');
    const held = page.getByRole('row', { name: /Frankfurt/ });
    await held.getByText('1 backup', { exact: true }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'destinations');
    await held.getByRole('link').click();
    await press(page, 'Test');
    await page.getByText('The destination works').waitFor();
    await axeCheck(page);
    await screenshots(page, 'destination-holds');
    await page.getByRole('tab', { name: 'Comparison' }).click();
    await press(page, 'Compare now');
    await page.getByText('Looked at').waitFor();
    await axeCheck(page);
    await screenshots(page, 'destination-comparison');
    await page.getByRole('tab', { name: 'Import' }).click();
    await press(page, 'Import now');
    await page.getByText('Known before').waitFor();
    await axeCheck(page);
    await screenshots(page, 'destination-import');
    await page.getByRole('tab', { name: 'Settings' }).click();
    await fill(page, { Bucket: 'elsewhere' });
    await press(page, 'Save');
    await page.getByText('which would be looked for in the new place').waitFor();
    await axeCheck(page);
    await screenshots(page, 'destination-settings');
    await page.getByRole('link', { name: 'How to encrypt them' }).click();
    await page.getByText('Backups to come are not encrypted').waitFor();
    await axeCheck(page);
    await screenshots(page, 'encryption-off');
    await page.route('**/api/account', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as object;
      await route.fulfill({ response: answer, json: { ...body, encryption: { recipients: [recipient] } } });
    });
    await page.reload();
    await page.getByText('Backups to come are encrypted to 1 public key').waitFor();
    await page.getByText(recipient).waitFor();
    await screenshots(page, 'encryption-on');
    await visit('/destinations/new');
    await page.getByText('Backups are encrypted before they are stored').waitFor();
    await page.getByText('Locks, keys that delete').click();
    await axeCheck(page);
    await screenshots(page, 'destination-new');
  });

  it('makes a notification channel, whose test says what the other side answered', async () => {
    const { page, visit } = web();
    await visit('/notifications');
    await page.getByText('Nobody is told yet').waitFor();
    await screenshots(page, 'notifications-empty');
    await page.getByRole('link', { name: 'Add channel' }).first().click();
    await field(page, 'Mail server').waitFor();
    await axeCheck(page);
    await screenshots(page, 'notification-new');
    await page.getByText('Webhook', { exact: true }).click();
    await fill(page, { Name: 'on call', URL: 'ftp://nowhere' });
    await press(page, 'Add channel');
    await field(page, 'URL').and(page.locator('[aria-invalid=true]')).waitFor();
    await fill(page, { URL: `${receiverUrl()}/hook` });
    await press(page, 'Add channel');
    await page.getByText('The signing secret is shown only now').waitFor();
    await press(page, 'Send a test');
    await page.getByText('Delivered in').waitFor();
    const [first] = told;
    expect(first).to.include({ path: '/hook' });
    expect(first?.id, 'the id of the delivery').to.be.a('string');
    expect(first?.body).to.contain('This is a test');
    await axeCheck(page);
    await screenshots(page, 'notification-channel');

    await fill(page, { URL: `${receiverUrl()}/gone` });
    await press(page, 'Save');
    await page.getByText('The channel was saved').waitFor();
    await press(page, 'Send a test');
    await page.getByText('The test was not delivered').waitFor();
    await page.getByText('no such topic').first().waitFor();
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await page.getByRole('cell', { name: 'Delivered' }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'notification-deliveries');
    await visit('/notifications');
    await page.getByRole('link', { name: 'on call' }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'notifications');
  });

  it('covers a whole server by a policy, and shows the token of a remote server once', async () => {
    const { page, visit, holdfast } = web();
    const source = await sourceDatabase(0);
    await localDestination(holdfast, 'policies');
    await visit('/policies/new');
    await fill(page, { Name: 'main', Host: source.host, Port: String(source.port), User: source.user });
    await fill(page, { Password: source.password, Covered: `${source.name}*` });
    await axeCheck(page);
    await screenshots(page, 'policy-new');
    await press(page, 'Add policy');
    await press(page, 'Test');
    await page.getByText('A run would now back up 1 database').waitFor();
    await press(page, 'Run now');
    await page.getByRole('tab', { name: 'Runs' }).click();
    await page.getByRole('cell', { name: '1 done' }).waitFor();
    await press(page, 'Details');
    await page.getByText('Covered for the first time').waitFor();
    await axeCheck(page);
    await screenshots(page, 'policy-runs');
    await visit('/policies');
    await page.getByRole('link', { name: 'main' }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'policies');

    await visit('/servers');
    await page.getByText('No remote server yet').waitFor();
    await axeCheck(page);
    await page.getByRole('button', { name: 'Add server' }).first().click();
    await fill(page, { Name: 'web-1' });
    await page
      .getByRole('dialog')
      .or(page.getByRole('alertdialog'))
      .getByRole('button', { name: 'Add server' })
      .click();
    await page.getByText('The token is shown only now').waitFor();
    const token = await page.getByRole('alertdialog').locator('pre').first().textContent();
    expect(token).to.match(/^\S{16}\.\S{64}$/);
    await axeCheck(page);
    await screenshots(page, 'server-token');
    await page.getByRole('link', { name: 'Done' }).click();
    await page.getByRole('heading', { level: 1, name: 'web-1' }).waitFor();
    expect(await page.content()).to.not.contain(token);
    await axeCheck(page);
    await screenshots(page, 'server');
  });
});
