import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable, type Duplex } from 'node:stream';
import { age, newBackupKey, recipientOf } from '@holdfast/pipeline';
import { Secret, type Backup, type BackupFile } from '@holdfast/shared/domain';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function through(bytes: Buffer, stream: Duplex): Promise<Buffer> {
  return Buffer.concat(await Readable.from([bytes], { objectMode: false }).pipe(stream).toArray());
}

interface Made {
  backup: Backup;
  file: BackupFile;
}

describe('downloads of encrypted backups', () => {
  const content = randomBytes(700_000);
  let withKey: TestApi;
  let ada: Tenant;
  let identity: string;
  let recipients: string[];

  /** A backup that is done, encrypted to these keys. */
  const encryptedBackup = async (api: TestApi, { database }: Tenant, to = recipients): Promise<Made> => {
    const sealed = await through(content, age({ recipients: to, identities: [] }).encode());
    const { backup, file } = await api.doneBackup(database, sealed);
    const list = to.map((one) => `'${one}'`).join();
    await api.own.query(
      `update holdfast.backups set recipients = array[${list}] where id = '${backup.id}'`,
      `update holdfast.backup_files set name = 'dump.pgdump.zst.age', unencrypted_size = ${content.length},
         unencrypted_sha256 = '${sha256(content)}' where id = '${file.id}'`,
    );
    return { backup, file };
  };

  /** The path of a fresh link. */
  const link = async (api: TestApi, { token, database }: Tenant, { id }: Backup): Promise<string> => {
    const { json } = await api.request('GET', `/api/databases/${database.id}/backups/${id}/archive`, { token });
    const url = String(json['download_url']);
    expect(url.startsWith(api.url), url).to.equal(true);
    return url.slice(api.url.length);
  };

  const fetchBytes = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const answer = await fetch(withKey.url + path, { headers, method });
    return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
  };

  const damaged = async ({ id }: Backup): Promise<Backup> => {
    const { backups } = withKey.deps.persistence;
    return await until('the backup to be flagged', 15, async () => {
      const found = await backups.find(id);
      return found?.damagedAt ? found : undefined;
    });
  };

  /** How an answer ended, and what came of it. */
  const received = async (url: string, headers: Record<string, string> = {}): Promise<{ end: string; bytes: Buffer }> =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const done = (end: string) => resolve({ end, bytes: Buffer.concat(chunks) });
      const request = get(url, { headers }, (response: IncomingMessage) => {
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => done('whole'));
        response.on('error', () => done('broken'));
      });
      request.on('error', () => done('broken'));
    });

  before(async () => {
    [, identity = ''] = await newBackupKey();
    const [, offline = ''] = await newBackupKey();
    recipients = await Promise.all([identity, offline].map((key) => recipientOf(new Secret(key))));
    withKey = await openApi({
      HOLDFAST_BACKUP_IDENTITIES: identity,
      HOLDFAST_BACKUP_RECIPIENTS: recipients.join(),
    });
    ada = await withKey.tenant('ada');
  });
  after(() => withKey.stop());

  it('are of keys that the account shows while backups to come are encrypted to them, and private ones never', async () => {
    const { json, text } = await withKey.request('GET', '/api/account', { token: ada.token });
    expect(json['encryption']).to.deep.equal({ recipients });
    expect(text).to.not.include(identity);
  });

  it('are decrypted on the way, with the size and checksum of what comes down', async () => {
    const { backup } = await encryptedBackup(withKey, ada);
    const path = await link(withKey, ada, backup);
    const { answer, bytes } = await fetchBytes(path);
    expect(answer.status).to.equal(200);
    expect(bytes.equals(content)).to.equal(true);
    expect(answer.headers.get('etag')).to.equal(`"sha256:${sha256(content)}"`);
    expect(answer.headers.get('content-length')).to.equal(String(content.length));
    expect(answer.headers.get('content-disposition')).to.equal(`attachment; filename=${backup.name}.dump.pgdump.zst`);
    const head = await fetchBytes(path, {}, 'HEAD');
    expect([head.answer.status, head.answer.headers.get('content-length'), head.bytes.length]).to.deep.equal([
      200,
      String(content.length),
      0,
    ]);
  });

  it('give one range of what comes down, and the whole when If-Range names other content', async () => {
    const { backup } = await encryptedBackup(withKey, ada);
    const path = await link(withKey, ada, backup);
    const last = content.length - 1;
    const ranges: [string, number, number][] = [
      ['bytes=0-9', 0, 9],
      ['bytes=65530-65545', 65_530, 65_545],
      ['bytes=300000-', 300_000, last],
      ['bytes=-5', last - 4, last],
      ['bytes=0-', 0, last],
    ];
    for (const [range, start, end] of ranges) {
      const { answer, bytes } = await fetchBytes(path, { range, 'if-range': `"sha256:${sha256(content)}"` });
      expect([answer.status, answer.headers.get('content-range')], range).to.deep.equal([
        206,
        `bytes ${start}-${end}/${content.length}`,
      ]);
      expect(bytes.equals(content.subarray(start, end + 1)), range).to.equal(true);
    }
    const other = await fetchBytes(path, { range: 'bytes=0-9', 'if-range': '"sha256:other"' });
    expect([other.answer.status, other.bytes.length]).to.deep.equal([200, content.length]);
    const beyond = await withKey.request('GET', path, { headers: { range: `bytes=${content.length}-` } });
    expect(beyond.status).to.equal(416);
  });

  it('break the connection where bytes are damaged, in a range that holds them too, and flag the backup', async () => {
    for (const headers of [{}, { range: 'bytes=390000-' }, { range: 'bytes=400000-400010' }]) {
      const { backup, file } = await encryptedBackup(withKey, ada);
      const path = join(withKey.localRoot, 'ada', file.key);
      const stored = readFileSync(path);
      stored[400_000] = (stored[400_000] ?? 0) ^ 1;
      writeFileSync(path, stored);
      const { end, bytes } = await received(withKey.url + (await link(withKey, ada, backup)), headers);
      expect(end, JSON.stringify(headers)).to.equal('broken');
      expect(bytes.length).to.be.lessThan(400_000);
      const flagged = await damaged(backup);
      expect(flagged.damage).to.include({ state: 'changed' });
      expect(flagged.damage?.detail).to.include(file.key);
    }
  });

  it('break the connection where an object of the same size is another one, encrypted or not', async () => {
    const [one, two] = [await encryptedBackup(withKey, ada), await encryptedBackup(withKey, ada)];
    const plain = await withKey.doneBackup(ada.database, randomBytes(700_000));
    const pathOf = ({ file }: Made) => join(withKey.localRoot, 'ada', file.key);
    writeFileSync(pathOf(one), readFileSync(pathOf(two)));
    const changed = readFileSync(pathOf(plain));
    changed[3] = (changed[3] ?? 0) ^ 1;
    writeFileSync(pathOf(plain), changed);
    for (const made of [one, plain]) {
      const { end, bytes } = await received(withKey.url + (await link(withKey, ada, made.backup)));
      expect([end, bytes.length < 700_000]).to.deep.equal(['broken', true]);
      expect((await damaged(made.backup)).damage, 'what a look at sizes cannot take back').to.include({
        by: 'verification',
      });
    }
  });

  it('bring down what is stored where the service has no key of it', async () => {
    const [, foreign = ''] = await newBackupKey();
    const { backup, file } = await encryptedBackup(withKey, ada, [await recipientOf(new Secret(foreign))]);
    const { answer, bytes } = await fetchBytes(await link(withKey, ada, backup));
    expect(answer.headers.get('etag')).to.equal(`"${file.checksum}"`);
    expect(answer.headers.get('content-disposition')).to.equal(
      `attachment; filename=${backup.name}.dump.pgdump.zst.age`,
    );
    expect(`sha256:${sha256(bytes)}`).to.equal(file.checksum);
    const opened = await through(bytes, age({ recipients: [], identities: [new Secret(foreign)] }).decode());
    expect(opened.equals(content)).to.equal(true);
  });

  it('are shown with their public keys, and with the sizes and names of what comes down', async () => {
    const { backup, file } = await encryptedBackup(withKey, ada);
    const { token } = ada;
    const shown = await withKey.request('GET', `/api/backups/${backup.id}`, { token });
    expect(shown.json['database_backup'], shown.text).to.deep.include({ encrypted: true, recipients, size: file.size });
    const v1 = await withKey.request('GET', `/v1/backups/${backup.id}`, { token });
    expect(v1.json['data']).to.deep.include({ encryption_key: Buffer.from(recipients.join('\n')).toString('base64') });
    expect(v1.json['data']).to.have.nested.property('files[0].size_bytes', content.length);
    const links = await withKey.request('POST', `/v1/backups/${backup.id}/download`, { token });
    const [[name, url] = []] = Object.entries(links.json['data'] as Record<string, string>);
    expect(name).to.equal('dump.pgdump.zst');
    expect((await fetchBytes(String(url).slice(withKey.url.length))).bytes.equals(content)).to.equal(true);
    expect(withKey.logged()).to.not.include(identity);
  });
});
