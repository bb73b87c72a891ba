import { expect } from 'chai';
import { openWorld, unusedName, type World } from './testing/world.ts';

describe('request rates', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const end = (key: string) => world.sql('update holdfast.request_rates set resets_at = now() where key = $1', [key]);
  const keys = async () =>
    (await world.sql<{ key: string }>('select key from holdfast.request_rates')).map(({ key }) => key);

  it('count every request of all processes once, however many come at the same moment', async () => {
    const [key, other] = [unusedName(), unusedName()];
    const processes = [world, await world.another(), await world.another()];
    const counted = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (processes[n % 3] ?? world).requestRates.count(key, 60)),
    );
    expect(counted.map(({ hits }) => hits).toSorted((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 60 }, (_, n) => n + 1),
    );
    for (const { endsIn } of counted) expect(endsIn).to.be.within(1, 60);
    expect(await world.requestRates.count(other, 60)).to.include({ hits: 1 });
  });

  it('keep the end of a window while it runs, and begin anew after it', async () => {
    const key = unusedName();
    const { requestRates } = world;
    const first = await requestRates.count(key, 60);
    expect((await requestRates.count(key, 3600)).endsIn).to.be.at.most(first.endsIn);
    await end(key);
    const next = await requestRates.count(key, 60);
    expect(next.hits).to.equal(1);
    expect(next.endsIn).to.equal(60);
  });

  it('can be taken back and forgotten', async () => {
    const key = unusedName();
    const { requestRates } = world;
    await requestRates.count(key, 60);
    await requestRates.count(key, 60);
    await requestRates.uncount(key);
    expect((await requestRates.count(key, 60)).hits).to.equal(2);
    for (let n = 0; n < 5; n += 1) await requestRates.uncount(key);
    expect((await requestRates.count(key, 60)).hits).to.equal(1);
    await requestRates.forget(key);
    expect(await keys()).to.not.include(key);
  });

  it('do not pile up: each new window removes some that have ended, and none that runs', async () => {
    const [ended, running, fresh] = [
      Array.from({ length: 15 }, unusedName),
      Array.from({ length: 5 }, unusedName),
      unusedName(),
    ];
    for (const key of [...ended, ...running]) await world.requestRates.count(key, 60);
    for (const key of ended) await end(key);
    await world.requestRates.count(fresh, 60);
    const left = await keys();
    expect(left).to.include.members([...running, fresh]);
    expect(ended.filter((key) => left.includes(key))).to.have.length(5);
    await world.requestRates.count(fresh, 60);
    expect(await keys(), 'only new windows remove').to.have.length(left.length);
  });
});
