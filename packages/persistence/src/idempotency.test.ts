import { expect } from 'chai';
import { Secret } from '@holdfast/shared/domain';
import type { HeldKey, KeyState, RepeatableRequest } from './repositories/index.ts';
import { openWorld, unusedName, type World } from './testing/world.ts';

describe('idempotency keys', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const patience = 60;
  const newRequest = (change: Partial<RepeatableRequest> = {}): RepeatableRequest => ({
    accountId: world.account.id,
    key: unusedName(),
    fingerprint: 'a'.repeat(64),
    ...change,
  });
  const begin = (request: RepeatableRequest): Promise<KeyState> => world.idempotency.begin(request, patience);
  const hold = async (request: RepeatableRequest): Promise<HeldKey> => {
    const begun = await begin(request);
    if (begun.state !== 'held') throw new Error(`The key is ${begun.state}.`);
    return begun.held;
  };
  const age = ({ key }: RepeatableRequest, seconds: number) =>
    world.sql('update holdfast.idempotency_keys set begun_at = now() - make_interval(secs => $2) where key = $1', [
      key,
      seconds,
    ]);

  it('belong to one request, however many ask at once and in how many processes', async () => {
    const request = newRequest();
    const another = await world.another();
    const states = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? world : another).idempotency.begin(request, patience)),
    );
    expect(states.filter(({ state }) => state === 'held')).to.have.length(1);
    expect(states.filter(({ state }) => state === 'running')).to.have.length(19);
  });

  it('give the answer again once it is kept, and only sealed', async () => {
    const request = newRequest();
    await world.idempotency.keep(await hold(request), 201, new Secret('{"token":"hf_shown_once"}'));
    const again = await begin(request);
    expect(again).to.include({ state: 'answered', status: 201 });
    expect(again.state === 'answered' && again.answer.reveal()).to.equal('{"token":"hf_shown_once"}');
    const rows = JSON.stringify(await world.sql('select * from holdfast.idempotency_keys'));
    expect(rows).to.contain(request.key).and.not.contain('shown_once');
  });

  it('are refused to another request, whether the first one runs or was answered', async () => {
    const request = newRequest();
    const other = { ...request, fingerprint: 'b'.repeat(64) };
    const held = await hold(request);
    expect(await begin(other)).to.deep.equal({ state: 'taken' });
    await world.idempotency.keep(held, 201, new Secret('{}'));
    expect(await begin(other)).to.deep.equal({ state: 'taken' });
  });

  it('are the own of each account', async () => {
    const request = newRequest();
    const { id } = await world.accounts.create(unusedName());
    const first = await hold(request);
    const second = await hold({ ...request, accountId: id });
    expect(second.resourceId).to.not.equal(first.resourceId);
  });

  it('pass to the same request with the same resource when the first try has not ended in time', async () => {
    const request = newRequest();
    const first = await hold(request);
    await age(request, patience - 5);
    expect(await begin(request)).to.deep.equal({ state: 'running' });
    await age(request, patience + 1);
    const second = await hold(request);
    expect(second.resourceId).to.equal(first.resourceId);
    expect(await begin(request)).to.deep.equal({ state: 'running' });
    await world.idempotency.keep(first, 201, new Secret('"late"'));
    await world.idempotency.release(first, 'nothing');
    expect(await begin(request), 'the try that lost the key changes nothing').to.deep.equal({ state: 'running' });
    await world.idempotency.keep(second, 201, new Secret('"right"'));
    const answered = await begin(request);
    expect(answered.state === 'answered' && answered.answer.reveal()).to.equal('"right"');
    await age(request, patience + 1);
    expect((await begin(request)).state, 'an answer stays').to.equal('answered');
  });

  it('pass to another request, with a resource of its own, when the first one has not ended in time', async () => {
    const request = newRequest();
    const first = await hold(request);
    await age(request, patience + 1);
    const other = await hold({ ...request, fingerprint: 'b'.repeat(64) });
    expect(other.resourceId).to.not.equal(first.resourceId);
  });

  it('are free after a release, and still know the resource when something may have been made', async () => {
    const request = newRequest();
    const first = await hold(request);
    await world.idempotency.release(first, 'perhaps');
    const second = await hold(request);
    expect(second.resourceId).to.equal(first.resourceId);
    await world.idempotency.release(second, 'nothing');
    const third = await hold({ ...request, fingerprint: 'b'.repeat(64) });
    expect(third.resourceId).to.not.equal(first.resourceId);
  });

  it('live for a day, and each new one removes some that are older', async () => {
    const requests = Array.from({ length: 16 }, () => newRequest());
    for (const request of requests) await world.idempotency.keep(await hold(request), 201, new Secret('{}'));
    const [young, again, ...old] = requests;
    if (!young || !again) throw new Error('There are no requests.');
    await age(young, 86_390);
    for (const request of [again, ...old]) await age(request, 86_401);
    expect((await begin(young)).state).to.equal('answered');
    expect((await begin(again)).state).to.equal('held');
    const left = await world.sql<{ key: string }>('select key from holdfast.idempotency_keys');
    const keys = left.map(({ key }) => key);
    expect(keys).to.include.members([young.key, again.key]);
    expect(old.filter(({ key }) => keys.includes(key))).to.have.length(old.length - 10);
  });
});
