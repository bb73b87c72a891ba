import type { TestDatabase } from '@holdfast/testing/postgres';
import type { Page } from 'playwright-core';
import { sourceDatabase } from '../../support/source.ts';
import { localDestination, register } from '../../support/system.ts';
import type { Web } from './web.ts';

interface Subject {
  source: TestDatabase;
  /** The registered database. */
  id: string;
  /** A good backup of it. */
  backupId: string;
}

interface BackedUp {
  subject: () => Promise<Subject>;
  /** A page of it, seen by somebody who is signed in. */
  open: (path: (subject: Subject) => string) => Promise<Subject & { page: Page }>;
}

/** One database with a backup, which all tests of a file look at. It is made by the first that asks for it. */
export function useBackedUp(web: () => Web, label: string): BackedUp {
  let made: Promise<Subject> | undefined;
  const make = async (): Promise<Subject> => {
    const { holdfast } = web();
    const source = await sourceDatabase();
    const id = await register(holdfast, source, await localDestination(holdfast, label));
    const backup = await holdfast.client.backup(id);
    await holdfast.client.waitFor(backup.id, ['done'], 20);
    return { source, id, backupId: backup.id };
  };
  const subject = (): Promise<Subject> => (made ??= make());
  const open: BackedUp['open'] = async (path) => {
    const browser = web();
    // Behind what is waited for are dumps and restores by real programs.
    browser.page.setDefaultTimeout(25_000);
    const given = await subject();
    await browser.signIn();
    await browser.visit(path(given));
    return { ...given, page: browser.page };
  };
  return { subject, open };
}
