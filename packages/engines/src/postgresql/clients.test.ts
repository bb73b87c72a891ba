import { HoldfastError } from '@holdfast/shared/domain';
import { calm, connectionTo, failureOf, fakePrograms } from '@holdfast/testing/engines';
import { startPostgres, type Major } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';
import { chooseClient, Clients, type Client } from './clients.ts';

const { signal } = calm();
const client = (version: string): Client => ({
  name: 'pg_dump',
  path: `/${version}/pg_dump`,
  version,
  major: Number.parseInt(version, 10),
});
const choose = (versions: string[], major: number, archiveMajor?: number): string =>
  chooseClient('pg_dump', versions.map(client), { server: { version: `${major}.2`, major }, archiveMajor }).version;
const refusal = (work: () => unknown): HoldfastError => {
  try {
    work();
  } catch (error) {
    if (error instanceof HoldfastError) return error;
  }
  throw new Error('It was not refused.');
};

describe('choice of the client program', () => {
  it('prefers the major of the server, then the newest', () => {
    expect(choose(['14.1', '16.3', '15.9', '18.0'], 15)).to.equal('15.9');
    expect(choose(['14.1', '16.3', '18.0'], 15)).to.equal('18.0');
  });

  it('takes the first listed among equals', () => {
    expect(choose(['15.1', '15.9'], 15)).to.equal('15.1');
  });

  it('never takes one older than the server, and names what to install', () => {
    const { code, message } = refusal(() => choose(['14.1', '15.9'], 16));
    expect(code).to.equal('client_too_old');
    expect(message).to.contain('PostgreSQL 16.2').and.contain('15.9').and.contain('postgresql-client-16');
  });

  it('takes one that can read the archive', () => {
    expect(choose(['15.9', '17.1'], 15, 17)).to.equal('17.1');
    expect(refusal(() => choose(['15.9'], 15, 17)).message)
      .to.contain('pg_dump 17')
      .and.contain('postgresql-client-17');
  });

  it('names what to install where there is none', () => {
    const { code, message } = refusal(() => choose([], 17));
    expect(code).to.equal('client_missing');
    expect(message).to.contain('postgresql-client-17');
  });

  it('finds programs in folders, asks each for its version once, and passes over what is none', async () => {
    const counted = (version: string): string => `
      require('fs').appendFileSync(__dirname + '/asked', 'x');
      console.log('pg_dump (PostgreSQL) ${version} (Some 1.2)');`;
    const newer = fakePrograms({ pg_dump: counted('16.4') });
    const broken = fakePrograms({ pg_dump: 'process.exit(1)' });
    const other = fakePrograms({ pg_dump: `console.log('something else 99')` });
    const clients = new Clients([broken, other, '/nowhere', newer], []);
    const needs = { server: { version: '16.1', major: 16 } };
    for (let turn = 0; turn < 3; turn++) {
      const found = await clients.choose('pg_dump', needs, signal);
      expect(found).to.include({ version: '16.4', major: 16 });
    }
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(`${newer}/asked`, 'utf8')).to.equal('x');
  });

  it('does not take one that was killed while it was asked for one that is missing: it is to be tried again', async () => {
    const killed = fakePrograms({ pg_restore: `process.kill(process.pid, 'SIGKILL')` });
    const needs = { server: { version: '16.1', major: 16 } };
    const error = await failureOf(new Clients([killed], []).choose('pg_restore', needs, signal), 'restore_killed');
    expect(error.retryable).to.equal(true);
    const sound = fakePrograms({ pg_restore: `console.log('pg_restore (PostgreSQL) 16.4')` });
    expect(await new Clients([killed, sound], []).choose('pg_restore', needs, signal)).to.include({ version: '16.4' });
  });

  for (const major of [16, 17, 18] as const satisfies Major[]) {
    it(`refuses a server of major ${major} up front where only older clients are`, async () => {
      const server = await startPostgres({ major });
      const old = fakePrograms({
        pg_dump: `if (process.argv[2] !== '--version') process.exit(1); console.log('pg_dump (PostgreSQL) 15.18')`,
        pg_restore: `console.log('pg_restore (PostgreSQL) 15.18')`,
      });
      const { postgresqlEngine } = await import('./engine.ts');
      const engine = postgresqlEngine(new Clients([old], []));
      const error = await failureOf(engine.dump(connectionTo(server, 'postgres'), calm()), 'client_too_old');
      expect(error.message).to.contain(`postgresql-client-${major}`);
      expect(runningPrograms()).to.deep.equal([]);
      await server.stop();
    });
  }

  it('knows the kinds of database of the list only', () => {
    expect(refusal(() => createEngines({ clientFolders: [] }).get('oracle' as 'postgresql')).code).to.equal(
      'engine_unknown',
    );
  });
});
