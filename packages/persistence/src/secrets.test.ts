import { randomBytes } from 'node:crypto';
import { connectionOf, HoldfastError, isForgotten, Secret } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { SecretBox, type SecretKey } from '@holdfast/shared/security';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { migrate } from './migrate.ts';
import { openPersistence } from './open-persistence.ts';
import type { Persistence } from './repositories/index.ts';
import { sealedColumns } from './sealed.ts';

const newKey = (id: string): SecretKey => ({ id, key: randomBytes(32) });
const [old, current] = [newKey('old'), newKey('new')];

describe('the keys of stored secrets', () => {
  let database: TestDatabase;
  const opened: Persistence[] = [];

  const withKeys = async (...keys: [SecretKey, ...SecretKey[]]): Promise<Persistence> => {
    const persistence = await openPersistence({
      url: new Secret(database.url),
      box: new SecretBox(keys),
      ids: systemIds,
      poolSize: 2,
    });
    opened.push(persistence);
    return persistence;
  };

  /** An account with a secret in each column that holds some. */
  const fill = async (
    persistence: Persistence,
    name: string,
    count = 1,
  ): Promise<{ destination: number; key: string }> => {
    const { id: accountId } = await persistence.accounts.create(name);
    const keys = { accessKey: new Secret('AKIA'), secretKey: new Secret('s3cret') };
    const deletionKeys = { accessKey: new Secret('AKID'), secretKey: new Secret('d3lete') };
    const settings = { bucket: 'b', region: null, endpoint: null, pathStyle: true, prefix: '', maxParts: 10_000 };
    const { id: destination } = await persistence.destinations.create(accountId, {
      label: 'S3',
      type: 's3',
      settings,
      ...keys,
      deletionKeys,
    });
    for (let number = 0; number < count; number += 1) {
      await persistence.databases.create(accountId, {
        name: `${name}${number}`,
        type: 'postgresql',
        host: 'h',
        port: 5432,
        user: 'u',
        password: new Secret(`password ${number}`),
        database: 'd',
        options: {},
        destinationId: destination,
      });
    }
    await persistence.channels.create(accountId, {
      name: 'ops',
      type: 'slack',
      settings: {},
      secrets: { url: new Secret('https://hooks.example.com/the-path') },
      rules: {
        events: null,
        leastSeverity: 'info',
        databases: null,
        digestMinutes: null,
        repeatHours: null,
        mostPerHour: 60,
      },
      enabled: true,
    });
    const key = `request of ${name}`;
    const begun = await persistence.idempotency.begin({ accountId, key, fingerprint: 'f' }, 60);
    if (begun.state !== 'held') throw new HoldfastError('internal');
    await persistence.idempotency.keep(begun.held, 201, new Secret('the answer'));
    return { destination, key };
  };

  beforeEach(async () => {
    database = await testDatabase();
    await migrate(new Secret(database.url));
  });
  afterEach(async () => {
    for (const persistence of opened.splice(0)) await persistence.close();
    await database.drop();
  });

  it('are all known: no column that must be sealed is left out of a rotation', async () => {
    const rows = await database.query(
      `select c.conrelid::regclass::text as "table", a.attname as "column" from pg_constraint c
       join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
       where c.contype = 'c' and pg_get_constraintdef(c.oid) like '%^v[0-9]+[.]%'`,
    );
    const listed = sealedColumns.map(({ table, column }) => `${table}.${column}`);
    const checked = rows.map(({ table, column }) => `${String(table)}.${String(column)}`);
    expect(checked).to.have.length(8);
    expect(listed).to.include.members(checked);
    expect(listed)
      .to.have.length(checked.length + 1)
      .and.include('holdfast.idempotency_keys.answer');
  });

  it('rotate: every secret opens with the new key alone, also those of many pages', async () => {
    const before = await withKeys(old);
    const { destination, key } = await fill(before, 'ada', 520);
    const both = await withKeys(current, old);
    expect(await both.secrets.sealedBy()).to.deep.equal([
      { keyId: 'new', secrets: 0, inUse: true, known: true },
      { keyId: 'old', secrets: 526, inUse: false, known: true },
    ]);
    expect(await both.secrets.reseal()).to.equal(526);
    expect(await both.secrets.reseal(), 'done again').to.equal(0);

    const after = await withKeys(current);
    const [account] = await database.query('select account_id as id from holdfast.databases limit 1');
    const accountId = Number(account?.['id']);
    const databases = await after.databases.list(accountId);
    expect(databases.map(({ password }) => password?.reveal())).to.include.members(['password 0', 'password 519']);
    const place = await after.destinations.find(destination);
    if (place?.type !== 's3') return expect.fail('the destination is gone');
    expect(place.secretKey.reveal()).to.equal('s3cret');
    expect(place.deletionKeys?.secretKey.reveal()).to.equal('d3lete');
    const answered = await after.idempotency.begin({ accountId, key, fingerprint: 'f' }, 60);
    expect(answered).to.have.property('state', 'answered');
    const [channel] = await after.channels.list(accountId);
    expect(channel?.secrets.url?.reveal()).to.equal('https://hooks.example.com/the-path');
    expect(await after.secrets.sealedBy()).to.deep.equal([{ keyId: 'new', secrets: 526, inUse: true, known: true }]);
  });

  it('leave everything as it is when one secret does not open', async () => {
    await fill(await withKeys(old), 'ada');
    await fill(await withKeys(newKey('lost')), 'eve');
    const both = await withKeys(current, old);
    const sealed = await both.secrets.sealedBy();
    expect(sealed.map(({ keyId, secrets, known }) => [keyId, secrets, known])).to.deep.equal([
      ['new', 0, true],
      ['lost', 7, false],
      ['old', 7, true],
    ]);
    const error = await both.secrets.reseal().then(
      () => expect.fail('it succeeded'),
      (thrown: Error) => thrown,
    );
    expect(error.message).to.include('"lost"').and.include('HOLDFAST_SECRET_KEYS');
    expect(await both.secrets.sealedBy()).to.deep.equal(sealed);
  });

  it('when they are lost, what no key opens is forgotten and nothing else: it is listed, fails where it is used, and can be set again', async () => {
    const before = await withKeys(old);
    await fill(before, 'ada');
    const [row] = await database.query('select id, account_id, destination_id from holdfast.databases');
    const [id, accountId, place] = [String(row?.['id']), Number(row?.['account_id']), Number(row?.['destination_id'])];
    const header = { authorization: new Secret('Bearer x') };
    const hook = { type: 'http', method: 'POST', url: 'https://h/', headers: header, timeoutSeconds: 5 } as const;
    await before.databases.update(accountId, id, { hooks: { before: [hook], after: [] } });
    // A new one under the id of the lost one, as a new state folder would have it; and one that is still there.
    const after = await withKeys(newKey('old'), current);
    await fill(await withKeys(current), 'eve');
    const looked = await after.secrets.unreadable();
    expect(looked).to.deep.include({ what: 'password of a database', keyId: 'old', secrets: 1 });

    const lost = await after.secrets.lost();
    expect(lost.reduce((sum, { secrets }) => sum + secrets, 0)).to.equal(8);
    expect(lost).to.deep.include({ what: 'password of a database', secrets: 1 });
    expect(await after.secrets.forgotten(), 'it only looked').to.deep.equal([]);
    expect(await after.secrets.forget()).to.deep.equal(lost);
    expect(await after.secrets.forget(), 'done again').to.deep.equal([]);
    expect(await after.secrets.forgotten()).to.deep.equal(lost);
    expect(await after.secrets.reseal(), 'what is left opens').to.equal(7);

    const [found] = await after.databases.list(accountId);
    const destination = await after.destinations.find(place);
    const [channel] = await after.channels.list(accountId);
    if (!found || destination?.type !== 's3' || !channel) return expect.fail('they are gone');
    for (const use of [
      () => found.password?.reveal(),
      () => connectionOf(found),
      () => destination.secretKey.reveal(),
      () => destination.deletionKeys?.accessKey.reveal(),
      () => channel.secrets.url?.reveal(),
    ]) {
      expect(use)
        .to.throw(HoldfastError, /forgotten.*: set it again\.$/)
        .with.property('code', 'secret_forgotten');
    }
    expect(found.hooks).to.deep.equal({ before: [], after: [], forgotten: true });

    await after.databases.update(accountId, id, { password: new Secret('new'), hooks: null });
    expect(connectionOf((await after.databases.find(id)) ?? found).password?.reveal()).to.equal('new');
    const keys = { accessKey: new Secret('AKIA2'), secretKey: new Secret('s3cret2') };
    await after.destinations.replace(accountId, place, { ...destination, ...keys });
    const again = await after.destinations.find(place);
    if (again?.type !== 's3') return expect.fail('it is gone');
    expect(again.secretKey.reveal()).to.equal('s3cret2');
    expect(isForgotten(again.deletionKeys?.secretKey), 'what was not set again stays forgotten').to.equal(true);
    await after.channels.update(accountId, channel.id, { secrets: { url: new Secret('https://new.example.com/') } });
    expect((await after.channels.list(accountId))[0]?.secrets.url?.reveal()).to.equal('https://new.example.com/');
  });

  it('while one is away, what it sealed is listed, fails where it is used, outlasts every change of other things, and opens when it is back', async () => {
    const before = await withKeys(old);
    await fill(before, 'ada');
    const [row] = await database.query('select id, account_id, destination_id from holdfast.databases');
    const [id, accountId, place] = [String(row?.['id']), Number(row?.['account_id']), Number(row?.['destination_id'])];
    const hook = { type: 'command', command: 'x', arguments: [], timeoutSeconds: 5 } as const;
    await before.databases.update(accountId, id, { hooks: { before: [hook], after: [] } });
    const [slack] = await before.channels.list(accountId);
    if (!slack) return expect.fail('there is no channel');
    const signedBy = { url: new Secret('https://w/'), signingSecret: new Secret('whsec_x') };
    await before.channels.create(accountId, { ...slack, name: 'signed', type: 'webhook', secrets: signedBy });
    const policy = await before.policies.create(accountId, {
      name: 'all',
      type: 'postgresql',
      host: 'h',
      port: 5432,
      user: 'u',
      password: new Secret('of the policy'),
      database: 'postgres',
      options: {},
      destinationId: place,
      include: ['*'],
      exclude: [],
      globals: false,
      cron: '0 3 * * *',
      timezone: 'UTC',
      jitterSeconds: 0,
      retention: { keepLast: 3 },
      verification: null,
      enabled: true,
    });
    if (policy === 'name_taken') return expect.fail('the name is taken');
    await database.query(`update holdfast.databases set policy_id = '${policy.id}' where id = '${id}'`);
    expect(await before.secrets.unreadable()).to.deep.equal([]);

    const after = await withKeys(current);
    expect(await after.secrets.unreadable()).to.have.deep.members(
      (await after.secrets.lost()).map((count) => ({ ...count, keyId: 'old' })),
    );
    const [found] = await after.databases.list(accountId);
    const destination = await after.destinations.find(place);
    const channel = (await after.channels.list(accountId)).find(({ name }) => name === 'signed');
    if (!found || destination?.type !== 's3' || !channel) return expect.fail('they are gone');
    for (const use of [
      () => found.password?.reveal(),
      () => connectionOf(found),
      () => found.hooks?.unreadable?.reveal(),
      () => destination.deletionKeys?.accessKey.reveal(),
      () => channel.secrets.url?.reveal(),
    ]) {
      expect(use)
        .to.throw(HoldfastError, /"old", which is not configured.*HOLDFAST_SECRET_KEYS.*forget-secrets/)
        .with.property('code', 'secret_unreadable');
    }
    await after.databases.update(accountId, id, { name: 'renamed' });
    await after.destinations.replace(accountId, place, { ...destination, accessKey: new Secret('AKIA2') });
    await after.channels.update(accountId, channel.id, { name: 'renamed', secrets: {} });
    await after.policies.update(accountId, policy.id, { cron: '0 4 * * *' });
    const part = await after.channels
      .update(accountId, channel.id, { secrets: { url: new Secret('https://h/') } })
      .then(
        () => expect.fail('the signing secret is overwritten'),
        (error: unknown) => error,
      );
    expect(part).to.have.property('code', 'secret_unreadable');

    const both = await withKeys(current, old);
    expect(await both.secrets.unreadable()).to.deep.equal([]);
    const again = await both.databases.find(id);
    expect([again?.name, again?.password?.reveal()]).to.deep.equal(['renamed', 'password 0']);
    expect(again?.hooks).to.deep.equal({ before: [hook], after: [] });
    const there = await both.destinations.find(place);
    const keys = there?.type === 's3' ? [there.accessKey.reveal(), there.secretKey.reveal()] : [];
    expect(keys).to.deep.equal(['AKIA2', 's3cret']);
    const signed = await both.channels.findOwned(accountId, channel.id);
    expect([signed?.name, signed?.secrets.signingSecret?.reveal()]).to.deep.equal(['renamed', 'whsec_x']);
    expect((await both.policies.find(policy.id))?.password?.reveal()).to.equal('of the policy');
  });

  it('never overwrite what a service writes while they rotate', async () => {
    const service = await withKeys(old);
    await fill(service, 'ada', 40);
    const both = await withKeys(current, old);
    const [row] = await database.query('select id, account_id from holdfast.databases order by id desc limit 1');
    const [id, accountId] = [String(row?.['id']), Number(row?.['account_id'])];
    const writing = (async () => {
      for (let number = 0; number < 30; number += 1) {
        await service.databases.update(accountId, id, { password: new Secret(`changed ${number}`) });
      }
    })();
    await both.secrets.reseal();
    await writing;
    expect((await both.databases.find(id))?.password?.reveal()).to.equal('changed 29');
  });
});
