import { expect } from 'chai';
import { forgetDraft, forgetDrafts, keepDraft, keptDraft } from './drafts.ts';

/** What of a browser's storage is used: entries are properties of their own, methods are not. */
class Storage {
  getItem(this: Record<string, string>, key: string): string | null {
    return this[key] ?? null;
  }
  setItem(this: Record<string, string>, key: string, value: string): void {
    this[key] = value;
  }
  removeItem(this: Record<string, string>, key: string): void {
    delete this[key];
  }
}

describe('drafts', () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'sessionStorage');
  const store = (value: unknown): void => {
    Object.defineProperty(globalThis, 'sessionStorage', { value, configurable: true });
  };
  beforeEach(() => store(new Storage()));
  after(() => {
    if (before) Object.defineProperty(globalThis, 'sessionStorage', before);
    else delete (globalThis as { sessionStorage?: unknown }).sessionStorage;
  });

  it('are given to whoever typed them alone, until they are forgotten', () => {
    keepDraft('database', 'ada', { host: 'db' });
    expect(keptDraft('database', 'ada')).to.deep.equal({ host: 'db' });
    expect(keptDraft('database', 'bob')).to.equal(null);
    forgetDraft('database');
    expect(keptDraft('database', 'ada')).to.equal(null);
  });

  it('all go when the session is ended, and nothing else of the page', () => {
    keepDraft('database', 'ada', {});
    sessionStorage.setItem('other', 'stays');
    forgetDrafts();
    expect(Object.keys(sessionStorage)).to.deep.equal(['other']);
  });

  it('are not kept where the browser keeps nothing, and are null where what is kept is none', () => {
    sessionStorage.setItem('holdfast-draft-database', 'no json');
    expect(keptDraft('database', 'ada')).to.equal(null);
    store(undefined);
    keepDraft('database', 'ada', {});
    expect(keptDraft('database', 'ada')).to.equal(null);
    expect(forgetDrafts).to.not.throw();
  });
});
