import { expect } from 'chai';
import type { Page, Request } from 'playwright-core';
import { axeCheck, screenshots, useWeb } from './harness/index.ts';

/** Sum of what the answers took on the wire, headers and bodies, until nothing more is asked for. */
async function transferred(page: Page, load: () => Promise<void>): Promise<number> {
  const sizes: Promise<number>[] = [];
  const note = async (request: Request): Promise<number> => {
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    return responseBodySize + responseHeadersSize;
  };
  page.on('requestfinished', (request) => sizes.push(note(request)));
  await load();
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe('signing in to the web page', () => {
  const web = useWeb();

  const form = (page: Page) => ({
    token: page.getByLabel('API token'),
    send: page.getByRole('button', { name: 'Sign in' }),
  });

  it('asks whoever opens any page for a token, refuses a wrong one in words, and goes on to that page with a right one', async () => {
    const { page, visit, holdfast } = web();
    await visit('/tokens');
    await page.waitForURL('**/sign-in?from=%2Ftokens');
    const { token, send } = form(page);
    await send.click();
    await page.getByText('Paste a token').waitFor();
    await axeCheck(page);
    await screenshots(page, 'sign-in');

    await token.fill('hf_wrong');
    await send.click();
    await page.getByText('This token is not valid').waitFor();
    expect(await token.getAttribute('aria-invalid')).to.equal('true');
    expect(await token.evaluate((element) => element.matches(':focus'))).to.equal(true);

    await token.fill(` ${holdfast.token}\n`);
    await send.click();
    await page.getByRole('heading', { level: 1, name: 'Tokens' }).waitFor();
    expect(new URL(page.url()).pathname).to.equal('/tokens');
  });

  it('says when the server cannot be reached, and keeps what was typed', async () => {
    const { page, visit, context } = web();
    await context.clearCookies();
    await visit('/sign-in');
    const { token, send } = form(page);
    await token.fill('hf_kept');
    await page.route('**/api/session', (route) => route.abort());
    await send.click();
    await page.getByRole('alert').getByText('The server could not be reached').waitFor();
    expect(await token.inputValue()).to.equal('hf_kept');
  });

  it('takes a keyboard alone, from the token over the skip link to another page and out again', async () => {
    const { page, visit, context, holdfast } = web();
    await context.clearCookies();
    await visit('/sign-in');
    await form(page).token.waitFor();
    await page.keyboard.type(holdfast.token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

    const focused = () => page.evaluate('document.activeElement?.textContent?.trim() ?? ""');
    await page.keyboard.press('Tab');
    await page.getByRole('link', { name: 'Skip to the content' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement?.id')).to.equal('main');

    await page.getByRole('link', { name: 'Alerts' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor();
    expect(await focused(), 'the focus follows to the heading').to.equal('Alerts');
    expect(await page.title()).to.equal('Alerts · Holdfast');

    await page.evaluate(`sessionStorage.setItem('holdfast-draft-any', '{}')`);
    await page.getByRole('button', { name: 'Sign out' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sign-in*');
    expect((await context.cookies()).map(({ name }) => name)).to.deep.equal([]);
    expect(await page.evaluate('sessionStorage.length'), 'drafts').to.equal(0);
  });

  it('asks again where one was when the session has ended', async () => {
    const { page, visit, context, signIn } = web();
    await signIn();
    await visit('/databases');
    await page.getByRole('heading', { level: 1, name: 'Databases' }).waitFor();
    await context.clearCookies();
    await page.getByRole('link', { name: 'Tokens' }).click();
    await page.waitForURL('**/sign-in?from=%2Ftokens');
  });

  it('loads its first page in less than 300 kB', async () => {
    const { page, visit, signIn, context } = web();
    await signIn();
    await (await context.newCDPSession(page)).send('Network.clearBrowserCache');
    const bytes = await transferred(page, async () => {
      await visit('/');
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      await page.waitForLoadState('load');
    });
    expect(bytes).to.be.greaterThan(50_000).and.lessThan(300_000);
  });

  it('keeps the theme that was chosen', async () => {
    const { page, visit, signIn } = web();
    await signIn();
    await visit('/');
    await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
    const ground = () => page.evaluate<string>('getComputedStyle(document.documentElement).colorScheme');
    expect(await ground()).to.equal('dark');
    await page.reload();
    await page.getByRole('radio', { name: 'Dark' }).waitFor({ state: 'attached' });
    expect(await ground()).to.equal('dark');
    await page.getByRole('radio', { name: 'As the system' }).check({ force: true });
    expect(await ground()).to.equal('light dark');
  });
});
