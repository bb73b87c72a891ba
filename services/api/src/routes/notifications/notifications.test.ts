import type { DeliveryEnd } from '@holdfast/shared/domain';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { openApi, type Answer, type Tenant, type TestApi } from '../../harness.test.ts';

const path = '/api/notification-channels';
const url = 'https://127.0.0.1:9/hook/very-secret-part';
const answered: DeliveryEnd = {
  outcome: 'delivered',
  error: null,
  answerStatus: 204,
  answer: 'thank you',
  retryInSeconds: 5,
  restSeconds: 0,
};

describe('notification channels over HTTP', () => {
  let api: TestApi;
  let tenant: Tenant;
  let token: string;

  before(async () => {
    api = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8' });
    tenant = await api.tenant('ada');
    token = await api.token(tenant.account, ['admin']);
  });
  after(() => api.stop());

  const ask = (method: string, where: string, body?: unknown): Promise<Answer> =>
    api.request(method, where, { token, ...(body === undefined ? {} : { body }) });
  const channelOf = ({ json, text }: Answer) => {
    expect(json, text).to.have.property('channel');
    return json['channel'] as Record<string, unknown> & { id: string; rules: Record<string, unknown> };
  };
  let names = 0;
  const create = async (body: object) => {
    const answer = await ask('POST', path, { name: `channel ${(names += 1)}`, ...body });
    expect(answer.status, answer.text).to.equal(201);
    return channelOf(answer);
  };

  it('whose key is away are shown and changed otherwise, and are set again as a whole or not at all', async () => {
    const made = await create({ type: 'webhook', url });
    const row = `holdfast.notification_channels where id = '${made.id}'`;
    await api.own.query(`update ${row.replace(' where', " set secrets = 'v1.away.AA.AA.AA' where")}`);
    const renamed = channelOf(await ask('PATCH', `${path}/${made.id}`, { name: 'renamed' }));
    expect(renamed)
      .to.include({ name: 'renamed', url: null })
      .and.have.property('unreadable')
      .that.eqls(['url', 'rotate_secret']);
    const part = await ask('PATCH', `${path}/${made.id}`, { url });
    expect(part.status, part.text).to.equal(503);
    expect(part.text).to.include('away').and.include('HOLDFAST_SECRET_KEYS');
    expect(await api.own.query(`select secrets from ${row}`)).to.deep.equal([{ secrets: 'v1.away.AA.AA.AA' }]);
    const whole = channelOf(await ask('PATCH', `${path}/${made.id}`, { url, rotate_secret: true }));
    expect(whole).to.not.have.property('unreadable');
  });

  it('show the secret of a webhook once, and again only where it is rotated; no URL, password or token is shown at all', async () => {
    const made = await create({ type: 'webhook', url });
    expect(made['signing_secret']).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).to.include({ url: 'https://127.0.0.1:9/…', state: 'ok' });
    const rotated = channelOf(await ask('PATCH', `${path}/${made.id}`, { rotate_secret: true }));
    expect(rotated['signing_secret'])
      .to.match(/^whsec_/)
      .and.not.equal(made['signing_secret']);
    const mail = {
      host: '127.0.0.1',
      user: 'u',
      password: 'the-mail-pass',
      from: 'a@example.com',
      to: ['b@example.com'],
    };
    const mails = await create({ type: 'email', email: mail });
    expect(mails['email']).to.include({ port: 587, encryption: 'starttls', has_password: true });
    await create({ type: 'ntfy', url: 'http://127.0.0.1:9/topic-x', token: 'tk_secret' });
    await ask('PATCH', `${path}/${mails.id}`, { email: { to: ['c@example.com'] }, rules: { digest_minutes: 5 } });
    const shown = [await ask('GET', path), await ask('GET', `${path}/${mails.id}`)].map(({ text }) => text).join('');
    for (const secret of ['whsec_', 'very-secret', 'the-mail-pass', 'tk_secret', 'topic-x']) {
      expect(shown + api.logged()).to.not.contain(secret);
    }
    expect(shown).to.contain('c@example.com').and.contain('"digest_minutes":5');
    const opened = await api.deps.persistence.channels.findOwned(tenant.account.id, mails.id);
    expect(opened?.secrets.password?.reveal(), 'what was not given stays').to.equal('the-mail-pass');
  });

  it('refuse in words what could not work', async () => {
    const base = { name: 'refused', type: 'webhook', url };
    const mail = { host: '127.0.0.1', from: 'a@example.com', to: ['b@example.com'] };
    const refused: [body: object, field: string, words: RegExp][] = [
      [{ ...base, url: undefined }, 'url', /required/],
      [{ ...base, url: 'https://10.0.0.1/x' }, 'url', /HOLDFAST_ALLOWED_NETWORKS/],
      [{ ...base, token: 'x' }, 'token', /must be left out/],
      [{ ...base, rules: { databases: ['nobody'] } }, 'rules.databases', /of this account/],
      [{ ...base, rules: { events: ['alert.nothing'] } }, 'rules.events.0', /must be one of/],
      [{ name: 'x', type: 'email' }, 'email', /required/],
      [{ name: 'x', type: 'email', email: { ...mail, from: 'a@b.c\r\nBcc: d@e.f' } }, 'email.from', /e-mail address/],
      [{ name: 'x', type: 'email', email: { ...mail, to: ['a@b.c, d@e.f'] } }, 'email.to.0', /e-mail address/],
      [{ name: 'x', type: 'email', email: { ...mail, user: 'u' } }, 'email.password', /user field is/],
      [
        { name: 'x', type: 'email', email: { ...mail, user: 'u', password: 'p', encryption: 'none' } },
        'email.encryption',
        /starttls or tls/,
      ],
    ];
    for (const [body, field, words] of refused) {
      const { status, json, text } = await ask('POST', path, body);
      expect(status, text).to.equal(422);
      expect((json['errors'] as Record<string, string[]>)[field]?.join(' '), text).to.match(words);
    }
    await create({ name: 'taken', type: 'slack', url });
    expect((await ask('POST', path, { name: 'taken', type: 'slack', url })).status).to.equal(422);
  });

  it('are tried by the process that sends, and tell what the other side said', async () => {
    const { id } = await create({ type: 'slack', url, enabled: false });
    const trial = ask('POST', `${path}/${id}/test`);
    const { notifications } = api.deps.persistence;
    const claimed = await until('the trial to be in the outbox', 15, () => notifications.claim(30));
    expect(claimed).to.include({ cause: 'test', channelId: id });
    await notifications.settle(claimed, answered);
    const { status, json, text } = await trial;
    expect(status, text).to.equal(200);
    expect(json).to.include({
      delivered: true,
      status: 204,
      answer: 'thank you',
      error: null,
      delivery_id: claimed.id,
    });
    const again = await ask('POST', `/api/notification-deliveries/${claimed.id}/resend`);
    expect(again.status, again.text).to.equal(202);
    expect((await ask('POST', `/api/notification-deliveries/${claimed.id}/resend`)).status).to.equal(409);
    const listed = await ask('GET', `/api/notification-deliveries?channel=${id}&state=scheduled`);
    expect(listed.json['deliveries']).to.have.length(1);
    expect(
      (await ask('GET', `/api/notification-deliveries?channel=${id}&state=done`)).json['deliveries'],
    ).to.have.length(0);
    expect((await ask('DELETE', `${path}/${id}`)).status).to.equal(204);
    expect((await ask('GET', `${path}/${id}`)).status).to.equal(404);
  });

  it('of pings belong to a schedule, which shows nothing of their URL that is secret', async () => {
    const schedules = `/api/databases/${tenant.database.id}/schedules`;
    const body = { cron: '0 3 * * *', ping: { url: 'https://hc-ping.com/very-secret-part' } };
    const made = await ask('POST', schedules, body);
    expect(made.status, made.text).to.equal(201);
    const { id, ping } = made.json['schedule'] as { id: string; ping: unknown };
    expect(ping).to.deep.equal({ url: 'https://hc-ping.com/…' });
    expect((await ask('GET', schedules)).text)
      .to.contain('hc-ping.com')
      .and.not.contain('very-secret');
    expect((await ask('GET', path)).text).to.not.contain('hc-ping.com');
    const cleared = await ask('PATCH', `${schedules}/${id}`, { ping: null });
    expect(cleared.json['schedule']).to.have.property('ping', null);
  });
});
