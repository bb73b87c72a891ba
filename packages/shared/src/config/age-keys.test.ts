import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupKeysOf, parseSettings } from './settings.ts';

const required = {
  DATABASE_URL: 'postgres://holdfast@localhost/holdfast',
  HOLDFAST_SECRET_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
};
const [recipients, identities] = ['HOLDFAST_BACKUP_RECIPIENTS', 'HOLDFAST_BACKUP_IDENTITIES'];

function keysOf(environment: Record<string, string>) {
  const result = parseSettings({ ...required, ...environment });
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  const { recipients: to, identities: by } = backupKeysOf(result.settings);
  return { recipients: to, identities: by.map((one) => one.reveal()) };
}

function problemOf(environment: Record<string, string>): string {
  const result = parseSettings({ ...required, ...environment });
  if (!('problems' in result)) throw new Error('It was taken.');
  return result.problems.join('\n');
}

describe('keys of backups', () => {
  const files = [1, 2].map(() => execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  const secrets = files.map((file) => /^AGE-SECRET-KEY-.+$/m.exec(file)?.[0] ?? '');
  const publics = files.map((file) => /public key: (\S+)/.exec(file)?.[1] ?? '');
  const [secret = '', older = ''] = secrets;
  const [known = '', offline = ''] = publics;

  it('are none where nothing is given: backups are not encrypted then', () => {
    expect(keysOf({})).to.deep.equal({ recipients: [], identities: [] });
  });

  it('come from lists, and from the files that age-keygen writes, comments and all', () => {
    const given = { [recipients]: ` ${known}, ${offline},${known}`, [identities]: `${secret},${older}` };
    expect(keysOf(given)).to.deep.equal({ recipients: publics, identities: secrets });
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-keys-'));
    try {
      writeFileSync(join(folder, 'identities'), files.join('\n'));
      writeFileSync(join(folder, 'recipients'), `# the service\n${known}\n\n# in the safe\n${offline}\n`);
      const inFiles = {
        [`${recipients}_FILE`]: join(folder, 'recipients'),
        [`${identities}_FILE`]: join(folder, 'identities'),
      };
      expect(keysOf(inFiles)).to.deep.equal({ recipients: publics, identities: secrets });
      writeFileSync(join(folder, 'recipients'), '# to do\n');
      expect(problemOf({ [`${recipients}_FILE`]: join(folder, 'recipients') })).to.include(
        `${recipients} holds no key`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are refused with the name of the variable when a private and a public one are mistaken, and never shown', () => {
    for (const taken of [secret, secret.toLowerCase(), `${known},${secret}`]) {
      const problem = problemOf({ [recipients]: taken });
      expect(problem).to.match(/^HOLDFAST_BACKUP_RECIPIENTS holds a private key/);
      expect(problem.toUpperCase()).to.not.include(secret.slice(20));
    }
    expect(problemOf({ [identities]: `${secret},${known}` })).to.match(
      /^HOLDFAST_BACKUP_IDENTITIES holds a public key/,
    );
  });

  it('are refused when one letter is wrong, left out or too many', () => {
    const other = (letter: string): string => (/q/i.test(letter) ? 'p' : 'q');
    const spoil = (key: string): string[] => [
      key.slice(0, -1),
      `${key}${key.slice(-1)}`,
      key.replace(/(?<=1.{10})./i, (letter) => (key.startsWith('age') ? other(letter) : other(letter).toUpperCase())),
    ];
    for (const spoilt of spoil(known)) {
      expect(problemOf({ [recipients]: `${offline},${spoilt}` }), spoilt).to.match(
        /^HOLDFAST_BACKUP_RECIPIENTS has as its key number 2/,
      );
    }
    for (const spoilt of spoil(secret)) {
      const problem = problemOf({ [identities]: `${spoilt},${older}` });
      expect(problem).to.match(/^HOLDFAST_BACKUP_IDENTITIES has as its key number 1/);
      expect(problem).to.not.include(spoilt.slice(20, 50));
    }
    for (const nonsense of ['hunter2', 'age1', 'ssh-ed25519 AAAAC3Nza', 'AGE1YUBIKEY']) {
      expect(problemOf({ [recipients]: nonsense })).to.include(recipients);
      expect(problemOf({ [identities]: nonsense })).to.include(identities);
    }
  });
});
