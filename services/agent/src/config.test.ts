import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readConfig } from './config.ts';

describe("the agent's configuration file", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
    path = join(folder, 'agent.json');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (text: unknown) => {
    writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text));
    return readConfig(path, '/srv/spool/deep');
  };
  const problems = (text: unknown): string[] => {
    const result = read(text);
    return 'problems' in result ? result.problems : [];
  };
  const shop = { host: 'localhost', user: 'backup', database: 'shop' };

  it('maps names to databases and directories, with defaults', () => {
    const result = read({
      sources: {
        shop: { postgresql: shop },
        site: { directory: { path: '/srv/site/' } },
        cache: { sqlite: { path: '/srv/./cache.db' } },
        old: { mysql: shop },
        keys: { redis: { host: 'localhost' } },
      },
    });
    expect(result).to.deep.equal({
      config: {
        sources: {
          shop: { postgresql: { ...shop, port: 5432 } },
          site: { directory: { path: '/srv/site', ignore: [] } },
          cache: { sqlite: { path: '/srv/cache.db' } },
          old: { mysql: { ...shop, port: 3306 } },
          keys: { redis: { host: 'localhost', port: 6379, user: 'default', database: '0' } },
        },
      },
    });
  });

  it('names every problem at once, with its place', () => {
    const found = problems({
      sources: {
        a: { postgresql: { ...shop, port: 0, pasword: 'x' } },
        b: { directory: { path: 'srv', ignore: ['/'] } },
        c: { directory: { path: '/a/..' } },
        d: { directory: { path: '/x' }, postgresql: shop },
        e: {},
      },
    });
    for (const place of [
      'a.postgresql.port',
      'a.postgresql ',
      'b.directory.path',
      'b.directory.ignore.0',
      'c.directory.path',
      'd ',
      'e ',
    ]) {
      expect(
        found.filter((line) => line.includes(`sources.${place}`)),
        place,
      ).to.have.length(1);
    }
  });

  it('refuses files that cannot be read, and a spool inside of what is backed up', () => {
    const found = problems({
      sources: {
        a: { postgresql: { ...shop, passwordFile: join(folder, 'nothing') } },
        b: { directory: { path: '/srv/spool' } },
        c: { directory: { path: '/srv/spoo' } },
      },
    });
    expect(found).to.have.length(2);
    expect(found[0]).to.contain('sources.a.postgresql.passwordFile cannot be read');
    expect(found[1]).to.contain('sources.b.directory.path holds the spool folder');
  });

  it('says so when it is missing or no JSON', () => {
    expect(problems('{')[0]).to.contain('cannot be read');
    expect(readConfig(join(folder, 'other.json'), '/s'))
      .to.have.property('problems')
      .that.has.length(1);
  });
});
