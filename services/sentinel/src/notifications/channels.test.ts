import { Secret, type ChannelSecrets, type ChannelType, type MailSettings } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { openBed, type Bed } from '../testing/bed.test.ts';
import { startMailServer, type MailServer } from '../testing/mail-server.test.ts';
import { startReceiver, thankYou, type Heard, type Receiver } from '../testing/receiver.test.ts';

const signingSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const secretPath = '/services/T000/B000/very-secret-part';

describe('a notification channel', () => {
  let bed: Bed;
  let receiver: Receiver;
  let mailServer: MailServer;

  before(async () => {
    [bed, receiver, mailServer] = [await openBed(), await startReceiver(), await startMailServer()];
  });
  after(async () => {
    await bed.close();
    await receiver.stop();
    await mailServer.stop();
  });
  beforeEach(async () => {
    await bed.fresh();
    receiver.heard = [];
    receiver.answer = thankYou;
    mailServer.mails.length = 0;
  });

  const webhook = (path = secretPath) =>
    bed.channel({
      secrets: { url: new Secret(receiver.url + path), signingSecret: new Secret(signingSecret) },
    });
  const verified = ({ headers, body }: Heard, secret = signingSecret): unknown =>
    new Webhook(secret).verify(body, headers as Record<string, string>);
  const only = async () => {
    const [delivery] = await bed.deliveries();
    if (!delivery) throw new Error('There is no delivery.');
    return delivery;
  };

  it('signs each attempt so that the usual library verifies it, under an id that stays, until it is accepted', async () => {
    await webhook();
    await bed.alarm();
    receiver.answer = (_heard, response) => void response.writeHead(503).end(`no: ${secretPath}`);
    await bed.turn();
    await bed.turn();
    expect(receiver.heard, 'before its time').to.have.length(1);
    expect(await only()).to.include({
      status: 'scheduled',
      error: 'It was answered with 503.',
      answer: 'no: [redacted]',
    });
    await bed.skipWaiting();
    receiver.answer = thankYou;
    await bed.turn();
    const ids = receiver.heard.map((heard) => {
      expect(verified(heard)).to.have.property('type', 'alert.raised');
      return heard.headers['webhook-id'];
    });
    expect(ids).to.have.length(2).and.deep.equal([ids[0], ids[0]]);
    expect(await only()).to.include({ status: 'done', attempts: 2, answerStatus: 200, answer: 'thank you' });
    expect(() => verified({ ...(receiver.heard[0] as Heard), body: '{}' })).to.throw();
  });

  it('is signed by the former secret as well for a while after a rotation', async () => {
    const { id } = await webhook();
    const next = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
    const secrets = { signingSecret: new Secret(next), formerSigningSecret: new Secret(signingSecret) };
    const told = async (formerSecretUntil: Date): Promise<Heard> => {
      const settings = { formerSecretUntil: formerSecretUntil.toISOString() };
      await bed.persistence.channels.update(bed.account.id, id, { settings, secrets });
      await bed.persistence.notifications.test({ id, accountId: bed.account.id }, 'A test.');
      await bed.turn();
      return receiver.heard.at(-1) as Heard;
    };
    const during = await told(new Date(Date.now() + 60_000));
    expect(() => [verified(during), verified(during, next)]).to.not.throw();
    const afterwards = await told(new Date(Date.now() - 60_000));
    expect(verified(afterwards, next)).to.have.property('type', 'test');
    expect(() => verified(afterwards)).to.throw();
  });

  it('whose address was forgotten, or whose key is away, says so and gives up; set again it is told, but for what else was forgotten', async () => {
    const { id } = await webhook();
    await bed.sql(`update holdfast.notification_channels set secrets = 'v1.away.AA.AA.AA'`);
    await bed.alarm();
    await bed.turn();
    expect(await only())
      .to.include({ status: 'error' })
      .and.have.property('error')
      .that.contains('"away", which is not configured');
    await bed.sql(`update holdfast.notification_channels set secrets = 'v0.forgotten'`);
    await bed.persistence.notifications.resend(bed.account.id, (await only()).id);
    await bed.turn();
    expect(await only())
      .to.include({ status: 'error' })
      .and.have.property('error')
      .that.contains('was forgotten');
    const again = async (secrets: ChannelSecrets) => {
      await bed.persistence.channels.update(bed.account.id, id, { secrets });
      await bed.persistence.notifications.resend(bed.account.id, (await only()).id);
      await bed.turn();
      return await only();
    };
    const url = new Secret(receiver.url + secretPath);
    expect((await again({ url })).error)
      .to.contain('The signing secret')
      .and.contain('was forgotten');
    expect(receiver.heard, 'nothing goes out unsigned').to.have.length(0);
    expect(await again({ signingSecret: new Secret(signingSecret) })).to.include({ status: 'done' });
    verified(receiver.heard[0] as Heard);
  });

  it('waits as long as the other side asks for', async () => {
    await webhook();
    await bed.alarm();
    receiver.answer = (_heard, response) => void response.writeHead(429, { 'retry-after': '600' }).end();
    await bed.turn();
    const { nextAttemptAt } = await only();
    expect(nextAttemptAt.getTime() - Date.now()).to.be.within(590_000, 601_000);
  });

  it('follows no redirect, and connects to no address that is not allowed', async () => {
    await webhook();
    await bed.alarm();
    receiver.answer = (_heard, response) =>
      void response.writeHead(302, { location: `${receiver.url}/elsewhere` }).end();
    await bed.turn();
    expect(receiver.heard.map(({ path }) => path)).to.deep.equal([secretPath]);
    expect((await only()).error).to.contain('redirect, which is not followed');
    await bed.persistence.notifications.resend(bed.account.id, (await only()).id);
    await bed.turn({ HOLDFAST_ALLOWED_NETWORKS: '' });
    expect(receiver.heard).to.have.length(1);
    expect(await only()).to.include({ status: 'error' });
    expect((await only()).error).to.contain('HOLDFAST_ALLOWED_NETWORKS');
  });

  it('that is gone is an alert, which goes to the other channels and not to itself', async () => {
    const { id } = await webhook('/gone');
    await bed.channel({ name: 'other', type: 'slack', secrets: { url: new Secret(`${receiver.url}/other`) } });
    await bed.alarm();
    receiver.answer = ({ path }, response) => void response.writeHead(path === '/gone' ? 410 : 200).end();
    await bed.turn();
    const { raised } = await bed.persistence.alerts.update();
    expect(raised.map(({ kind, subjectId }) => [kind, subjectId])).to.deep.equal([['notifications_failing', id]]);
    await bed.turn();
    expect(receiver.heard.map(({ path }) => path)).to.have.members(['/gone', '/other', '/other']);
    receiver.answer = thankYou;
    await bed.persistence.notifications.test({ id, accountId: bed.account.id }, 'A test.');
    await bed.turn();
    expect((await bed.persistence.alerts.update()).cleared.map(({ kind }) => kind)).to.deep.equal([
      'notifications_failing',
    ]);
  });

  it('shows its secrets in no row, no error and no log', async () => {
    const token = 'tk_the-token-of-the-topic';
    await bed.channel({
      type: 'ntfy',
      secrets: { url: new Secret(receiver.url + secretPath), token: new Secret(token) },
    });
    await bed.alarm();
    receiver.answer = ({ headers }, response) =>
      void response.writeHead(400).end(`${headers.authorization} ${'x'.repeat(5000)}`);
    await bed.turn();
    const delivery = await only();
    expect(delivery.answer)
      .to.match(/^Bearer \[redacted\] x+ …$/)
      .and.have.length.below(2100);
    const rows = await bed.sql('select row_to_json(c) from holdfast.notification_channels c');
    const everything = JSON.stringify([rows, await bed.deliveries(), bed.logged()]);
    for (const secret of [token, secretPath, 'very-secret-part']) expect(everything).to.not.contain(secret);
  });

  it('takes each form that its type has', async () => {
    const types: ChannelType[] = ['slack', 'discord', 'teams', 'ntfy'];
    for (const type of types) {
      await bed.channel({ name: type, type, secrets: { url: new Secret(`${receiver.url}/${type}`) } });
    }
    await bed.sql(
      `update holdfast.databases set name = '<!everyone> [x](http://evil) @here' where id = '${bed.database.id}'`,
    );
    await bed.alarm();
    await bed.turn();
    const heard = (path: string) => receiver.json<Record<string, unknown>>(path)[0] ?? {};
    const [slack, discord, teams, ntfy] = [heard('/slack'), heard('/discord'), heard('/teams'), heard('/')];
    expect(slack['text']).to.contain('&lt;!everyone&gt;').and.not.contain('<!');
    expect(slack['blocks']).to.have.length(2);
    expect(discord['allowed_mentions']).to.deep.equal({ parse: [] });
    expect(JSON.stringify(discord['embeds'])).to.contain(String.raw`\\[x\\]\\(http`);
    expect(teams).to.have.nested.property('attachments[0].contentType', 'application/vnd.microsoft.card.adaptive');
    expect(teams).to.have.nested.property('attachments[0].content.type', 'AdaptiveCard');
    expect(ntfy).to.include({ topic: 'ntfy', priority: 4 });
    expect(ntfy['title']).to.contain('backup failed');
  });

  const mail = (change: Partial<MailSettings> = {}): MailSettings => ({
    host: '127.0.0.1',
    port: mailServer.port,
    protection: 'starttls',
    user: 'holdfast',
    from: 'holdfast@example.com',
    to: ['ops@example.com', 'dba@example.com'],
    certificates: mailServer.certificate,
    ...change,
  });
  const email = (settings: MailSettings, password = mailServer.password) =>
    bed.channel({ type: 'email', settings: { mail: settings }, secrets: { password: new Secret(password) } });

  it('sends mail by STARTTLS with a password, as text and as HTML', async () => {
    await email(mail());
    await bed.alarm();
    await bed.turn();
    const [sent] = mailServer.mails;
    expect(sent).to.include({ from: 'holdfast@example.com', isSecure: true, user: 'holdfast' });
    expect(sent?.to).to.deep.equal(['ops@example.com', 'dba@example.com']);
    expect(sent?.text).to.match(/^Subject: Holdfast: backup failed: shop\r$/m);
    expect(sent?.text).to.contain('Auto-Submitted: auto-generated').and.contain('text/html').and.contain('text/plain');
    expect(await only()).to.include({ status: 'done', answerStatus: 250 });
    expect(sent?.text).to.contain(`Message-ID: <${(await only()).id}@holdfast>`);
  });

  it('gives no password away where STARTTLS is not offered or the certificate is not the right one, and none in an error', async () => {
    const plain = await startMailServer(false);
    await email(mail({ port: plain.port }));
    await bed.alarm();
    await bed.turn();
    expect(await only()).to.include({ status: 'error', answerStatus: 500 });
    await bed.persistence.notifications.resend(bed.account.id, (await only()).id);
    const { id } = (await only()).channel;
    const settings = { mail: mail({ certificates: plain.certificate }) };
    await bed.persistence.channels.update(bed.account.id, id, { settings });
    await bed.skipWaiting();
    await bed.turn();
    expect(await only()).to.include({ status: 'scheduled', attempts: 1, answerStatus: null });
    const wrong = { settings: { mail: mail() }, secrets: { password: new Secret('wr0ng-password') } };
    await bed.persistence.channels.update(bed.account.id, id, wrong);
    await bed.skipWaiting();
    await bed.turn();
    expect(await only()).to.include({ status: 'error', answerStatus: 535 });
    expect((await only()).error).to.not.contain('wr0ng');
    expect([...mailServer.mails, ...plain.mails]).to.have.length(0);
    await plain.stop();
  });

  it('lets no message add a line to the head of a mail', async () => {
    await email(mail());
    const name = String.raw`shop\r\nBcc: eve@example.com\r\n\r\nHello`;
    await bed.sql(`update holdfast.databases set name = e'${name}' where id = '${bed.database.id}'`);
    await bed.alarm();
    await bed.turn();
    const [sent] = mailServer.mails;
    const head = sent?.text.split('\r\n\r\n')[0] ?? '';
    expect(head).to.contain('Subject: Holdfast: backup failed: shop').and.not.match(/^bcc:/im);
    expect(sent?.to).to.have.length(2);
  });

  it('of pings hears the beginning and the end of each backup of its schedule, with its id, and good only where it is good', async () => {
    const schedule = await bed.schedule();
    await bed.persistence.channels.setPing(schedule, new Secret(`${receiver.url}/ping/very-secret-part?a=1`));
    const good = await bed.begin(schedule);
    await bed.turn();
    await bed.finish(good);
    await bed.turn();
    await bed.fail(await bed.begin());
    const bad = await bed.begin(schedule);
    await bed.fail(bad);
    const damaged = await bed.begin(schedule);
    await bed.finish(damaged);
    await bed.persistence.backups.markDamaged(damaged.id, { state: 'missing', detail: 'It is gone.' });
    for (let turns = 0; turns < 3; turns += 1) await bed.turn();
    const ping = (kind: string, { id }: { id: string }): string => `/ping/very-secret-part${kind}?a=1&rid=${id}`;
    expect(receiver.heard.map(({ path }) => path)).to.deep.equal([
      ping('/start', good),
      ping('', good),
      ping('/fail', damaged),
    ]);
    expect(receiver.heard[0]?.body).to.match(/^The backup \S+_shop of "shop" has begun\.$/);
    const superseded = (await bed.deliveries()).filter(({ status }) => status === 'error');
    expect(superseded.map(({ backupId, ping }) => [backupId, ping])).to.deep.equal([[bad.id, 'fail']]);
    expect(await bed.persistence.schedules.findOwned(bed.account.id, bed.database.id, schedule.id)).to.include({
      ping: `${receiver.url}/…`,
    });
    await bed.persistence.channels.setPing(schedule, null);
    await bed.finish(await bed.begin(schedule));
    await bed.turn();
    expect(receiver.heard).to.have.length(3);
  });
});
