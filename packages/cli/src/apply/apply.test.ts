import { expect } from 'chai';
import * as fc from 'fast-check';
import { CliError } from '../exits.ts';
import { noStyle } from '../output/style.ts';
import { declarationOf, joined, type Declared } from './declare.ts';
import { diffText } from './diff.ts';
import type { File } from './file.ts';
import type { Installation, Making } from './installation.ts';
import { normal, type Fields } from './normal.ts';
import { perform } from './perform.ts';
import { planOf, type Existing } from './plan.ts';
import { readConfiguration } from './read.ts';

/** An installation in memory, which keeps what it is given and refuses what it is told to. */
class Memory implements Installation {
  things: Existing[] = [];
  sent: { name: string; body: Fields }[] = [];
  refuses: string | null = null;

  async existing(): Promise<Existing[]> {
    return structuredClone(this.things);
  }

  async create({ kind, name, database, body }: Making): Promise<null> {
    this.#note(name, body);
    this.things.push({ kind, id: `${kind} ${database} ${name}`, name, database, fields: shown(kind, body) });
    return null;
  }

  async update(existing: Existing, body: Fields): Promise<void> {
    this.#note(existing.name, body);
    const found = this.things.find(({ id }) => id === existing.id);
    if (!found) throw new Error('There is no such thing.');
    found.fields = { ...found.fields, ...shown(found.kind, body) };
    if (found.kind === 'schedule') {
      const { cron, timezone } = found.fields as { cron: string; timezone: string };
      found.name = `${cron} ${timezone}`;
    }
  }

  async remove(existing: Existing): Promise<void> {
    this.#note(existing.name, {});
    this.things = this.things.filter(({ id }) => id !== existing.id);
  }

  #note(name: string, body: Fields): void {
    if (name === this.refuses) throw new CliError(1, `${name} is refused.`);
    this.sent.push({ name, body });
  }
}

/** As the service shows what it was given: without its secrets. */
function shown(kind: Declared['kind'], body: Fields): Fields {
  const { password: _password, s3_secret_key: _secret, url: _url, ...rest } = body;
  const fields = normal(kind, rest);
  return JSON.parse(JSON.stringify(fields).replaceAll('"the secret"', '"***"')) as Fields;
}

const reference = { env: 'SECRET' };
const secretsOf = (things: readonly Declared[]) =>
  new Map(
    things.map((thing) => [
      thing,
      Object.fromEntries(Object.keys(thing.secrets).map((field) => [field, 'the secret'])),
    ]),
  );

async function apply(file: File, to: Memory, wishes = { prune: false, rotate: false }) {
  const declaration = declarationOf(file);
  const plan = planOf(declaration, await to.existing(), wishes);
  return { plan, performed: await perform(plan, to, secretsOf(declaration.things)) };
}

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
const name = fc.constantFrom('a', 'b', 'c', 'constructor');
const schedule = fc
  .record({
    cron: fc.constantFrom('0 1 * * *', '0 2 * * *', '0 3 * * *'),
    timezone: optional(fc.constantFrom('UTC', 'Europe/Paris')),
    retention: optional(fc.constantFrom({ keep_last: 3 }, {}, { daily: 2, keep_days: null })),
    ping: optional(fc.constantFrom({ url: reference }, null)),
  })
  .map(defined);
const database = fc
  .record({
    type: fc.constantFrom('postgresql', 'mysql'),
    host: optional(fc.constantFrom('one', 'two')),
    password: optional(fc.constant(reference)),
    objectives: optional(fc.constantFrom({ rpo_seconds: 60 }, {}, null)),
    hooks: optional(
      fc.constantFrom(
        { before: [] },
        { before: [{ type: 'http', url: 'http://a', headers: { X: reference } }] },
        { after: [{ type: 'command', command: 'thaw' }] },
        null,
      ),
    ),
    schedules: optional(
      fc.uniqueArray(schedule, { maxLength: 3, selector: (each) => `${each.cron} ${each.timezone ?? 'UTC'}` }),
    ),
  })
  .map(defined);
const policy = fc
  .record({
    type: fc.constant('postgresql'),
    cron: fc.constantFrom('0 1 * * *', '0 2 * * *'),
    retention: optional(fc.constantFrom({ keep_last: 3 }, {})),
    objectives: optional(fc.constantFrom({ rpo_seconds: 60, level: 'restorable' }, {}, null)),
  })
  .map(defined);
const channel = fc.constantFrom(
  { type: 'webhook', url: reference },
  { type: 'email', email: { host: 'mail', from: 'a@b', to: ['c@d'], password: reference }, rules: { repeat_hours: 2 } },
);
const file = fc
  .record({
    destinations: optional(
      fc.dictionary(name, fc.constantFrom({ type: 'local', path: 'a/' }, { type: 's3', s3_secret_key: reference })),
    ),
    databases: optional(fc.dictionary(name, database)),
    policies: optional(fc.dictionary(name, policy)),
    notification_channels: optional(fc.dictionary(name, channel)),
  })
  .map((content) => defined(content) as unknown as File);

