import { expect } from 'chai';
import { changedFields } from './changed.ts';

describe('the changed fields of an audit entry', () => {
  const changed = (body: unknown, former: unknown = null) => changedFields(body, former)['changed'];

  it('have values only where these are known to be harmless, and never where a name speaks of secrets', () => {
    const body = {
      name: 'shop',
      note: 'a text that nobody knows',
      pin: 'x',
      password: 'x',
      secret_number: 1234,
      token: { name: 'x' },
      hooks: { before: [{ run: 'x' }] },
      url: 'https://x',
      keep: 7,
      enabled: true,
    };
    expect(changed(body)).to.deep.equal({
      name: { to: 'shop' },
      note: {},
      pin: {},
      password: {},
      secret_number: {},
      token: {},
      hooks: {},
      url: {},
      keep: { to: 7 },
      enabled: { to: true },
    });
  });

  it('say what was before where it is another value, without the envelope of the request', () => {
    const former = { cron: '0 3 * * *', timezone: 'UTC', catchUp: 'once', retention: { keepLast: 3 } };
    const body = { schedule: { cron: '0 4 * * *', timezone: 'UTC', catch_up: 'all', retention: { keep_last: 5 } } };
    expect(changed(body, former)).to.deep.equal({
      cron: { from: '0 3 * * *', to: '0 4 * * *' },
      timezone: { to: 'UTC' },
      catch_up: { from: 'once', to: 'all' },
      'retention.keep_last': { from: 3, to: 5 },
    });
  });

  it('are few and short, whatever is sent', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_one, n) => [`f${n}`, n]));
    expect(Object.keys(changed(many) as object)).to.have.length(100);
    expect(changed({ name: 'x'.repeat(1000), 'not a name': 1, ['x'.repeat(99)]: 1 })).to.deep.equal({
      name: { to: 'x'.repeat(200) },
    });
    expect(changed({ name: `${'x'.repeat(199)}😀`, database: '\ud800', user: 'a\0b' })).to.deep.equal({
      name: { to: `${'x'.repeat(199)}\ufffd` },
      database: { to: '\ufffd' },
      user: { to: 'a\ufffdb' },
    });
    expect(changed(null)).to.equal(undefined);
  });
});
