import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { newBackupKey } from '../packages/pipeline/src/new-backup-key.ts';
import { parseSettings } from '../packages/shared/src/config/index.ts';
import { serviceNames } from '../packages/shared/src/domain/index.ts';
import { builtPage } from '../services/api/src/page/serve.ts';
import { ownGraceSeconds } from './lib/grace.ts';
import { root } from './lib/run.ts';

interface ComposeService {
  image?: string;
  build?: { target: string };
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  stop_grace_period?: string;
}

const [publicKey = '', identity = ''] = await newBackupKey();

/** What `npm run env` writes, with values to recognise. */
const written: Record<string, string> = {
  POSTGRES_PASSWORD: 'pgpass',
  REDIS_PASSWORD: 'redispass',
  S3_ACCESS_KEY: 's3access',
  S3_SECRET_KEY: 's3secret',
  HOLDFAST_SECRET_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
  HOLDFAST_BACKUP_IDENTITIES: identity,
  HOLDFAST_BACKUP_RECIPIENTS: publicKey.replace('# public key: ', ''),
  HOLDFAST_METRICS_TOKEN: 'token-of-prometheus',
};

/** The interpolation of the compose specification, as far as the file uses it. */
function interpolate(text: string): string {
  return text.replaceAll(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_all, name: string, kind: string, rest: string) => {
    const value = written[name];
    if (value !== undefined) return value;
    if (kind === '-') return rest;
    throw new Error(`docker-compose.yml needs ${name}, which npm run env does not write`);
  });
}

const compose = parse(interpolate(readFileSync(join(root, 'docker-compose.yml'), 'utf8')), { merge: true }) as {
  services: Record<string, ComposeService>;
};
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const ours = Object.entries(compose.services).filter(([, service]) => service.build);

describe('the production set-up', () => {
  it('needs no value that npm run env does not write, and writes all of them', () => {
    const script = readFileSync(join(root, 'scripts/env.ts'), 'utf8');
    for (const name of Object.keys(written)) expect(script).to.contain(`${name}=`);
  });

  it('has no default for any secret', () => {
    const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
    for (const name of Object.keys(written)) {
      // Without this one there are no metrics, also where .env was written before it was one.
      const optional = name === 'HOLDFAST_METRICS_TOKEN';
      expect(text, name).not.to.match(new RegExp(`\\$\\{${name}(:?-${optional ? '[^}]' : ''}|\\})`));
    }
  });

  it('gives every service of ours settings that it accepts', () => {
    for (const [name, service] of ours) {
      const result = parseSettings(service.environment ?? {});
      expect('problems' in result ? result.problems : [], name).to.deep.equal([]);
    }
  });

  it('starts each service that has to run, so that none is missed', () => {
    const targets = ours.map(([, service]) => service.build?.target);
    expect(targets).to.include.members([...serviceNames]);
  });

  it('builds targets that the Dockerfile has, and runs programs that exist', () => {
    const programs = [...dockerfile.matchAll(/^CMD \[.*"([^"]+)"\]/gm)].map((match) => match[1] ?? '');
    for (const [name, service] of ours) {
      expect(dockerfile, name).to.contain(` AS ${service.build?.target}\n`);
      if (service.command) programs.push(service.command[1] ?? '');
    }
    expect(programs).to.have.length.greaterThan(3);
    for (const program of programs) expect(existsSync(join(root, program)), program).to.equal(true);
  });

  it('gives each service the time that it takes to stop', () => {
    for (const [name, { build, environment, stop_grace_period: given = '' }] of ours) {
      if (name === 'setup') continue;
      const own = ownGraceSeconds(build?.target ?? '', environment?.['HOLDFAST_GRACE_SECONDS']);
      expect(Number(/^(\d+)s$/.exec(given)?.[1]), name).to.be.at.least(own);
    }
  });

  it('lets every service be measured by whoever has the token', () => {
    for (const [name, { environment }] of ours) {
      expect(environment?.['HOLDFAST_METRICS_TOKEN'], name).to.equal(written['HOLDFAST_METRICS_TOKEN']);
    }
  });

  it('brings the web page to where the API looks for it, built in the image itself', () => {
    const [, from = '', to = ''] = /^COPY --from=page (\S+) (\S+)$/m.exec(dockerfile) ?? [];
    expect(join('/app', to)).to.equal(from);
    expect(dockerfile).to.match(/^RUN node node_modules\/vite\/bin\/vite\.js build packages\/web$/m);
    expect(join(root, to)).to.equal(builtPage);
    expect(readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')).to.include(to.replace(/^\.\//, ''));
  });

  it('opens the API on loopback only and nothing else at all', () => {
    const open = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => `${name} ${port}`),
    );
    expect(open).to.deep.equal(['api 127.0.0.1:8080:8080']);
  });

  it('hands no password to a program as an argument', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const secret of Object.values(written))
        expect((service.command ?? []).join(' '), name).not.to.contain(secret);
    }
  });

  it('runs our images as another user than root', () => {
    for (const stage of dockerfile.split(/^FROM /m).slice(1)) {
      const name = / AS (\w+)/.exec(stage)?.[1] ?? '';
      const users = [...stage.matchAll(/^USER (\w+)/gm)].map((match) => match[1]);
      if (name === 'runtime' || name === 'clients') expect(users.at(-1), name).to.equal('node');
      else expect(users.at(-1) ?? 'node', name).to.equal('node');
    }
  });
});
