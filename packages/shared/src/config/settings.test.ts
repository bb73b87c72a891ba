import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseSettings } from './settings.ts';

const required = {
  DATABASE_URL: 'postgres://holdfast:hunter2@localhost/holdfast',
  HOLDFAST_SECRET_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
};

function problems(environment: Record<string, string>): string[] {
  const result = parseSettings(environment);
  return 'problems' in result ? result.problems : [];
}

describe('settings', () => {
  it('have safe defaults: loopback only, no private network, no local root', () => {
    const result = parseSettings(required);
    if (!('settings' in result)) throw new Error(result.problems.join());
    const { settings } = result;
    expect(settings.HOLDFAST_HOST).to.equal('127.0.0.1');
    expect(settings.HOLDFAST_ALLOWED_NETWORKS).to.deep.equal([]);
    expect(settings.HOLDFAST_LOCAL_ROOT).to.equal(undefined);
  });

  it('name every problem at once, with its variable', () => {
    const found = problems({
      DATABASE_URL: 'mysql://x',
      HOLDFAST_PORT: '99999',
      HOLDFAST_LEASE: '5',
      REDIS_URL: 'http://r',
    });
    for (const name of ['DATABASE_URL', 'HOLDFAST_SECRET_KEYS', 'HOLDFAST_PORT', 'HOLDFAST_LEASE', 'REDIS_URL']) {
      expect(
        found.filter((line) => line.startsWith(`${name} `)),
        name,
      ).to.have.length(1);
    }
  });

  it('never repeat a secret in a problem or when printed', () => {
    const found = problems({ ...required, DATABASE_URL: 'nonsense:hunter2', HOLDFAST_SECRET_KEYS: 'hunter2' });
    expect(found.join()).not.to.contain('hunter2');
    expect(JSON.stringify(parseSettings(required))).not.to.contain('hunter2');
  });

  it('refuse a heartbeat that could miss its lease', () => {
    const found = problems({ ...required, HOLDFAST_LEASE_SECONDS: '10', HOLDFAST_HEARTBEAT_SECONDS: '6' });
    expect(found.join()).to.contain('HOLDFAST_LEASE_SECONDS');
  });

  it('never take an empty list of recipients for backups that are not to be encrypted', () => {
    expect(problems({ ...required, HOLDFAST_BACKUP_RECIPIENTS: '' }).join()).to.contain('HOLDFAST_BACKUP_RECIPIENTS');
    expect(problems({ ...required, HOLDFAST_ALLOWED_NETWORKS: '' })).to.deep.equal([]);
  });

  it('refuse a network that is not CIDR', () => {
    expect(problems({ ...required, HOLDFAST_ALLOWED_NETWORKS: '10.0.0.0/8,10.1' }).join()).to.contain('CIDR');
  });

  it('are all explained in docs/configuration.md, and nothing else is', () => {
    const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1] ?? '');
    const unknown = problems({ ...required, ...Object.fromEntries(documented.map((name) => [name, ''])) });
    expect(unknown.filter((line) => line.includes('is not a setting'))).to.deep.equal([]);
    const source = readFileSync(new URL('settings.ts', import.meta.url), 'utf8');
    const known = [...source.matchAll(/^ {2}([A-Z_]+):/gm)].map((match) => match[1] ?? '');
    expect(documented).to.have.members(known);
  });
});
