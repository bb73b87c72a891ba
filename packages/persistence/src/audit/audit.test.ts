import { systemActor, type AuditedAction } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { openWorld, type World } from '../testing/world.ts';

describe('the audit log', () => {
  let world: World;
  /** A log of its own for each test. */
  let accountId: number;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    accountId = (await world.accounts.create(`log ${Math.random()}`)).id;
  });
  after(() => world.drop());

  const action = (fields: Partial<AuditedAction> = {}): AuditedAction => ({
    accountId,
    actor: { type: 'token', id: '0199c0de-0000-7000-8000-000000000000', name: 'Zoë "ops"' },
    action: 'database.create',
    object: { type: 'database', id: 'x', name: 'shop\u0007 1:2,-' },
    address: '192.0.2.1',
    requestId: 'r-1',
    details: { changed: { cron: { to: '0 3 * * *' } } },
    ...fields,
  });
  const enter = async (count: number): Promise<void> => {
    for (let n = 1; n <= count; n += 1) {
      await world.audit.enter(action({ object: { type: 'database', id: String(n), name: null } }), 'done');
    }
  };
  const verify = (...sought: string[]) => world.audit.verify(accountId, sought);
  /** As somebody who owns the database may. */
  const tamper = async (statement: string): Promise<void> => {
    await world.sql('alter table holdfast.audit_log disable trigger all');
    await world.sql(statement);
    await world.sql('alter table holdfast.audit_log enable always trigger audit_log_chain');
    await world.sql('alter table holdfast.audit_log enable always trigger audit_log_append_only');
  };

  it('says what was done, in order, and its chain of hashes is whole', async () => {
    await world.audit.enter(action(), 'done');
    await world.audit.enter(action({ actor: systemActor('retention'), address: null, requestId: null }), 'refused');
    const [second, first] = await world.audit.list(accountId, {
      before: null,
      action: null,
      objectId: null,
      limit: 10,
    });
    expect(first).to.deep.include({ ...action(), details: '{"changed":{"cron":{"to":"0 3 * * *"}}}', position: 1 });
    expect(second).to.deep.include({ actor: { type: 'system', id: null, name: 'retention' }, outcome: 'refused' });
    expect(second?.previous).to.equal(first?.hash);
    expect(await verify()).to.deep.equal({ entries: 2, head: second?.hash, broken: null, found: [] });
    expect(await world.audit.verify(null)).to.include({ entries: 0, head: null, broken: null });
  });

  it('refuses to be changed, cut or emptied', async () => {
    await enter(2);
    const statements = [
      `update holdfast.audit_log set actor_name = 'nobody'`,
      'delete from holdfast.audit_log where position = 2',
      'truncate holdfast.audit_log',
    ];
    for (const statement of statements) {
      const refused = await world.sql(statement).then(
        () => 'done',
        (error: Error) => error.message,
      );
      expect(refused, statement).to.equal('The audit log is only ever added to.');
    }
    const forged = `insert into holdfast.audit_log (chain, position, id, at, actor_type, actor_name, action, outcome,
      object_type, details, previous, hash) values (${accountId}, 1, gen_random_uuid(), 'epoch', 'token', 'x', 'a.b', 'done',
      'a', '{}', '${'0'.repeat(64)}', '${'0'.repeat(64)}')`;
    await world.sql(forged);
    expect(await verify(), 'whoever writes into it cannot choose where').to.include({ entries: 3, broken: null });
  });

  const of = (position: number): string =>
    `chain = (select max(chain) from holdfast.audit_log) and position = ${position}`;
  const changes: [what: string, statement: string, position: number, problem: string][] = [
    ['a changed field', `update holdfast.audit_log set actor_name = 'nobody' where ${of(2)}`, 2, 'was changed'],
    ['a changed detail', `update holdfast.audit_log set details = '{}' where ${of(3)}`, 3, 'was changed'],
    ['a null instead of a text', `update holdfast.audit_log set object_id = null where ${of(3)}`, 3, 'was changed'],
    ['a changed time', `update holdfast.audit_log set at = at + interval '1 ms' where ${of(1)}`, 1, 'was changed'],
    ['a missing first entry', `delete from holdfast.audit_log where ${of(1)}`, 2, 'Entry 1 is missing'],
    ['a missing entry', `delete from holdfast.audit_log where ${of(2)}`, 3, 'Entry 2 is missing'],
    [
      'a missing entry that the others close up to',
      `delete from holdfast.audit_log where ${of(2)};
       update holdfast.audit_log set position = position - 1 where chain = (select max(chain) from holdfast.audit_log) and position > 2`,
      2,
      'does not follow',
    ],
    [
      'two entries in each other’s place',
      `update holdfast.audit_log set position = -2 where ${of(2)}; update holdfast.audit_log set position = 2 where ${of(3)};
       update holdfast.audit_log set position = 3 where ${of(-2)}`,
      2,
      'does not follow',
    ],
    [
      'an entry with a hash that fits it',
      `update holdfast.audit_log set actor_name = 'nobody' where ${of(2)};
       update holdfast.audit_log e set hash = holdfast.audit_hash(e) where ${of(2)}`,
      3,
      'does not follow',
    ],
  ];
  for (const [what, statement, position, problem] of changes) {
    it(`finds ${what}`, async () => {
      await enter(4);
      await tamper(statement);
      const { broken } = await verify();
      expect(broken?.position).to.equal(position);
      expect(broken?.problem).to.include(problem);
    });
  }

  it('finds that its end was cut off, by a hash that was kept elsewhere', async () => {
    await enter(3);
    const head = (await verify()).head ?? '';
    await enter(1);
    expect(await verify(head)).to.deep.include({ entries: 4, broken: null, found: [head] });
    await tamper(`delete from holdfast.audit_log where chain = ${accountId} and position >= 3`);
    expect(await verify(head)).to.deep.include({ entries: 2, broken: null, found: [] });
  });

  it('stays one chain when several processes write at once', async () => {
    const another = await world.another();
    const write = (audit: World['audit']) => audit.enter(action(), 'done');
    await Promise.all(Array.from({ length: 20 }, (_one, n) => write(n % 2 === 0 ? world.audit : another.audit)));
    expect(await verify()).to.include({ entries: 20, broken: null });
  });

  it('has what was begun as it ended, and as unknown where its process ended before', async () => {
    const done = await world.audit.begin(action());
    await world.audit.end(done, action({ object: { type: 'database', id: 'made', name: 'shop' } }), 'done');
    const nothing = await world.audit.begin(action());
    await world.audit.drop(nothing);
    await world.audit.begin(action({ object: { type: 'database', id: 'lost', name: null } }));
    const list = () => world.audit.list(accountId, { before: null, action: null, objectId: null, limit: 10 });
    expect((await list()).map(({ object, outcome }) => [object.id, outcome])).to.deep.equal([['made', 'done']]);
    await world.sql(`update holdfast.audit_intents set begun_at = now() - interval '1 hour'`);
    expect((await list()).map(({ object, outcome }) => [object.id, outcome])).to.deep.equal([
      ['lost', 'unknown'],
      ['made', 'done'],
    ]);
    expect(await verify()).to.include({ entries: 2, broken: null });
    expect(await world.sql('select from holdfast.audit_intents')).to.deep.equal([]);
  });

  it('is listed by action, by object, and in pages', async () => {
    await enter(3);
    await world.audit.enter(action({ action: 'token.create' }), 'done');
    const all = { before: null, action: null, objectId: null, limit: 10 };
    const positions = async (filter: object) =>
      (await world.audit.list(accountId, { ...all, ...filter })).map(({ position }) => position);
    expect(await positions({ action: 'token.create' })).to.deep.equal([4]);
    expect(await positions({ action: 'database' })).to.deep.equal([3, 2, 1]);
    expect(await positions({ action: 'data%' })).to.deep.equal([]);
    expect(await positions({ objectId: '2' })).to.deep.equal([2]);
    expect(await positions({ before: 3, limit: 1 })).to.deep.equal([2]);
  });
});
