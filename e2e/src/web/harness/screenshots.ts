import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { settled, show } from './settled.ts';

export const wide = { width: 1280, height: 800 };
const phone = { width: 360, height: 740 };
const folder = join(import.meta.dirname, '../../../../.holdfast/screenshots');

/**
 * Pictures of the whole page for people to look at, in both themes and as on a phone, in `.holdfast/screenshots/`; none in CI,
 * where nobody looks. On the phone nothing may stick out.
 * @param name of the page, which the files' names begin with
 */
export async function screenshots(page: Page, name: string): Promise<void> {
  await settled(page);
  mkdirSync(folder, { recursive: true });
  const take = async (kind: string): Promise<void> => {
    if (process.env['CI']) return;
    await page.screenshot({ path: join(folder, `${name}-${kind}.png`), fullPage: true });
  };
  await show(page, 'dark');
  await take('dark');
  await show(page, 'light');
  await take('light');
  await page.setViewportSize(phone);
  await take('phone');
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  await page.setViewportSize(wide);
  expect(width, `the width of ${name} on a phone of ${phone.width} px`).to.be.at.most(phone.width);
}

/** What a failed test saw. */
export async function pictureOfFailure(page: Page, title: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const name = title.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 80);
  await page.screenshot({ path: join(folder, `failed-${name}.png`) });
}
