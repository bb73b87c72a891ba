import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Secret, type Backup, type Database, type Destination, type Server } from '@holdfast/shared/domain';
import { startS3, type S3ServerOptions, type TestS3 } from '@holdfast/testing/s3';
import { openApi, type Answer, type Asked, type Tenant, type TestApi } from '../../harness.test.ts';

export interface Node {
  server: Server;
  token: string;
}

export interface Links {
  parts: string[];
  part_size: number;
}

/** What a client reports of an archive that it has uploaded. */
export interface Archive {
  checksum: string;
  checksum_type: string;
  size: number;
  successful: true;
  parts: { etag: string; part_number: number }[];
}

/** An API, an S3 server, and two registered servers of one account. */
export interface RemoteBed {
  api: TestApi;
  s3: TestS3;
  ada: Tenant;
  node: Node;
  other: Node;
  bucket: Destination;
  database(change?: { destinationId?: number; serverId?: number; type?: 'files' | 'postgresql' }): Promise<Database>;
  /** A backup that waits for the node; of a database of its own unless told. */
  waiting(database?: Database): Promise<Backup>;
  /** As the node would ask, unless another token is given. */
  ask(method: string, path: string, asked?: Asked): Promise<Answer>;
  links(backup: Backup, size: number): Promise<Links>;
  /** Uploads as a client does, and describes what to report. */
  upload(links: Links, content: Buffer): Promise<Archive>;
  /** A backup whose archive is uploaded and not reported yet. */
  uploaded(content?: Buffer): Promise<{ backup: Backup; archive: Archive; content: Buffer }>;
  report(backup: { id: string }, body: unknown, asked?: Asked): Promise<Answer>;
  row(backup: { id: string }): Promise<Backup>;
  /** Puts an object into a destination behind everybody's back. */
  store(destination: Destination, key: string, text: string): Promise<void>;
  stop(): Promise<void>;
}

export const accept = { accept: 'application/vnd.pterodactyl.v1+json' };
export const failure = { checksum: '', checksum_type: '', size: 0, successful: false, parts: null };

export async function openRemoteBed(
  environment: Record<string, string> = {},
  s3Options: S3ServerOptions = {},
): Promise<RemoteBed> {
  const s3 = await startS3(s3Options);
  const api = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8', ...environment });
  const { persistence } = api.deps;
  const ada = await api.tenant('ada');
  const register = async (name: string): Promise<Node> => {
    const created = await persistence.servers.create(ada.account.id, name);
    if (created === 'name_taken') throw new Error('The name of the test server is taken.');
    return { server: created.server, token: created.token.reveal() };
  };
  const [node, other] = [await register('node'), await register('other')];
  const bucket = await persistence.destinations.create(ada.account.id, {
    label: 'S3',
    type: 'custom_s3',
    settings: {
      bucket: s3.bucket,
      region: s3.region,
      endpoint: s3.endpoint,
      pathStyle: true,
      prefix: '',
      maxParts: 10_000,
    },
    accessKey: new Secret(s3.accessKey),
    secretKey: new Secret(s3.secretKey),
  });
  let names = 0;
  const database: RemoteBed['database'] = async (change = {}) => {
    names += 1;
    const made = await persistence.databases.create(ada.account.id, {
      name: `remote-${names}`,
      type: 'files',
      serverId: node.server.id,
      host: null,
      port: null,
      user: null,
      password: null,
      database: `remote-${names}`,
      options: {},
      destinationId: bucket.id,
      ...change,
    });
    if (made === 'name_taken') throw new Error('The name of the test database is taken.');
    return made;
  };
  const waiting: RemoteBed['waiting'] = async (of) => {
    const { id: databaseId } = of ?? (await database());
    const wanted = { databaseId, destinationId: null, method: 'manual', requestId: null, maxFailures: 3 } as const;
    const backup = await persistence.backups.create(wanted);
    if (!backup) throw new Error('The test backup could not be made.');
    return backup;
  };
  const ask: RemoteBed['ask'] = (method, path, asked = {}) =>
    api.request(method, path, { token: node.token, ...asked, headers: { ...accept, ...asked.headers } });
  const links: RemoteBed['links'] = async (backup, size) => {
    const answer = await ask('GET', `/api/remote/backups/${backup.id}?size=${size}`);
    if (answer.status !== 200) throw new Error(`No links: ${answer.text}`);
    return answer.json as unknown as Links;
  };
  const row: RemoteBed['row'] = async ({ id }) => {
    const found = await persistence.backups.find(id);
    if (!found) throw new Error('The test backup is gone.');
    return found;
  };
  const bed: RemoteBed = {
    api,
    s3,
    ada,
    node,
    other,
    bucket,
    database,
    waiting,
    ask,
    links,
    upload: uploadParts,
    uploaded: async (content = randomBytes(10_000)) => {
      const backup = await waiting();
      const archive = await uploadParts(await links(backup, content.length), content);
      return { backup: await row(backup), archive, content };
    },
    report: (backup, body, asked) => ask('POST', `/api/remote/backups/${backup.id}`, { body, ...asked }),
    row,
    store: async (destination, key, text) => {
      const store = api.deps.openStore(destination);
      await store.put(key, Readable.from([Buffer.from(text)]), { signal: AbortSignal.timeout(5000) });
      await store.close();
    },
    stop: async () => {
      await api.stop();
      await s3.stop();
    },
  };
  return bed;
}

async function uploadParts({ parts, part_size: size }: Links, content: Buffer): Promise<Archive> {
  const sent: Archive['parts'] = [];
  for (const [index, url] of parts.entries()) {
    const body = new Uint8Array(content.subarray(index * size, (index + 1) * size));
    const answer = await fetch(url, { method: 'PUT', headers: { 'content-type': 'application/x-gzip' }, body });
    if (answer.status !== 200) throw new Error(`The store refused part ${index + 1}: ${await answer.text()}`);
    sent.push({ etag: answer.headers.get('etag') ?? '', part_number: index + 1 });
  }
  const checksum = createHash('sha1').update(content).digest('hex');
  return { checksum, checksum_type: 'sha1', size: content.length, successful: true, parts: sent };
}
