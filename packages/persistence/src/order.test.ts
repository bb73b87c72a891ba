import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Backup, Limits } from '@holdfast/shared/domain';
import type { Persistence } from './index.ts';
import { crowdOf, resultOf, type Crowd, type Member } from './testing/crowd.ts';
import { failure, lease, openWorld, type World } from './testing/world.ts';

const ahead = 4;
const never = 3600;

describe('the order of what waits', () => {
  let world: World;
  let crowd: Crowd;
  before(async () => {
    world = await openWorld();
    crowd = crowdOf(world);
  });
  beforeEach(() => crowd.clear());
  after(async () => {
    await crowd.close();
    await world.drop();
  });

  const next = async (most = ahead, side: Persistence = world): Promise<string[]> =>
    (await side.backups.takeDue(most, never)).map(({ id }) => id);
  const one = async (): Promise<string> => (await next(1))[0] ?? '';
  const isAged = (id: string, hours: number) =>
    world.sql(`update holdfast.backups set created_at = created_at - make_interval(hours => $2) where id = $1`, [
      id,
      hours,
    ]);

  it('has manual backups before periodic ones, the older first, but none wait longer than a day for newer ones', async () => {
    const member = await crowd.member();
    const of = async (method: Backup['method']) => (await crowd.backup(await crowd.database(member), method)).id;
    const [periodic, later] = [await of('periodic'), await of('periodic')];
    const [manual, second] = [await of('manual'), await of('manual')];
    await isAged(later, 25);
    expect(await next(10)).to.deep.equal([later, manual, second, periodic]);
  });

  it('has a manual backup before the periodic ones of the same database', async () => {
    const database = await crowd.database(await crowd.member());
    const periodic = await crowd.backup(database, 'periodic');
    const manual = await crowd.backup(database, 'manual');
    expect(await world.backups.claim(periodic.id, lease)).to.equal(null);
    expect(await next()).to.deep.equal([manual.id]);
  });

  it('keeps the place of what failed or was handed back, and lets nothing wait for its next attempt', async () => {
    const member = await crowd.member();
    const { id } = await crowd.backup(await crowd.database(member));
    const other = await crowd.backup(await crowd.database(member));
    const periodic = await crowd.backup(await crowd.database(member), 'periodic');
    await world.backups.claim(id, lease);
    await world.backups.fail(id, 1, { ...failure, retryInSeconds: never });
    expect(await next(1), 'while it pauses').to.deep.equal([other.id]);
    await world.backups.claim(other.id, lease);
    await world.backups.handBack(other.id, 1);
    await world.sql('update holdfast.backups set run_after = now() where id = $1', [id]);
    expect(await next(3)).to.deep.equal([id, other.id, periodic.id]);
  });

  it('does not let an account with 500 that wait hold up the single one of another', async () => {
    const [many, single] = [await crowd.member(), await crowd.member()];
    await crowd.backlog(many, 500);
    for (const id of await next()) await world.backups.claim(id, lease);
    expect(await next(), 'as many as run').to.have.length(ahead);
    const { id } = await crowd.backup(await crowd.database(single), 'periodic');
    expect(await next(), 'when nobody began what was rung for').to.deep.equal([]);
    const [running] = await world.sql<{ id: string }>(
      `select id from holdfast.backups where rung_at is not null and status = 'scheduled' limit 1`,
    );
    await world.backups.claim(running?.id ?? '', lease);
    expect((await next())[0]).to.equal(id);
  });

  it('takes turns between accounts, whatever the number of what waits and runs', async () => {
    const members = await Promise.all([crowd.member(), crowd.member(), crowd.member()]);
    for (const member of members) await crowd.backlog(member, 20);
    const ids = await next(12);
    const owners = await world.sql<{ id: string; account: number }>(
      'select id, account_id as account from holdfast.backups where id = any ($1)',
      [ids],
    );
    const accountOf = new Map(owners.map(({ id, account }) => [id, account]));
    for (let turn = 0; turn < 4; turn += 1) {
      const inTurn = ids.slice(3 * turn, 3 * turn + 3).map((id) => accountOf.get(id));
      expect(new Set(inTurn).size, `accounts of turn ${turn + 1}`).to.equal(3);
    }
  });

  it('lets an account wait for no more than one row of each other, even when each of theirs ends at once', async () => {
    for (let n = 0; n < 3; n += 1) await crowd.backlog(await crowd.member(), 10);
    const single = await crowd.backup(await crowd.database(await crowd.member()), 'periodic');
    let before = 0;
    for (let id = await one(); id !== single.id; id = await one()) {
      before += 1;
      await world.backups.claim(id, lease);
      await world.backups.settle(id, 1, resultOf(id));
    }
    expect(before).to.be.at.most(3);
  });

  it('rings only for what fits beside what runs and what was rung for', async () => {
    const member = await crowd.member();
    const side = await crowd.limited({ server: 2, account: 3 });
    const on = async (host: string) => (await crowd.backup(await crowd.database(member, host))).id;
    const [a1, a2, a3] = [await on('a.example.com'), await on('a.example.com'), await on('a.example.com')];
    const [b1, b2] = [await on('b.example.com'), await on('b.example.com')];
    expect(await next(10, side)).to.deep.equal([a1, a2, b1]);
    await side.backups.claim(a1, lease);
    expect(await next(10, side)).to.deep.equal([]);
    await side.backups.settle(a1, 1, resultOf(a1));
    expect(await next(10, side)).to.deep.equal([a3]);
    await side.backups.claim(b1, lease);
    await side.backups.settle(b1, 1, resultOf(b1));
    expect(await next(10, side)).to.deep.equal([b2]);
  });

  it('has restores in a line of their own, which no number of backups holds up', async () => {
    const member = await crowd.member();
    const side = await crowd.limited({ account: 2 });
    await crowd.backlog(member, 100);
    const { id } = await crowd.restore(await crowd.database(member));
    expect(await next(10, side), 'with a place kept').to.have.length(1);
    expect((await side.restores.takeDue(ahead, never)).map((due) => due.id)).to.deep.equal([id]);
    expect(await side.restores.claim(id, lease)).to.not.equal(null);
  });

  it('is decided by one of several schedulers at a time, which rings for each once', async () => {
    const other = await world.another();
    await crowd.backlog(await crowd.member(), 50);
    const turns = await Promise.all([next(20), next(20, other), next(20), next(20, other)]);
    const all = turns.flat();
    expect([all.length, new Set(all).size]).to.deep.equal([20, 20]);
  });

  describe('for new work', () => {
    it('is its turn at once when nothing waits before it', async () => {
      const { id } = await crowd.backup(await crowd.database(await crowd.member()));
      expect(await world.backups.takeNew(id)).to.deep.equal({ id, attempt: 1, refusals: 0, requestId: null });
      expect(await world.backups.takeNew(id), 'again').to.equal(null);
      const others = await crowd.backup(await crowd.database(await crowd.member()));
      expect(await world.backups.takeNew(others.id), 'of another account').to.not.equal(null);
      expect(await next()).to.deep.equal([]);
    });

    it('is left to the scheduler when something of its account, or anything that was not rung for, waits', async () => {
      const member = await crowd.member();
      const first = await crowd.backup(await crowd.database(member));
      await world.backups.takeNew(first.id);
      const second = await crowd.backup(await crowd.database(member));
      expect(await world.backups.takeNew(second.id), 'of its account').to.equal(null);
      const stranger = await crowd.backup(await crowd.database(await crowd.member()));
      expect(await world.backups.takeNew(stranger.id), 'of anybody').to.equal(null);
      expect(await next()).to.have.members([second.id, stranger.id]);
    });

    it('is left to the scheduler when it does not fit', async () => {
      const member = await crowd.member();
      const side = await crowd.limited({ account: 1 });
      await side.backups.claim((await crowd.backup(await crowd.database(member))).id, lease);
      const { id } = await crowd.backup(await crowd.database(member));
      expect(await side.backups.takeNew(id)).to.equal(null);
    });
  });

  it('serves every account in turn and never exceeds a limit, whatever comes and however it ends', async () => {
    const limits: Limits = { server: 2, destination: 3, account: 3 };
    const side = await crowd.limited(limits);
    const history = fc.record({
      seed: fc.integer(),
      accounts: fc.integer({ min: 2, max: 5 }),
      /** Null: each database has its own. */
      servers: fc.option(fc.integer({ min: 1, max: 6 })),
      lanes: fc.integer({ min: 1, max: 6 }),
      backups: fc.integer({ min: 10, max: 40 }),
    });
    const property = fc.asyncProperty(history, async (drawn) => {
      await crowd.clear();
      await new Simulation(crowd, side, limits, drawn).run();
    });
    await fc.assert(property, { numRuns: 5, endOnFailure: true });
  });
});