describe('configuration as code', () => {
  it('changes nothing the second time, whatever was there before', async () => {
    await fc.assert(
      fc.asyncProperty(file, file, fc.boolean(), async (before, after, prune) => {
        const installation = new Memory();
        await apply(before, installation);
        await apply(after, installation, { prune, rotate: false });
        const { plan } = await apply(after, installation, { prune, rotate: false });
        expect(plan.steps).to.deep.equal([]);
      }),
      { numRuns: 80 },
    );
  });

  it('removes nothing without being told to, and with it only what is in a section of the file', async () => {
    await fc.assert(
      fc.asyncProperty(file, file, async (before, after) => {
        const installation = new Memory();
        await apply(before, installation);
        const { plan } = await apply(after, installation);
        expect(plan.steps.filter(({ action }) => action === 'remove')).to.deep.equal([]);
        const pruned = await apply(after, installation, { prune: true, rotate: false });
        for (const step of pruned.plan.steps) {
          if (step.action !== 'remove') continue;
          const section = {
            destination: 'destinations',
            database: 'databases',
            schedule: 'databases',
            policy: 'policies',
            channel: 'notification_channels',
          };
          expect(after).to.have.property(section[step.existing.kind]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('takes a schedule whose times alone were changed for the same one', async () => {
    const installation = new Memory();
    const at = (cron: string): File => ({ databases: { shop: { type: 'postgresql', schedules: [{ cron }] } } });
    await apply(at('0 1 * * *'), installation);
    const { plan } = await apply(at('0 2 * * *'), installation);
    expect(plan.steps.map(({ action }) => action)).to.deep.equal(['update']);
  });

  it('takes what is left out of something that is given as a whole for its default', () => {
    const none = {
      keep_days: null,
      hourly: null,
      daily: null,
      weekly: null,
      monthly: null,
      yearly: null,
      minimum: null,
    };
    const there: Existing = {
      kind: 'schedule',
      id: '1',
      name: '0 1 * * * UTC',
      database: 'shop',
      fields: {
        retention: { keep_last: 7, ...none },
        verification: { level: 'readable', every: 1, scratch_database: null },
        ping: { url: '***' },
      },
    };
    const schedule = {
      cron: '0 1 * * *',
      retention: { keep_last: 7 },
      verification: { level: 'readable' as const },
      ping: { url: reference },
    };
    const steps = (changes: object) => {
      const content: File = { databases: { shop: { type: 'sqlite', schedules: [{ ...schedule, ...changes }] } } };
      const { steps } = planOf(declarationOf(content), [there], { prune: false, rotate: false });
      return steps.flatMap((step) => (step.action === 'update' ? step.fields.map(({ field }) => field) : []));
    };
    expect(steps({})).to.deep.equal([]);
    expect(steps({ retention: {}, ping: null })).to.deep.equal(['retention', 'ping']);
    const policies = { main: { type: 'postgresql' as const, cron: '0 1 * * *', objectives: {} } };
    const shown = { type: 'postgresql', cron: '0 1 * * *', objectives: null };
    const known: Existing = { kind: 'policy', id: '2', name: 'main', database: null, fields: shown };
    expect(planOf(declarationOf({ policies }), [known], { prune: false, rotate: false }).steps).to.deep.equal([]);
  });

  it('sends a secret where it stood, and only of what is made, changed or rotated', async () => {
    const installation = new Memory();
    const hook = { type: 'http' as const, url: 'http://a', headers: { X: reference } };
    const at = (host: string): File => ({
      databases: { shop: { type: 'postgresql', host, password: reference, hooks: { before: [hook] } } },
    });
    await apply(at('one'), installation);
    expect(installation.sent.at(-1)?.body).to.have.nested.property('hooks.before[0].headers.X', 'the secret');
    await apply(at('one'), installation);
    expect(installation.sent).to.have.lengthOf(1);
    await apply(at('two'), installation);
    expect(installation.sent.at(-1)?.body).to.deep.equal({ host: 'two', password: 'the secret' });
    await apply(at('two'), installation, { prune: false, rotate: true });
    expect(installation.sent.at(-1)?.body).to.have.all.keys('password', 'hooks');
  });

  it('stops at the first refusal, and knows what was done and what was not tried', async () => {
    const installation = new Memory();
    installation.refuses = 'b';
    const three: File = { destinations: { a: { type: 'local' }, b: { type: 'local' }, c: { type: 'local' } } };
    const { performed } = await apply(three, installation);
    expect(performed.outcomes.map(({ state }) => state)).to.deep.equal(['done', 'failed', 'not_tried']);
    expect(performed.failure?.error).to.have.property('message', 'b is refused.');
    installation.refuses = null;
    expect((await apply(three, installation)).plan.steps).to.have.lengthOf(2);
  });

  it('shows no secret in what it would change', async () => {
    const installation = new Memory();
    const content: File = { notification_channels: { ops: { type: 'webhook', url: reference } } };
    const { plan } = await apply(content, installation);
    expect(diffText(plan, noStyle)).to.contain('+ channel ops').and.not.contain('the secret');
    expect(joined({ a: 1 }, { 'b.c': 'x' })).to.deep.equal({ a: 1, b: { c: 'x' } });
  });

  it('names the line of what it does not take, and never repeats a secret', () => {
    const refusal = (text: string): string => {
      try {
        readConfiguration(text, 'f.yaml');
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const shop = 'databases:\n  shop:\n    type: postgresql\n';
    expect(refusal(`${shop}    passwort: x\n`)).to.equal('f.yaml:4:5: databases.shop.passwort is not known.');
    expect(refusal(`${shop}    password: geheim\n`))
      .to.match(/^f\.yaml:4:5: .*the secret itself/)
      .and.not.contain('geheim');
    expect(refusal(`${shop}    schedules:\n      - cron: 5\n`)).to.match(
      /^f\.yaml:5:9: databases\.shop\.schedules\.0\.cron must be a string/,
    );
    expect(refusal('databases: {shop: {type: postgresql}, shop: {type: mysql}}')).to.match(/^f\.yaml:1:\d+: .*unique/);
    expect(refusal('databases: [')).to.match(/^f\.yaml:1:\d+: /);
  });
});
