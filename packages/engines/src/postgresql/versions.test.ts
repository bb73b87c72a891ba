import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  HoldfastError,
  type Connection,
  type ContentManifest,
  type Engine,
  type RestoreReport,
  type RestoreRequest,
  type RestoreSubject,
} from '@holdfast/shared/domain';
import {
  calm,
  contentOf,
  describeSafeRestore,
  failureOf,
  fakePrograms,
  newDatabase,
  sampleStatements,
  type SafeRestoreSubject,
} from '@holdfast/testing/engines';
import { newerDebian } from '@holdfast/testing/newer-debian';
import { majors, sharedPostgres, startPostgres, type Major, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';
import { Clients } from './clients.ts';
import { postgresqlEngine } from './engine.ts';
import { postgresqlSubject } from './subject.test.ts';

/** What only that version and newer ones know. */
const newIn: Readonly<Partial<Record<Major, readonly string[]>>> = {
  16: [`create collation ignoring (provider = icu, locale = 'und', rules = '& a < g')`],
  17: [
    `create role maintainer_of_versions`,
    `grant maintain on customers to maintainer_of_versions`,
    `alter table documents alter column title set statistics 77`,
  ],
  18: [
    `create table v18 (id int constraint "must be there" not null, double int generated always as (id * 2) virtual,
       held int4range, during tstzrange, constraint no_overlap primary key (held, during without overlaps))`,
    `insert into v18 (id, held, during) values (1, '[1,2)', '[2024-01-01, 2024-02-01)'), (2, '[1,2)', '[2024-02-01,)')`,
    `alter table v18 add constraint later check (id > 0) not enforced`,
    `alter table documents add constraint "not yet" not null body not valid`,
  ],
};

const statementsFor = (major: Major): string[] => [
  ...sampleStatements(100),
  ...majors.filter((known) => known <= major).flatMap((known) => newIn[known] ?? []),
];

/** What a fingerprint does not show: whom something is granted to, and constraints on columns. */
const grants = `select relname, relacl::text from pg_class where relacl is not null and relnamespace = 'public'::regnamespace
  union all select conname, concat_ws(' ', contype, convalidated, pg_get_constraintdef(oid)) from pg_constraint
    where connamespace = 'public'::regnamespace order by 1, 2`;

interface Backup {
  archive: Buffer;
  about: RestoreSubject;
  content: ContentManifest;
}

const running = (name: string): number => runningPrograms().find(({ program }) => basename(program) === name)?.pid ?? 0;

const withoutPsql = (): string => fakePrograms({ pg_restore: `console.log('pg_restore (PostgreSQL) 18.6')` });

const into = (database: string): RestoreRequest => ({
  target: { mode: 'new_database', database },
  ownership: 'keep',
  restoreId: randomUUID(),
});

describe('PostgreSQL in several majors', function suite() {
  const servers = new Map<Major, TestPostgres>();
  const sources = new Map<Major, Connection>();
  const backups = new Map<Major, Backup>();
  let engine: Engine;

  before(async function () {
    const newer = newerDebian();
    if (newer === null) this.skip();
    // Those of 15 are found where they are installed, those of 18 in this folder.
    engine = createEngines({ clientFolders: [newer] }).get('postgresql');
    await Promise.all(
      majors.map(async (major) => {
        const server = major === 15 ? await sharedPostgres() : await startPostgres({ major });
        servers.set(major, server);
        const source = await newDatabase('empty', server);
        await server.query(source.database, ...statementsFor(major));
        sources.set(major, source);
      }),
    );
  });

  after(async () => {
    for (const [major, server] of servers) if (major !== 15) await server.stop();
  });

  const of = <T>(map: ReadonlyMap<Major, T>, major: Major): T => {
    const found = map.get(major);
    if (found === undefined) throw new Error(`Nothing was made for ${major}.`);
    return found;
  };
  const backUp = async (major: Major): Promise<Backup> => {
    const made = backups.get(major);
    if (made) return made;
    const dump = await engine.dump(of(sources, major), calm(), { content: 'full', contentSeconds: 60 });
    const archive = await buffer(dump.stream);
    const content = await dump.content;
    if (!content) throw new Error('Nothing was measured.');
    const { serverVersion, tool } = dump;
    const backup = { archive, content, about: { serverVersion, tool, plainBytes: archive.length, content } };
    backups.set(major, backup);
    return backup;
  };
  const restore = ({ archive }: Backup, to: Connection, request: RestoreRequest): Promise<RestoreReport> =>
    engine.restore(to, request, Readable.from([archive]), calm());

  for (const major of majors) {
    it(`brings a database of ${major} back equal by the client that suits it, and measures nothing else in it`, async () => {
      const source = of(sources, major);
      const backup = await backUp(major);
      expect(Number.parseInt(backup.about.tool.version, 10)).to.equal(major === 15 ? 15 : 18);
      expect(backup.content.missing).to.deep.equal([]);
      const copy = `${source.database}_copy`;
      await restore(backup, source, { ...into(copy), expected: backup.content });
      expect(await contentOf(source, copy)).to.deep.equal(await contentOf(source));
      const server = of(servers, major);
      expect(await server.query(copy, grants)).to.deep.equal(await server.query(source.database, grants));
    });
  }

  it('takes a database of 15 to a server of 18, where its rows are compared', async () => {
    const backup = await backUp(15);
    const target = of(sources, 18);
    const findings = await engine.preflight(target, into('upgraded'), backup.about, calm());
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).to.deep.equal(['note version', 'note space']);
    const report = await restore(backup, target, { ...into('upgraded'), expected: backup.content });
    expect(report.tool.version).to.match(/^18/);
    const rows = (lines: readonly string[]): string[] => lines.filter((line) => /^(?:table|large objects)/.test(line));
    expect(rows(await contentOf(target, 'upgraded'))).to.deep.equal(rows(await contentOf(of(sources, 15))));
  });

  it('brings a database back to an old server where only a new client is, and ends both of its programs by any failure', async () => {
    const newer = postgresqlEngine(new Clients([newerDebian() ?? ''], []));
    const source = of(sources, 15);
    const dump = await newer.dump(source, calm(), { content: 'full', contentSeconds: 60 });
    expect(dump.tool.version).to.match(/^18/);
    const archive = await buffer(dump.stream);
    const expected = await dump.content;
    const again = `${source.database}_by_newer`;
    await newer.restore(source, { ...into(again), expected: expected ?? null }, Readable.from([archive]), calm());
    expect(await contentOf(source, again)).to.deep.equal(await contentOf(source));

    const half = archive.subarray(0, archive.length / 2);
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield archive;
      throw new HoldfastError('integrity');
    };
    const failing = (input: Readable, signal = calm().signal): Promise<RestoreReport> =>
      newer.restore(source, into('unwanted'), input, { signal });
    await failureOf(failing(Readable.from([half])), 'restore_failed');
    await failureOf(failing(Readable.from(broken())), 'integrity');
    const stop = new AbortController();
    for (const end of [
      () => process.kill(running('psql'), 'SIGKILL'),
      () => stop.abort(new HoldfastError('lease_lost')),
    ]) {
      const input = new Readable({ read: () => undefined });
      input.push(half);
      const settled = failureOf(failing(input, stop.signal), ['restore_killed', 'lease_lost']);
      await until('both programs run', 10, () => runningPrograms().length === 2);
      end();
      await settled;
    }
    expect(runningPrograms()).to.deep.equal([]);
    const left = await of(servers, 15).query('postgres', `select from pg_database where datname like '%unwanted%'`);
    expect(left).to.deep.equal([]);
    const [blocker] = await postgresqlEngine(new Clients([withoutPsql()], [])).preflight(
      source,
      into('unwanted'),
      { serverVersion: dump.serverVersion, tool: dump.tool, plainBytes: null, content: null },
      calm(),
    );
    expect(blocker).to.include({ severity: 'blocker', code: 'version' });
    expect(blocker?.message).to.contain('no psql was found');
  });

  it('warns of a database of 18 for a server of 15, which keeps its whole content when what it does not know fails', async () => {
    const backup = await backUp(18);
    const target = await newDatabase('sample', of(servers, 15));
    const before = await contentOf(target);
    const request: RestoreRequest = { ...into(''), target: { mode: 'in_place' }, ownership: 'skip' };
    const [worst] = await engine.preflight(target, request, backup.about, calm());
    expect(worst).to.include({ severity: 'warning', code: 'version' });
    expect(worst?.message).to.contain('15');
    const error = await failureOf(restore(backup, target, request), 'restore_failed');
    expect(error.message).to.contain('ERROR').and.not.contain('transaction_timeout');
    expect(await contentOf(target)).to.deep.equal(before);

    const older = postgresqlEngine(new Clients([], ['/usr/lib/postgresql/15/bin']));
    const [blocker] = await older.preflight(target, request, backup.about, calm());
    expect(blocker).to.include({ severity: 'blocker', code: 'version' });
    const input = Readable.from([backup.archive]);
    const tooOld = await failureOf(older.restore(target, request, input, calm()), 'client_too_old');
    expect(tooOld.message).to.contain('postgresql-client-18');
    expect(await contentOf(target)).to.deep.equal(before);
  });

  describeSafeRestore('postgresql 18', async (): Promise<SafeRestoreSubject> =>
    postgresqlSubject(engine, of(servers, 18), 18),
  );
});
