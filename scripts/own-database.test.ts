import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openPersistence, type Persistence } from '../packages/persistence/src/index.ts';
import { openWorld, type World } from '../packages/persistence/src/testing/world.ts';
import { environment } from '../packages/shared/src/config/index.ts';
import { Secret } from '../packages/shared/src/domain/index.ts';
import { systemIds } from '../packages/shared/src/lifecycle/index.ts';
import { SecretBox } from '../packages/shared/src/security/index.ts';
import { testDatabase } from '../packages/testing/src/postgres/index.ts';
import { root } from './lib/run.ts';

const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
const commands = [...page.matchAll(/^PGPASSWORD=… (pg_dump|pg_restore) (.+)$/gm)];

describe('the own database of Holdfast', () => {
  let world: World;
  const opened: Persistence[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-own-'));
  before(async () => {
    world = await openWorld();
  });
  after(async () => {
    for (const persistence of opened) await persistence.close();
    await world.drop();
    rmSync(folder, { recursive: true });
  });

  const open = async (url: string, box: SecretBox): Promise<Persistence> => {
    const persistence = await openPersistence({ url: new Secret(url), box, ids: systemIds, poolSize: 1 });
    opened.push(persistence);
    return persistence;
  };

  it('comes back from a dump by the commands of docs/operations.md, with the secrets in it', async () => {
    const { id } = await world.newDatabase();
    await world.databases.update(world.account.id, id, { password: new Secret('of the source') });
    const from = new URL(world.url.reveal());
    const target = await testDatabase();
    expect(commands.map(([, program]) => program)).to.deep.equal(['pg_dump', 'pg_restore']);
    for (const [, program = '', parameters = ''] of commands) {
      const name = program === 'pg_dump' ? from.pathname.slice(1) : target.name;
      const given = parameters
        .replace('--host=db.example.org', `--host=${target.host} --port=${target.port}`)
        .replace('--username=holdfast', `--username=${target.user}`)
        .replace('--dbname=holdfast', `--dbname=${name}`)
        .replace(/ holdfast$/, ` ${name}`);
      await promisify(execFile)(program, given.split(' '), {
        cwd: folder,
        env: { PATH: environment()['PATH'], PGPASSWORD: target.password },
      });
    }
    const restored = await open(target.url, world.box);
    const [database] = await restored.databases.list(world.account.id);
    expect([database?.id, database?.password?.reveal()]).to.deep.equal([id, 'of the source']);
  });

  it('shows nothing that it has sealed without the key, and says which one is missing', async () => {
    const other = new SecretBox([{ id: 'new', key: randomBytes(32) }]);
    const persistence = await open(world.url.reveal(), other);
    const listed = await persistence.databases.list(world.account.id);
    const [password] = listed.flatMap((one) => one.password ?? []);
    expect(() => password?.reveal()).to.throw(/sealed with key "test", which is not configured/);
  });
});
