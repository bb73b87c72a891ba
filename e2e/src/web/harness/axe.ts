import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { settled, show } from './settled.ts';

const source = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Frames are other pages. */
const everything: RunOptions = { iframes: false, resultTypes: ['violations'] };
const contrast: RunOptions = { ...everything, runOnly: ['color-contrast'] };

/** Demands that axe finds nothing on the page: everything in light, and the contrasts once more in dark. */
export async function axeCheck(page: Page): Promise<void> {
  await settled(page);
  await page.evaluate(source);
  const found: string[] = [];
  for (const [theme, options] of [
    ['dark', contrast],
    ['light', everything],
  ] as const) {
    await show(page, theme);
    for (const { id, help, nodes } of await violations(page, options)) {
      for (const node of nodes) {
        found.push(`${theme}, ${id}: ${help}\n    ${node.html.slice(0, 200)}\n    ${node.failureSummary ?? ''}`);
      }
    }
  }
  expect(found, `what axe finds on ${new URL(page.url()).pathname}:\n${found.join('\n')}`).to.deep.equal([]);
}

async function violations(page: Page, options: RunOptions): Promise<AxeResults['violations']> {
  const asked = `axe.run(document, ${JSON.stringify(options)}).then((results) => results.violations)`;
  return await page.evaluate<AxeResults['violations']>(asked);
}
