import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import type { Context } from 'mocha';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const program = places.find((place) => existsSync(place));
const built = join(import.meta.dirname, '../../../../packages/web/dist/index.html');

const howToEnable = 'The tests of the web page need a browser: sudo apt-get install --no-install-recommends chromium';

/** Skips a suite where there is no browser, except in CI. @throws Error when the page was not built */
export function needsChromium(context: Context): void {
  if (!existsSync(built)) throw new Error('The web page was not built: npm test builds it before it begins.');
  if (program !== undefined) return;
  if (process.env.CI) throw new Error(howToEnable);
  process.stderr.write(`skipped: ${howToEnable}\n`);
  context.skip();
}

/** Debian's Chromium without a window, that calls nobody by itself. */
export async function launchChromium(): Promise<Browser> {
  if (program === undefined) throw new Error(howToEnable);
  return await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
}
