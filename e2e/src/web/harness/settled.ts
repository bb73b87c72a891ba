import type { Page } from 'playwright-core';

/** Waits until the page shows what it has to show: nothing is loading, no picture moves. */
export async function settled(page: Page): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.locator('main h1').first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  await page.evaluate('document.fonts.ready.then(() => undefined)');
}

/** After the next frame, once nothing moves any more. */
const still = `new Promise((done) => requestAnimationFrame(() => setTimeout(done))).then(() =>
  Promise.allSettled(document.getAnimations().map((animation) => animation.finished))).then(() => undefined)`;

/** Chromium hands a colour by light-dark() on to children only with the next look at their styles. */
const anew = `document.body.style.display = 'none';
  document.body.getBoundingClientRect();
  document.body.style.display = ''`;

/** Shows the page in a theme, and waits until every colour is the theme's. */
export async function show(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.evaluate(still);
  await page.evaluate(anew);
}
