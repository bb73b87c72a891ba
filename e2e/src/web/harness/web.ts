import type { Holdfast, HoldfastOptions } from '@holdfast/testing/services';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { useHoldfast } from '../../support/system.ts';
import { launchChromium, needsChromium } from './chromium.ts';
import { watchProblems } from './problems.ts';
import { pictureOfFailure, wide } from './screenshots.ts';

/** An installation and a browser in front of it. */
export interface Web {
  holdfast: Holdfast;
  /** A new tab for each test; cookies stay those of the suite. */
  page: Page;
  context: BrowserContext;
  /** Signs the browser in without its form. @param token the installation's, which may do everything, when absent */
  signIn(token?: string): Promise<void>;
  /** Opens a page of the installation. @param path begins with `/` */
  visit(path: string): Promise<void>;
}

/**
 * Starts a Holdfast and a browser for all tests of a suite; skips it where there is no browser. Each test fails when a script
 * failed, the content security policy refused something, or another place was asked.
 */
export function useWeb(options?: () => Promise<HoldfastOptions> | HoldfastOptions): () => Web {
  before(function skips() {
    needsChromium(this);
  });
  const holdfast = useHoldfast(options);
  let browser: Browser | undefined;
  let context: BrowserContext | undefined;
  let page: Page | undefined;
  let problems: readonly string[] = [];

  before(async () => {
    browser = await launchChromium();
    context = await browser.newContext({ viewport: wide, colorScheme: 'light', locale: 'en-GB', timezoneId: 'UTC' });
    context.setDefaultTimeout(10_000);
  });
  beforeEach(async () => {
    page = await context?.newPage();
    if (page) problems = watchProblems(page, new URL(holdfast().api.url).origin);
  });
  afterEach(async function check() {
    const { state, title = '' } = this.currentTest ?? {};
    if (state === 'failed' && page) await pictureOfFailure(page, title);
    await page?.close();
    expect(problems, `what must not happen on a page:\n${problems.join('\n')}`).to.deep.equal([]);
  });
  after(() => browser?.close());

  return () => {
    if (!context || !page) throw new Error('The browser runs only inside the tests of its suite.');
    const { request } = context;
    const current = page;
    const url = holdfast().api.url;
    return {
      holdfast: holdfast(),
      context,
      page: current,
      signIn: async (token = holdfast().token) => {
        const answer = await request.post(`${url}/api/session`, { data: { token } });
        expect(answer.status(), await answer.text()).to.equal(200);
      },
      visit: async (path) => {
        await current.goto(`${url}${path}`);
      },
    };
  };
}
