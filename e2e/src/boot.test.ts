import { randomBytes } from 'node:crypto';
import { migrate } from '@holdfast/persistence';
import { prepareQueue } from '@holdfast/queue';
import { Secret } from '@holdfast/shared/domain';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { needsRedis, startRedis } from '@holdfast/testing/redis';
import { startS3 } from '@holdfast/testing/s3';
import {
  HoldfastClient,
  probe,
  runProgram,
  startService,
  type Service,
  type ServiceName,
} from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { sourceDatabase } from './support/source.ts';

const backends = [
  { name: 'queue in Redis', inRedis: true, order: ['worker', 'scheduler', 'api'] },
  { name: 'queue in PostgreSQL', inRedis: false, order: ['api', 'scheduler', 'worker'] },
] as const;

const count = (text: string, part: string): number => text.split(part).length - 1;

describe('the start of the services', function suite() {
  let postgres: TestPostgres;
  const running: Service[] = [];

  beforeEach(async () => {
    postgres = await startPostgres();
    await postgres.createDatabase('holdfast');
  });
  afterEach(async function stop() {
    if (this.currentTest?.state === 'failed') for (const { output } of running) process.stderr.write(output());
    await Promise.all(running.splice(0).map((service) => service.stop()));
    await postgres.stop();
  });

  const environment = (more: Record<string, string> = {}): Record<string, string> => ({
    DATABASE_URL: postgres.url('holdfast'),
    HOLDFAST_SECRET_KEYS: `test:${randomBytes(32).toString('base64')}`,
    HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8',
    HOLDFAST_TICK_SECONDS: '0.2',
    HOLDFAST_RETRY_BASE_SECONDS: '1',
    HOLDFAST_GRACE_SECONDS: '2',
    ...more,
  });

  async function start(name: ServiceName, env: Record<string, string>): Promise<Service> {
    const service = await startService(name, env, 'answering');
    running.push(service);
    return service;
  }

  const untilAll = (services: readonly Service[], what: string, holds: (url: string) => Promise<boolean>) =>
    until(`all services: ${what}`, 20, async () =>
      (await Promise.all(services.map(({ url }) => holds(url)))).every(Boolean),
    );

  const waitsFor = (part: string) => async (url: string) => {
    const { status, state, checks } = await probe(url);
    return status === 503 && state === 'starting' && checks[part] === 'failed';
  };

  for (const { name, inRedis, order } of backends) {
    it(`needs no order: nothing there, then the database, its schema, the queue and the store, ${name}`, async function skips() {
      if (inRedis) needsRedis(this);
      const redis = inRedis ? await startRedis() : null;
      await redis?.stop();
      await postgres.stop();
      const s3 = await startS3();
      await s3.pause();
      const env = environment(redis ? { REDIS_URL: redis.url } : {});
      const services: Service[] = [];
      for (const service of order) services.push(await start(service, env));
      const api = services[order.indexOf('api')];
      if (!api) return;

      await untilAll(services, 'wait for the database', waitsFor('database'));
      for (const { url } of services) expect((await fetch(`${url}/healthz`)).status).to.equal(200);
      const early = await fetch(`${api.url}/api/databases`);
      expect([early.status, early.headers.get('connection'), early.headers.get('retry-after')]).to.deep.equal([
        503,
        'close',
        '1',
      ]);

      await postgres.restart();
      await untilAll(services, 'wait for the schema', waitsFor('schema'));
      await runProgram('services/api/src/admin.ts', ['migrate'], env);
      await untilAll(services, 'run', async (url) => (await probe(url)).state === 'running');
      await redis?.restart();
      await untilAll(services, 'are ready', async (url) => (await probe(url)).status === 200);
      for (const { output } of services) {
        for (const part of ['database', 'schema'])
          expect(count(output(), `"waiting for the ${part}"`), output()).to.be.within(1, 3);
        expect(count(output(), '"what was waited for is there"')).to.be.within(1, 2);
      }

      const admin = (...args: string[]): Promise<string> => runProgram('services/api/src/admin.ts', args, env);
      await admin('create-account', 'tests');
      const token = (await admin('create-token', '--account=tests', '--name=boot', '--scopes=all')).trim();
      const client = new HoldfastClient(api.url, token);
      await s3.resume();
      const { accessKey: s3_access_key, secretKey: s3_secret_key, bucket: s3_bucket_name, endpoint } = s3;
      const destination_id = await client.createDestination({
        label: 'S3',
        type: 'custom_s3',
        s3_access_key,
        s3_secret_key,
        s3_bucket_name,
        custom_s3_endpoint: endpoint,
        path_style_endpoint: true,
      });
      const { host, port, user, password, name: database } = await sourceDatabase();
      const id = await client.registerDatabase({ name: 'one', host, port, user, password, database, destination_id });
      await client.waitFor((await client.backup(id)).id, ['done'], 20);
      await s3.stop();
      await redis?.stop();
    });
  }

  it('goes on over a schema that is newer, and waits while that says that older programs cannot work with it', async () => {
    const env = environment();
    const url = new Secret(postgres.url('holdfast'));
    await migrate(url);
    await prepareQueue({ redisUrl: null, databaseUrl: url });
    const add = (migration: string) =>
      postgres.query('holdfast', `insert into holdfast.migrations (timestamp, name) values (9, '${migration}')`);
    await add('Later9999999999999');
    const old = await start('scheduler', env);
    await untilAll([old], 'run', async (at) => (await probe(at)).status === 200);
    await add('BreakingLater9999999999999');
    expect(await probe(old.url)).to.deep.include({ status: 503, state: 'running' });
    const late = await start('worker', env);
    await untilAll([late], 'wait for the schema', waitsFor('schema'));
    const says = ['BreakingLater9999999999999', 'update this program'];
    await until('it to say so', 15, () => says.every((part) => late.output().includes(part)), late.output);
    expect((await late.stop()).code, 'a signal ends the waiting').to.equal(0);
  });

  it('is refused by wrong settings at once, all of them named, whatever is there or not', async () => {
    await postgres.stop();
    const env = environment({ HOLDFAST_TICK_SECONDS: 'soon', HOLDFAST_LEASE: '5', REDIS_URL: 'http://r' });
    for (const name of ['api', 'scheduler', 'worker'] as const) {
      const refusal = await startService(name, env).then(
        () => '',
        (error: unknown) => String(error),
      );
      for (const setting of ['HOLDFAST_TICK_SECONDS', 'HOLDFAST_LEASE ', 'REDIS_URL'])
        expect(refusal).to.include(setting);
    }
  });
});
