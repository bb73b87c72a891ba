import { expect } from 'chai';
import { detailsInWords } from './details.ts';

describe('the details of an entry of the audit log', () => {
  it('name every changed field, with its values where they are told, and leave nothing out', () => {
    const changed = { cron: { from: '0 3 * * *', to: '0 4 * * *' }, password: {}, enabled: { to: true } };
    expect(detailsInWords({ changed, query: { force: 'true' } })).to.deep.equal([
      'cron: 0 3 * * * → 0 4 * * *',
      'password',
      'enabled: true',
      'query: {"force":"true"}',
    ]);
    expect(detailsInWords({ changed: ['name'], scopes: ['a', 'b'] })).to.deep.equal(['name', 'scopes: a, b']);
    expect(detailsInWords({})).to.deep.equal([]);
  });
});