interface Drawn {
  seed: number;
  accounts: number;
  servers: number | null;
  lanes: number;
  backups: number;
}

/** Workers with a queue before them, over the real database; what happens when is drawn from a seed. */
class Simulation {
  readonly #crowd: Crowd;
  readonly #side: Persistence;
  readonly #limits: Limits;
  readonly #drawn: Drawn;
  #random: number;
  /** All that was asked for and has not ended. */
  readonly #open = new Map<string, Backup>();
  readonly #hosts = new Map<string, string>();
  readonly #queue: string[] = [];
  readonly #running = new Map<string, Backup>();
  /** For each account of which work waits and nothing runs: how much of others was rung for since. */
  readonly #passed = new Map<number, number>();

  constructor(crowd: Crowd, side: Persistence, limits: Limits, drawn: Drawn) {
    this.#crowd = crowd;
    this.#side = side;
    this.#limits = limits;
    this.#drawn = drawn;
    this.#random = drawn.seed;
  }

  async run(): Promise<void> {
    const members = await Promise.all(Array.from({ length: this.#drawn.accounts }, () => this.#crowd.member()));
    let left = this.#drawn.backups;
    for (let turn = 0; this.#open.size > 0 || left > 0; turn += 1) {
      // The first account asks for most of it.
      for (let n = this.#below(8); n > 0 && left > 0; n -= 1, left -= 1) {
        const member = members[this.#below(3) > 0 ? 0 : this.#below(members.length)];
        if (member) await this.#ask(member);
      }
      await this.#ring();
      while (this.#running.size < this.#drawn.lanes && this.#queue.length > 0) await this.#begin();
      this.#expectLimits();
      if (this.#open.size > 0) expect(this.#running.size + this.#queue.length, 'something goes on').to.be.above(0);
      const [ending] = [...this.#running.values()].slice(this.#below(this.#running.size));
      if (ending) await this.#end(ending);
      expect(turn, 'turns, each of which ends an attempt').to.be.below(this.#drawn.backups * 3 + 20);
    }
  }

  async #ask(member: Member): Promise<void> {
    const { servers } = this.#drawn;
    const host = servers === null ? undefined : `s${this.#below(servers)}.example.com`;
    const database = await this.#crowd.database(member, host);
    const backup = await this.#crowd.backup(database, this.#below(2) === 0 ? 'manual' : 'periodic');
    this.#open.set(backup.id, backup);
    this.#hosts.set(backup.id, database.host ?? '');
  }

  /** An account of which nothing is on its way has to wait for one row of each other account at most. */
  async #ring(): Promise<void> {
    const account = (id: string): number => this.#open.get(id)?.accountId ?? 0;
    const served = new Set([...this.#queue, ...this.#running.keys()].map(account));
    const waiting = new Set([...this.#open.keys()].map(account).filter((id) => !served.has(id)));
    const rung = (await this.#side.backups.takeDue(ahead, never)).map(({ id }) => id);
    this.#queue.push(...rung);
    for (const id of this.#passed.keys()) if (!waiting.has(id)) this.#passed.delete(id);
    for (const id of waiting) {
      const before = rung.findIndex((one) => account(one) === id);
      const passed = (this.#passed.get(id) ?? 0) + (before === -1 ? rung.length : before);
      if (this.#drawn.servers === null) expect(passed, 'rows of others before').to.be.below(this.#drawn.accounts);
      if (before === -1) this.#passed.set(id, passed);
      else this.#passed.delete(id);
    }
  }

  async #begin(): Promise<void> {
    const backup = await this.#side.backups.claim(this.#queue.shift() ?? '', lease);
    if (backup) this.#running.set(backup.id, backup);
  }

  async #end({ id, attempt }: Backup): Promise<void> {
    this.#running.delete(id);
    const fate = this.#below(6);
    if (fate === 0 && (await this.#side.backups.fail(id, attempt, failure)) === 'scheduled') return;
    if (fate === 1 && attempt < 3 && (await this.#side.backups.handBack(id, attempt))) return;
    if (fate > 0) expect(await this.#side.backups.settle(id, attempt, resultOf(id))).to.equal(true);
    this.#open.delete(id);
  }

  #expectLimits(): void {
    const { account, server, destination } = this.#limits;
    const most = (of: (backup: Backup) => unknown): number =>
      Math.max(0, ...[...Map.groupBy(this.#running.values(), of).values()].map((group) => group.length));
    expect(most(({ accountId }) => accountId)).to.be.at.most(account);
    expect(most(({ destinationId }) => destinationId)).to.be.at.most(destination);
    expect(most(({ id }) => this.#hosts.get(id))).to.be.at.most(server);
  }

  #below(bound: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0;
    return bound === 0 ? 0 : (this.#random >>> 8) % bound;
  }
}
