import { expect } from 'chai';
import type { Options } from 'yargs';
import { commands } from './commands/index.ts';
import { exits } from './exits.ts';
import { answered } from './harness.test.ts';

const id = '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb';
const there = {
  databases: [{ id: 'd1', name: 'shop', type: 'postgresql', server_id: null, host: 'db', database: 'shop' }],
  schedules: [{ id: 's1', cron: '0 1 * * *', timezone: 'UTC' }],
  schedule: {},
  database_backup: { id, database_id: 'd1', status: 'done', verification: { damage: null } },
  channel: { signing_secret: null },
  token: 'made',
};
const run = (...args: string[]) => answered([...args, '--json'], () => ({ body: there }));
const sentBy = async (...args: string[]): Promise<unknown> => {
  const { exit, err, sent } = await run(...args);
  expect(exit, err).to.equal(exits.ok);
  return sent[0];
};
const restore = ['restore', id, '--to', 'new'];
const mail = ['notifications', 'add', 'ops', '--type', 'email', '--smtp-host', 'mail', '--from', 'a@b'];

interface Option extends Options {
  name: string;
  describe?: string;
}

/** Those of all commands, from their own definitions. */
function allOptions(): Option[] {
  const found: Option[] = [];
  const methods: Record<string, unknown> = {
    option: (name: string, spec: Options) => (found.push({ ...spec, name } as Option), program),
    command: (_name: unknown, _words: unknown, builder: unknown) => {
      if (typeof builder === 'function') builder(program);
      return program;
    },
  };
  const program: object = new Proxy({}, { get: (_target, name) => methods[String(name)] ?? (() => program) });
  for (const add of commands) add(program as Parameters<typeof add>[0], () => () => Promise.resolve());
  return found;
}

describe('options that are repeated', () => {
  it('add up where they take several values, however these are spread', async () => {
    const kept = { retention: { keep_last: 30, daily: 90, weekly: 4 } };
    for (const keep of [
      ['--keep', 'keep_last=30', '--keep', 'daily=90', '--keep', 'weekly=4'],
      ['--keep', 'keep_last=30', 'daily=90', '--keep=weekly=4'],
      ['--keep', 'keep_last=30,daily=90', '--keep', 'weekly=4'],
    ]) {
      expect(await sentBy('schedules', 'edit', 'shop', ...keep)).to.deep.equal(kept);
    }
    const parts = ['--table', 'a.a', '--table', 'b.b', 'c.c', '--schema', 'x', '--schema', 'y'];
    expect(await sentBy(...restore, ...parts)).to.have.deep.property('selection', {
      schemas: ['x', 'y'],
      tables: ['a.a', 'b.b', 'c.c'],
    });
    expect(await sentBy(...mail, '--to', 'a@c', '--to', 'b@c')).to.have.deep.nested.property('email.to', [
      'a@c',
      'b@c',
    ]);
    const scopes = ['--scope', 'backups:read', '--scope', 'backups:create'];
    expect(JSON.stringify(await sentBy('tokens', 'create', 'ci', ...scopes))).to.contain(
      '["backups:read","backups:create"]',
    );
  });

  it('are wrong usage where they take one, by their name, and nothing is sent', async () => {
    for (const [name, ...args] of [
      ['--to', ...restore, '--to', 'other'],
      ['--keep-hours', ...restore, '--keep-hours', '1', '--keep-hours=2'],
      ['--ownership', ...restore, '--ownership', 'keep', '--ownership', 'skip'],
      ['--output', 'download', id, '-o', 'one', '--output', 'other'],
      ['--profile', 'databases', '--profile', 'one', '--profile', 'other'],
      ['--keep takes keep_last once', 'schedules', 'edit', 'shop', '--keep', 'keep_last=1', '--keep', 'keep_last=2'],
      ['--keep takes none', 'schedules', 'edit', 'shop', '--keep', 'none', '--keep', 'daily=1'],
    ] as const) {
      const { exit, err, sent } = await run(...args);
      expect([exit, sent], name).to.deep.equal([exits.usage, []]);
      expect(err).to.contain(name);
    }
    expect((await run('schedules', 'list', '--json', '--json')).exit).to.equal(exits.ok);
  });

  it('are those of which the help says that they may be, and no others', () => {
    const options = allOptions();
    const lists = options.filter(({ array }) => array);
    const names = [...new Set(lists.map(({ name }) => name))];
    expect(names).to.have.members(['keep', 'schema', 'table', 'scope', 'to']);
    for (const { name, array, describe: help = '' } of options) {
      expect(help.includes('may be repeated'), name).to.equal(array === true);
    }
    const help = Object.fromEntries(lists.map((each) => [each.name, each.describe]));
    expect(help['schema']).to.contain('a plain name');
    expect(help['table']).to.contain('as SQL writes it');
  });
});
