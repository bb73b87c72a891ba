import { createHash, randomBytes } from 'node:crypto';
import { rmSync, statSync, truncateSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError, type BackupFile, type Clock, type Destination } from '@holdfast/shared/domain';
import { openStore } from '@holdfast/stores';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('database dialect: archive and download', () => {
  const content = randomBytes(300_000);
  let api: TestApi;
  let ada: Tenant;
  let file: BackupFile;
  let archive: string;
  let now = new Date();
  let saved: string;
  let breakStream = false;
  const clock: Clock = { now: () => now };

  const breakingStore = (destination: Destination) => {
    const store = openStore(destination, {
      localRoot: api.localRoot,
      allowedNetworks: [],
      partConcurrency: 2,
      patienceSeconds: 1,
    });
    const whole = store.get.bind(store);
    store.get = async (key, options) => {
      if (!breakStream) return whole(key, options);
      const broken = new PassThrough();
      broken.write(content.subarray(0, 100_000));
      void delay(50).then(() => broken.destroy(new HoldfastError('store_failed', 'The store went away.')));
      return broken;
    };
    return store;
  };

  before(async () => {
    api = await openApi({}, { clock, openStore: breakingStore });
    ada = await api.tenant('ada');
    const made = await api.doneBackup(ada.database, content);
    file = made.file;
    saved = `${made.backup.name}.${file.name}`;
    archive = `/api/databases/${ada.database.name}/backups/${made.backup.id}/archive`;
  });
  after(() => api.stop());
  afterEach(() => {
    now = new Date();
    breakStream = false;
  });

  /** The path of a fresh download link. */
  const link = async (): Promise<string> => {
    const { status, json } = await api.request('GET', archive, { token: ada.token });
    expect(status, JSON.stringify(json)).to.equal(200);
    expect(Object.keys(json)).to.deep.equal(['download_url']);
    const url = String(json['download_url']);
    expect(url.startsWith(`${api.url}/api/databases/`), url).to.equal(true);
    return url.slice(api.url.length);
  };

  const fetchBytes = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${api.url}${path}`, init);
    return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
  };

  it('serves the very bytes without an Authorization header', async () => {
    const { answer, bytes } = await fetchBytes(await link());
    expect(answer.status).to.equal(200);
    expect(createHash('sha256').update(bytes).digest('hex')).to.equal(file.checksum.replace('sha256:', ''));
    expect(answer.headers.get('content-length')).to.equal(String(content.length));
    expect(answer.headers.get('accept-ranges')).to.equal('bytes');
    expect(answer.headers.get('etag')).to.equal(`"${file.checksum}"`);
    expect(answer.headers.get('content-disposition')).to.equal(`attachment; filename=${saved}`);
  });

  it('answers HEAD with the headers alone', async () => {
    const { answer, bytes } = await fetchBytes(await link(), { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length'), bytes.length]).to.deep.equal([200, '300000', 0]);
  });

  it('serves one range, and the whole when If-Range names other content', async () => {
    const path = await link();
    const ranges: [string, number, number][] = [
      ['bytes=0-9', 0, 9],
      ['bytes=299990-', 299_990, 299_999],
      ['bytes=-5', 299_995, 299_999],
      ['bytes=10-999999999', 10, 299_999],
    ];
    for (const [range, start, end] of ranges) {
      const { answer, bytes } = await fetchBytes(path, { headers: { range, 'if-range': `"${file.checksum}"` } });
      expect(answer.status, range).to.equal(206);
      expect(answer.headers.get('content-range')).to.equal(`bytes ${start}-${end}/300000`);
      expect(bytes.equals(content.subarray(start, end + 1)), range).to.equal(true);
    }
    const other = await fetchBytes(path, { headers: { range: 'bytes=0-9', 'if-range': '"other"' } });
    expect([other.answer.status, other.bytes.length]).to.deep.equal([200, 300_000]);
    const several = await fetchBytes(path, { headers: { range: 'bytes=0-1,4-5' } });
    expect([several.answer.status, several.bytes.length]).to.deep.equal([200, 300_000]);
    const beyond = await api.request('GET', path, { headers: { range: 'bytes=300000-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).to.deep.equal([416, 'bytes */300000']);
    expect(beyond.headers.get('content-disposition')).to.equal(null);
    expect(beyond.json).to.have.all.keys('error');
  });

  it('refuses a tampered, an expired and a foreign token with 403', async () => {
    const path = await link();
    const { backup: other } = await api.doneBackup(ada.database);
    const [before = '', token = ''] = path.split('token=');
    const flipped = `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`;
    // The last character of the signature holds bits that mean nothing, and base64 may be padded.
    const last = token.slice(-1);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others = alphabet
      .split('')
      .filter((one) => one !== last)
      .map((one) => `${token.slice(0, -1)}${one}`);
    const wrong = [
      ...[...others, `${token}=`, `${token}%20`].map((one) => `${before}token=${one}`),
      `${before}token=${flipped}`,
      `${before}token=`,
      before,
      `${before}token=${token}&token=${token}`,
      `/api/databases/${ada.database.id}/backups/${other.id}/download?token=${token}`,
      `/api/databases/${ada.database.id}/backups/x/download?token=${token}`,
    ];
    for (const one of wrong) {
      const { status, json } = await api.request('GET', one);
      expect([status, json], one).to.deep.equal([
        403,
        { error: 'This link is not valid or has expired: ask for a new one.' },
      ]);
    }
    const issued = now.getTime();
    now = new Date(issued + 3_590_000);
    expect((await api.request('HEAD', path)).status).to.equal(200);
    now = new Date(issued + 3_601_000);
    expect((await api.request('GET', path)).status).to.equal(403);
  });

  it('breaks the connection when the store fails midway, so that a part never looks whole', async () => {
    const path = await link();
    breakStream = true;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${api.url}${path}`, resolve).on('error', reject);
    });
    let received = 0;
    const end = await new Promise<string>((resolve) => {
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      response.on('end', () => resolve('clean end'));
      response.on('error', () => resolve('broken'));
    });
    expect([end, response.complete]).to.deep.equal(['broken', false]);
    expect(received).to.be.lessThan(content.length);
    await until('the condition', 15, () => api.logged().includes('The store went away.'));
  });

  it('does not count it as a failure when the client leaves midway', async () => {
    const big = await api.doneBackup((await api.tenant('big')).database, randomBytes(20_000_000));
    const { backup, file: bigFile } = big;
    const expires = Math.floor(Date.now() / 1000) + 60;
    const token = api.deps.linkSigner.sign({ backupId: backup.id, fileId: bigFile.id, expires });
    const own = `/api/databases/${backup.databaseId}/backups/${backup.id}/download?token=${token}`;
    const headers = { 'x-request-id': 'left-early' };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${api.url}${own}`, { headers }, resolve).on('error', reject);
    });
    response.once('data', () => response.destroy());
    const ofRequest = () =>
      api
        .logged()
        .split('\n')
        .filter((line) => line.includes('left-early'));
    await until('the condition', 15, () => ofRequest().some((line) => line.includes('the client left')));
    expect(ofRequest().join('')).to.not.include('request failed');
  });

  it('never logs the token of a link', async () => {
    const path = await link();
    await fetchBytes(path);
    const token = path.split('token=')[1] ?? '';
    expect(token).to.have.length.greaterThan(50);
    expect(api.logged()).to.include('/download"').and.not.include(token);
  });

  it('answers 409 while the backup is not done', async () => {
    const { database, token } = await api.tenant('waiting');
    const made = await api.request('POST', `/api/databases/${database.id}/backups`, { token });
    const { id } = made.json['database_backup'] as { id: string };
    const { status, json } = await api.request('GET', `/api/databases/${database.id}/backups/${id}/archive`, { token });
    expect([status, json]).to.deep.equal([409, { error: 'This backup has no archive: its status is scheduled.' }]);
  });

  it('answers 404, flags the backup and raises an alert when the object is missing or has another size', async () => {
    const damages: ((path: string) => void)[] = [
      (path) => rmSync(path),
      (path) => truncateSync(path, statSync(path).size - 1),
    ];
    for (const damage of damages) {
      const { backup, file: damaged } = await api.doneBackup(ada.database);
      const path = `/api/databases/${ada.database.id}/backups/${backup.id}/archive`;
      const good = await api.request('GET', path, { token: ada.token });
      damage(join(api.localRoot, 'ada', damaged.key));
      const bad = await api.request('GET', path, { token: ada.token });
      expect(bad.status).to.equal(404);
      expect(String(bad.json['error'])).to.match(/is missing|has 99999 bytes instead of 100000/);
      expect((await api.deps.persistence.backups.find(backup.id))?.damagedAt).to.be.instanceOf(Date);
      expect(api.logged()).to.include(`"alert":"backup_damaged","backupId":"${backup.id}"`);
      const shown = await api.request('GET', `/api/backups/${backup.id}`, { token: ada.token });
      expect(shown.json['database_backup']).to.have.nested.property('error.code', 'integrity');
      const download = await api.request('GET', String(good.json['download_url']).slice(api.url.length));
      expect(download.status).to.equal(404);
    }
  });
});
