import { expect } from 'chai';
import { changeOf, newChannelOf, newForm } from './form.ts';
import { newRules, rulesInWords, toldOf } from './rules.ts';

describe('the form of a notification channel', () => {
  const mail = {
    ...newForm(),
    name: ' mail ',
    host: 'smtp.example.com',
    from: 'a@example.com',
    to: 'b@x.org, c@x.org\n',
  };

  it('sends the fields of its type alone', () => {
    const written = { ...mail, url: 'https://example.com/hook', token: 'secret' };
    expect(newChannelOf(written)).to.deep.equal({
      name: 'mail',
      type: 'email',
      email: { host: 'smtp.example.com', encryption: 'starttls', from: 'a@example.com', to: ['b@x.org', 'c@x.org'] },
      rules: newRules(),
    });
    expect(newChannelOf({ ...written, type: 'slack' })).to.have.all.keys('name', 'type', 'url', 'rules');
    expect(newChannelOf({ ...written, type: 'ntfy' })).to.have.all.keys('name', 'type', 'url', 'token', 'rules');
  });

  it('keeps a secret that was not written anew, and takes it away with its user', () => {
    expect(changeOf({ ...mail, user: 'holdfast' }).email)
      .to.include({ user: 'holdfast' })
      .and.not.have.key('password');
    expect(changeOf(mail).email).to.include({ user: null, password: null });
    expect(changeOf({ ...mail, type: 'webhook' })).to.have.all.keys('name', 'rules');
  });

  it('says its rules in words', () => {
    expect(rulesInWords(newRules())).to.equal(
      'Alerts of all databases, warnings and worse; at once, again after 24 h while it lasts.',
    );
    const rules = { ...newRules(), events: ['backup.failed' as const], databases: ['a', 'b'], digest_minutes: 90 };
    expect(rulesInWords({ ...rules, repeat_hours: null, least_severity: 'info' })).to.equal(
      'Backups that failed of 2 chosen databases, of any severity; collected for 90 min, told once.',
    );
    expect(toldOf({ events: ['restore', 'alert', 'backup'] })).to.equal('everything');
  });
});
