import { expect } from 'chai';
import { exits } from '../exits.ts';
import { answered } from '../harness.test.ts';

const printed = async (args: readonly string[], answer: object): Promise<string> =>
  (await answered(args, () => ({ body: answer }))).out;

describe('what operators are told', () => {
  it('says of no alert that none is open, not that nothing is wrong', async () => {
    expect(await printed(['alerts'], { alerts: [] })).to.equal('No alerts are open.\n');
  });

  it('tells of a delivery whether something was raised or is over', async () => {
    const delivery = (id: string, kinds: string[]) => ({
      id,
      channel: { name: 'ops' },
      cause: 'event',
      status: 'done',
      attempts: 1,
      message: null,
      ping: null,
      created_at: '2026-01-01T00:00:00Z',
      error: null,
      event_count: kinds.length,
      events: kinds.map((kind) => ({ kind, message: 'The backup is late.' })),
    });
    const deliveries = [
      delivery('one', ['alert.raised']),
      delivery('two', ['alert.cleared']),
      delivery('three', ['alert.cleared', 'backup.done']),
      { ...delivery('four', []), cause: 'test', message: 'A trial.' },
    ];
    const lines = (await printed(['notifications', 'deliveries'], { deliveries })).split('\n');
    const line = (id: string) => lines.find((each) => each.trimEnd().endsWith(id));
    expect(line('one')).to.match(/ raised +The backup/);
    expect(line('two')).to.match(/ over +The backup/);
    expect(line('three')).to.contain('over, backup done');
    expect(line('four')).to.match(/ test +A trial/);
  });

  const backup = {
    id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
    database_id: 'd1',
    created_at: '2026-01-01T00:00:00Z',
    started_at: null,
    completed_at: null,
    next_attempt_at: null,
    expires_at: null,
    object_locked_until: null,
    status: 'done',
    size: 1,
    warnings: [],
    verification: { level: null, verified_at: null, damage: null },
  };
  const database = { id: 'd1', name: 'shop', type: 'postgresql', server_id: null, host: 'db', database: 'shop' };
  const damage = { state: 'missing', detail: 'Its dump is missing.', found_at: '2026-01-01T00:00:00Z' };
  const damaged = { ...backup, verification: { ...backup.verification, damage } };

  it('says in words that nobody has looked at a backup yet', async () => {
    const answer = { databases: [database], database_backups: [backup], database_backup: backup };
    const told = [await printed(['backups', 'list'], answer), await printed(['backups', 'show', backup.id], answer)];
    for (const text of told)
      expect(text)
        .to.contain('not looked at yet')
        .and.not.match(/null|undefined/);
    expect(await printed(['backups', 'show', backup.id], { database_backup: damaged })).to.match(/proven +–/);
  });

  it('ends an import badly when a backup is damaged or refused, also when it was known to be before', async () => {
    const found = (key: string) => [{ key, reason: 'Why.' }];
    const none = { imported: 1, known: 0, databases: 0, damaged: [], damaged_count: 0, refused: [], refused_count: 0 };
    const imported = async (report: object, known: number) =>
      await answered(['destinations', 'import', 'disk', '--wait'], ({ path }) => {
        const told = { status: 'done', error: null, report: { ...none, ...report } };
        if (path.endsWith('/import')) return { body: { data: told } };
        if (path.endsWith('/usage')) return { body: { data: { damaged: { backups: known, bytes: 0 } } } };
        return { body: { data: [{ id: 1, label: 'disk' }], meta: { last_page: 1 } } };
      });
    expect((await imported({}, 0)).exit).to.equal(exits.ok);
    const broken = await imported({ damaged: found('a'), damaged_count: 1 }, 1);
    expect(broken.exit).to.equal(exits.failed);
    expect(broken.out).to.contain('damaged: a: Why.').and.contain('1 of the backups in disk is known to be damaged');
    const refused = await imported({ refused: found('b'), refused_count: 3 }, 0);
    expect(refused.exit).to.equal(exits.failed);
    expect(refused.out).to.contain('not imported: b: Why.').and.contain('not imported: 2 more');
    const again = await imported({ imported: 0, known: 9 }, 2);
    expect(again.exit).to.equal(exits.failed);
    expect(again.out).to.contain('2 of the backups in disk are known to be damaged');
  });

  it('says by its own options what to do about a refusal, and in the words of the service what it cannot see', async () => {
    const ended = async (args: readonly string[], shown: { backup?: object; database?: object }) => {
      const answer = {
        databases: [{ ...database, ...shown.database }],
        database_backup: shown.backup ?? backup,
      };
      return await answered(args, ({ method }) =>
        method === 'GET' ? { body: answer } : { status: 409, body: { error: 'Send "x".' } },
      );
    };
    const restore = ['restore', backup.id];
    const refused = await ended(restore, { backup: damaged });
    expect(refused.exit).to.equal(exits.failed);
    expect(refused.err).to.contain('Its dump is missing.').and.contain('--allow-damaged').and.not.contain('"x"');
    const other = [await ended(restore, {}), await ended([...restore, '--allow-damaged'], { backup: damaged })];
    for (const { err } of other) expect(err).to.contain('Send "x".');
    const unreached = { host: null };
    for (const args of [restore, ['backup', 'shop'], ['schedules', 'add', 'shop', '--cron', '0 1 * * *']]) {
      const { exit, err } = await ended(args, { database: unreached });
      expect(exit, args[0]).to.equal(exits.failed);
      expect(err, args[0]).to.contain('holdfast databases edit shop --host').and.not.contain('"x"');
    }
  });

  it('names the option that tries a damaged backup where a look finds it damaged, and shows findings it does not know', async () => {
    const findings = [
      { severity: 'blocker', code: 'damaged', message: 'This backup is damaged.' },
      { severity: 'warning', code: 'new_here', message: 'Something new.' },
    ];
    const answer = { databases: [database], database_backup: damaged, preflight: { ok: false, findings } };
    const text = await printed(['restore', backup.id, '--preflight'], answer);
    expect(text).to.contain('--allow-damaged').and.contain('Something new. (new_here)');
  });
});
