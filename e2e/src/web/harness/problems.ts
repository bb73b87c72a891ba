import type { Page } from 'playwright-core';

/** Requests that were refused are written there too, and are often what a test is about. */
const expected = /^Failed to load resource/;
/** Bull Board asks for a font elsewhere, which its policy refuses; it is shown in a frame, and not ours. */
const board = '/admin/queues';

/**
 * Writes down what must not happen on any page: errors of scripts, what the content security policy refused, requests to
 * another place than the installation.
 * @param origin of the installation
 */
export function watchProblems(page: Page, origin: string): readonly string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`error of a script: ${error.message}`));
  page.on('console', (message) => {
    const isBoards = message.location().url.startsWith(`${origin}${board}`);
    if (message.type() !== 'error' || expected.test(message.text()) || isBoards) return;
    problems.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (request.frame() !== page.mainFrame()) return;
    if (url.origin !== origin && url.protocol !== 'data:' && url.protocol !== 'blob:') {
      problems.push(`request to another place: ${url.href}`);
    }
  });
  return problems;
}
