import { expect } from 'chai';
import { axeCheck, screenshots, useWeb } from './harness/index.ts';

describe('the pages of tokens, the audit log and the queues', () => {
  const web = useWeb();

  it('shows a new token once, which works until it is revoked', async () => {
    const { page, visit, signIn, holdfast } = web();
    await signIn();
    await visit('/tokens');
    await page.getByText('You', { exact: true }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'tokens');

    await page.getByRole('button', { name: 'New token' }).click();
    const dialog = page.getByRole('dialog', { name: 'New token' });
    await dialog.getByLabel('Name').fill('nightly');
    await dialog.getByLabel('databases:read').check();
    await dialog.getByLabel('Ends after').selectOption('30 days');
    await axeCheck(page);
    await dialog.getByRole('button', { name: 'Make token' }).click();
    const token = await dialog.getByText(/^hf_/).textContent();
    const ask = () => fetch(`${holdfast.api.url}/api/databases`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).to.equal(200);
    await dialog.getByRole('button', { name: 'I have copied it' }).click();
    const row = page.getByRole('row', { name: /nightly/ });
    await row.getByText('in 30 days').waitFor();
    expect(await page.content()).not.to.include(token);

    await row.getByRole('button', { name: 'Revoke nightly' }).click();
    const question = page.getByRole('alertdialog');
    await question.getByText('This cannot be undone').waitFor();
    await question.getByRole('button', { name: 'Revoke token' }).click();
    await row.getByText('Revoked').waitFor();
    expect((await ask()).status).to.equal(401);
  });

  it('says why the last token of an administrator cannot be revoked', async () => {
    const { page, visit, signIn } = web();
    await signIn();
    await visit('/tokens');
    await page
      .getByRole('button', { name: /^Revoke / })
      .first()
      .click();
    const question = page.getByRole('alertdialog');
    await question.getByText('It is your own').waitFor();
    await question.getByRole('button', { name: 'Revoke token' }).click();
    await question.getByText('last valid token with the scope admin').waitFor();
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
  });

  it('shows what was done by whom, finds it again, and verifies the chain', async () => {
    const { page, visit, signIn, holdfast } = web();
    const path = '/api/tokens';
    const asked = { token: { name: 'weekly', scopes: ['databases:read'] } };
    const { token } = await holdfast.client.expect<{ token: { id: string } }>(201, 'POST', path, asked);
    await holdfast.client.expect(204, 'DELETE', `${path}/${token.id}`);
    await signIn();
    await visit('/audit');
    const entry = page.getByRole('row', { name: /token\.create/ }).first();
    await entry.getByText('weekly', { exact: true }).waitFor();
    await axeCheck(page);
    await screenshots(page, 'audit');
    await page.getByLabel('Action').fill('token.revoke');
    await page.getByRole('button', { name: 'Filter' }).click();
    await entry.waitFor({ state: 'detached' });
    await page
      .getByRole('row', { name: /token\.revoke/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Verify chain' }).click();
    await page.getByText('The chain is whole').waitFor();
  });

  it('shows the queues in a frame, behind the same session', async () => {
    const { page, visit, signIn } = web();
    await signIn();
    await visit('/queues');
    await page
      .frameLocator('iframe[title="Queues in Bull Board"]')
      .getByText('Queues', { exact: false })
      .first()
      .waitFor();
    await axeCheck(page);
    await screenshots(page, 'queues');
  });
});
