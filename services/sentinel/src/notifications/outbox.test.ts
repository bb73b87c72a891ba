import type { ClaimedDelivery } from '@holdfast/persistence';
import { Secret, type Delivery } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { openBed, type Bed } from '../testing/bed.test.ts';
import { startReceiver, thankYou, type Receiver } from '../testing/receiver.test.ts';

interface Told {
  type: string;
  data: {
    title: string;
    text: string | null;
    severity: string;
    events: { heading: string; text: string }[];
    more: number;
  };
}

describe('the outbox of notifications', () => {
  let bed: Bed;
  let receiver: Receiver;

  before(async () => {
    [bed, receiver] = [await openBed(), await startReceiver()];
  });
  after(async () => {
    await bed.close();
    await receiver.stop();
  });
  beforeEach(async () => {
    await bed.fresh();
    receiver.heard = [];
    receiver.answer = thankYou;
  });

  const secrets = (path = '/hook') => ({
    url: new Secret(receiver.url + path),
    signingSecret: new Secret(`whsec_${Buffer.alloc(32, 7).toString('base64')}`),
  });
  const told = (path?: string): Told[] => receiver.json<Told>(path);
  const types = (): string[] => told().map(({ type }) => type);

  it('tells that something is wrong and that it is over, in words, with a link, once', async () => {
    await bed.channel({ secrets: secrets() });
    await bed.alarm();
    for (let turns = 0; turns < 3; turns += 1) await bed.turn();
    expect(types()).to.deep.equal(['alert.raised']);
    const [first] = told();
    expect(first?.data.title).to.equal('Holdfast: backup failed: shop');
    expect(first?.data.events).to.have.length(1);
    expect(first?.data.events[0]).to.include({
      text: 'The last backup of "shop" failed: pg_dump ended with exit code 1.',
      link: `https://holdfast.example.com/databases/${bed.database.id}`,
      database: 'shop',
    });
    await bed.finish(await bed.begin());
    await bed.persistence.alerts.update();
    await bed.turn();
    expect(types()).to.deep.equal(['alert.raised', 'alert.cleared']);
    expect(told()[1]?.data.events[0]?.text).to.match(/^It is over\./);
  });

  it('makes no row for an account without channels, and tells nothing of what was before a channel', async () => {
    await bed.alarm();
    const events = await bed.sql(`select from holdfast.notification_events where account_id = ${bed.account.id}`);
    expect(events).to.have.length(0);
    await bed.channel({ secrets: secrets(), rules: { events: ['alert', 'backup'] } });
    await bed.persistence.alerts.update();
    await bed.turn();
    expect(receiver.heard).to.have.length(0);
  });

  it('tells of backups and restores that ended while no sentinel ran, each once, and of none that was cancelled', async () => {
    await bed.channel({ secrets: secrets(), rules: { events: ['backup', 'restore.failed'] } });
    await bed.sql(`update holdfast.notification_channels set created_at = now() - interval '3 days'`);
    await bed.finish(await bed.begin());
    await bed.fail(await bed.begin());
    const cancelled = await bed.begin();
    await bed.persistence.backups.requestCancel(cancelled.id);
    await bed.fail(cancelled);
    const long = `now() - interval '2 days'`;
    await bed.sql(
      `update holdfast.backups set completed_at = ${long}, created_at = ${long} where completed_at is not null`,
    );
    await bed.sql('delete from holdfast.notification_scans');
    for (let turns = 0; turns < 3; turns += 1) await bed.turn();
    expect(types()).to.have.members(['backup.done', 'backup.failed']);
    await bed.finish(await bed.begin());
    await bed.turn();
    expect(types().filter((type) => type === 'backup.done')).to.have.length(2);
  });

  it('gives each event to each channel that wants it exactly once, although several sentinels do so at once', async () => {
    const other = await bed.newDatabase('crm');
    await bed.channel({ name: 'all', secrets: secrets('/all') });
    await bed.channel({ name: 'crm', secrets: secrets('/crm'), rules: { databases: [other.id] } });
    await bed.channel({ name: 'critical', secrets: secrets('/critical'), rules: { leastSeverity: 'critical' } });
    await bed.channel({ name: 'restores', secrets: secrets('/restores'), rules: { events: ['restore'] } });
    await bed.channel({ name: 'off', secrets: secrets('/off'), enabled: false });
    await bed.alarm();
    await bed.alarm(other);
    await Promise.all(
      [bed.persistence, bed.other, bed.persistence].map(({ notifications }) => notifications.fanOut(500)),
    );
    await Promise.all([bed.turn(), bed.turn()]);
    expect(receiver.heard.map(({ path }) => path)).to.have.members(['/all', '/all', '/crm']);
    expect(await bed.deliveries()).to.have.length(3);
  });

  it('sends again under the same id what a sentinel left that was killed, and nobody else meanwhile', async () => {
    await bed.channel({ secrets: secrets() });
    await bed.alarm();
    await bed.persistence.notifications.fanOut(500);
    const killed = await bed.other.notifications.claim(30);
    expect(killed?.status).to.equal('pending');
    await bed.turn();
    expect(receiver.heard, 'while it may still be sending').to.have.length(0);
    const expire = (): Promise<unknown> =>
      bed.sql(`update holdfast.notification_channels set lease_until = now() - interval '1 second'`);
    await expire();
    const second = await bed.persistence.notifications.claim(30);
    expect(second).to.include({ id: killed?.id, attempts: 2 });
    const end = { outcome: 'delivered', error: null, answerStatus: 200, answer: '' } as const;
    const late = await bed.other.notifications.settle(killed as ClaimedDelivery, {
      ...end,
      retryInSeconds: 1,
      restSeconds: 0,
    });
    expect(late, 'who was given up').to.equal(false);
    await expire();
    await bed.turn();
    expect(receiver.heard.map(({ headers }) => headers['webhook-id'])).to.deep.equal([killed?.id]);
    const [delivery] = await bed.deliveries();
    expect(delivery).to.include({ status: 'done', attempts: 3 });
  });

  it('collects into one digest what comes within its minutes', async () => {
    await bed.channel({ secrets: secrets(), rules: { events: ['backup'], digestMinutes: 60 } });
    for (let count = 0; count < 3; count += 1) {
      await bed.finish(await bed.begin());
      await bed.turn();
    }
    expect(receiver.heard).to.have.length(0);
    await bed.skipWaiting();
    await bed.turn();
    expect(types()).to.deep.equal(['digest']);
    expect(told()[0]?.data.events.map(({ heading }) => heading)).to.deep.equal(Array(3).fill('backup done: shop'));
    await bed.finish(await bed.begin());
    await bed.turn();
    expect((await bed.deliveries()).map(({ status }) => status)).to.deep.equal(['scheduled', 'done']);
  });

  it('holds back what is beyond the limit of an hour, and says then how many and which: nothing is dropped', async () => {
    await bed.channel({ secrets: secrets(), rules: { events: ['backup'], mostPerHour: 2 } });
    for (let count = 0; count < 15; count += 1) await bed.finish(await bed.begin());
    await bed.turn();
    await bed.finish(await bed.begin());
    await bed.turn();
    expect(types()).to.deep.equal(['backup.done', 'backup.done']);
    const [held] = await bed.deliveries();
    expect(held).to.include({ cause: 'held', eventCount: 14 });
    const waits = (held?.nextAttemptAt.getTime() ?? 0) - Date.now();
    expect(waits).to.be.within(3_500_000, 3_600_000);
    await bed.skipWaiting();
    await bed.turn();
    expect(told()[2]).to.deep.include({ type: 'held' });
    expect(told()[2]?.data).to.include({ title: 'Holdfast: 14 messages were held back', more: 4 });
    expect(told()[2]?.data.text).to.contain('takes 2 in an hour');
  });

  it('repeats quietly, in one message, what is still wrong and nobody acknowledged, after its hours', async () => {
    const other = await bed.newDatabase('crm');
    await bed.channel({ secrets: secrets(), rules: { repeatHours: 4, events: ['alert.backup_failed'] } });
    await bed.channel({ name: 'never', secrets: secrets('/never') });
    await bed.alarm();
    await bed.alarm(other);
    await bed.turn();
    const later = (hours: number): Promise<unknown> =>
      bed.sql(`update holdfast.notification_deliveries set created_at = created_at - interval '${hours} hours'`);
    const repeated = (): Told[] => told('/hook').filter(({ type }) => type === 'repeat');
    await later(3);
    await bed.repeat();
    await bed.turn();
    expect(repeated()).to.have.length(0);
    await later(2);
    await Promise.all([bed.repeat(), bed.repeat()]);
    await bed.turn();
    expect(repeated().map(({ data }) => data.events.length)).to.deep.equal([2]);
    expect(told('/never').filter(({ type }) => type === 'repeat')).to.have.length(0);
    const alerts = await bed.persistence.alerts.list(bed.account.id, { open: true, limit: 10 });
    for (const { id } of alerts) await bed.persistence.alerts.acknowledge(bed.account.id, id, 'ada');
    await later(5);
    await bed.repeat();
    await bed.turn();
    expect(repeated()).to.have.length(1);
  });

  it('holds up no other channel, and no backup, by one that does not answer', async () => {
    const hung = Promise.withResolvers<void>();
    receiver.answer = ({ path }, response) => {
      if (path === '/hook') response.end();
      else hung.resolve();
    };
    await bed.channel({ name: 'dead', secrets: secrets('/dead') });
    await bed.alarm();
    await bed.persistence.notifications.fanOut(500);
    const dead = bed.turn();
    await hung.promise;
    await bed.channel({ secrets: secrets(), rules: { events: ['backup'] } });
    await bed.finish(await bed.begin());
    await bed.turn();
    expect(receiver.heard.filter(({ path }) => path === '/hook')).to.have.length(1);
    await receiver.stop();
    await dead;
    receiver = await startReceiver();
    const waiting = (await bed.deliveries()).find(({ channel }) => channel.name === 'dead') as Delivery;
    expect(waiting).to.include({ status: 'scheduled', attempts: 1 });
  });

  it('sends nothing more to a channel that is switched off, and sends again what is asked for, under its id', async () => {
    const { id } = await bed.channel({ secrets: secrets() });
    await bed.alarm();
    await bed.persistence.notifications.fanOut(500);
    await bed.persistence.channels.update(bed.account.id, id, { enabled: false });
    await bed.turn();
    const [ended] = await bed.deliveries();
    expect(ended).to.include({ status: 'error', error: 'The channel was switched off before this was sent.' });
    const { notifications } = bed.persistence;
    expect(await notifications.resend(bed.account.id, ended?.id ?? '')).to.include({ status: 'scheduled' });
    expect(await notifications.resend(bed.account.id, ended?.id ?? '')).to.equal('open');
    await bed.turn();
    expect(receiver.heard.map(({ headers }) => headers['webhook-id'])).to.deep.equal([ended?.id]);
  });

  it('forgets what was told long ago, and nothing that is open', async () => {
    await bed.channel({ secrets: secrets() });
    await bed.alarm();
    await bed.turn();
    await bed.sql(`update holdfast.notification_deliveries set ended_at = now() - interval '91 days'`);
    await bed.sql(`update holdfast.notification_events set at = now() - interval '91 days'`);
    await bed.persistence.notifications.forget(100);
    await bed.persistence.notifications.forget(100);
    expect(await bed.deliveries()).to.have.length(0);
    const events = await bed.sql(`select from holdfast.notification_events where account_id = ${bed.account.id}`);
    expect(events, 'of an alert that is open').to.have.length(1);
  });
});
