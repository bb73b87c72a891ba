import { expect } from 'chai';
import { pageAfter } from './page-after.ts';

describe('the page after signing in', () => {
  it('is the one where one was', () => {
    expect(pageAfter('/databases/1?tab=trends')).to.equal('/databases/1?tab=trends');
  });

  it('is the overview when nothing, another site or the sign-in page itself is asked for', () => {
    for (const from of [null, '', 'https://example.com/', '//example.com', '/\\example.com', '/sign-in?from=/']) {
      expect(pageAfter(from), String(from)).to.equal('/');
    }
  });
});
