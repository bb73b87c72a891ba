import { HoldfastError, type ObjectStore } from '@holdfast/shared/domain';
import { collect, contentOf, failureOf, stallingAfter, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { until } from '@holdfast/testing/until';
import { openStore } from '../index.ts';
import { localDestination, testSettings } from '../testing.ts';
import { fileError } from './errors.ts';

const signal = new AbortController().signal;

describe('the local store', () => {
  let folder: string;
  let root: string;
  let store: ObjectStore;
  const open = (path: string): ObjectStore => openStore(localDestination(path), { ...testSettings, localRoot: root });
  const put = (key: string, size = 10) => store.put(key, streamOf(contentOf(size)), { signal });
  const files = async (path: string): Promise<string[]> =>
    (await readdir(path, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-local-'));
    root = join(folder, 'root');
    await mkdir(join(root, 'tenant'), { recursive: true });
    await mkdir(join(folder, 'outside'));
    await writeFile(join(folder, 'outside', 'secret'), 'not yours');
    store = open('tenant');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('says which setting is missing where local destinations are not allowed', () => {
    expect(() => openStore(localDestination(''), testSettings))
      .to.throw(HoldfastError, 'HOLDFAST_LOCAL_ROOT')
      .with.property('code', 'configuration');
  });

  for (const path of ['..', '../root2', '/etc', 'a/../../outside', 'nul\0']) {
    it(`refuses a destination at ${JSON.stringify(path)}`, () => {
      expect(() => open(path))
        .to.throw(HoldfastError)
        .with.property('code', 'path_outside_root');
    });
  }

  it('refuses a destination that a link leads out of the root, and writes nothing there', async () => {
    await symlink(join(folder, 'outside'), join(root, 'link'));
    for (const path of ['link', 'link/below']) {
      const linked = open(path);
      const work = linked.put('a/b', streamOf(contentOf(1)), { signal });
      expect(await failureOf(work)).to.include({ code: 'path_outside_root' });
      expect(await failureOf(collect(linked.list('')))).to.include({ code: 'path_outside_root' });
      expect(await failureOf(linked.get('secret', { signal }))).to.include({ code: 'path_outside_root' });
      expect((await linked.probe(signal)).ok).to.equal(false);
    }
    expect(await readdir(join(folder, 'outside'))).to.deep.equal(['secret']);
  });

  it('follows no link out of the destination, neither to a folder nor to a file', async () => {
    await mkdir(join(root, 'other'));
    await symlink(join(folder, 'outside'), join(root, 'tenant', 'out'));
    await symlink(join(root, 'other'), join(root, 'tenant', 'neighbour'));
    await symlink(join(folder, 'outside', 'secret'), join(root, 'tenant', 'file'));
    for (const key of ['out/x', 'out/new/x', 'neighbour/x']) {
      expect(await failureOf(put(key)), key).to.include({ code: 'path_outside_root' });
    }
    for (const key of ['out/secret', 'file']) {
      expect(await failureOf(store.get(key, { signal })), key).to.include({ code: 'path_outside_root' });
    }
    expect(await failureOf(store.delete('out/secret'))).to.include({ code: 'path_outside_root' });
    expect(await store.head('file')).to.equal(null);
    expect(await collect(store.list(''))).to.deep.equal([]);
    expect(await readdir(join(folder, 'outside'))).to.deep.equal(['secret']);
    expect(await readdir(join(root, 'other'))).to.deep.equal([]);
  });

  it('works when the root itself is reached by a link', async () => {
    await symlink(root, join(folder, 'alias'));
    const aliased = openStore(localDestination('tenant'), { ...testSettings, localRoot: join(folder, 'alias') });
    await aliased.put('a/b', streamOf(contentOf(5)), { signal });
    expect((await collect(store.list(''))).map(({ key }) => key)).to.deep.equal(['a/b']);
  });

  it('shows a file under its name only when it is whole', async () => {
    const body = stallingAfter(contentOf(100_000));
    const controller = new AbortController();
    const work = failureOf(store.put('a/dump', body, { signal: controller.signal }));
    await until('the condition', 10, async () => (await files(root)).length === 1);
    expect(await files(root)).to.not.include('dump');
    controller.abort(new HoldfastError('stopping'));
    await work;
    expect(await readdir(join(root, 'tenant'))).to.deep.equal([]);
  });

  it('removes empty folders with the last object, but never the root', async () => {
    await put('a/b/c/one');
    await put('a/two');
    await store.delete('a/b/c/one');
    expect(await readdir(join(root, 'tenant', 'a'))).to.deep.equal(['two']);
    await store.delete('a/two');
    expect(await readdir(root)).to.deep.equal(['tenant']);
  });

  it('stores and removes in the same folder at once', async () => {
    const again = async (name: string): Promise<void> => {
      for (let round = 0; round < 100; round += 1) {
        await put(`same/folder/${name}`);
        await store.delete(`same/folder/${name}`);
      }
    };
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map(again));
    expect(await collect(store.list(''))).to.deep.equal([]);
  });

  it('fails a read when the file gets shorter meanwhile', async () => {
    const size = 8 * 1024 * 1024;
    await put('dump', size);
    const stream = await store.get('dump', { signal });
    await truncate(join(root, 'tenant', 'dump'), 3 * 1024 * 1024);
    const failure = await failureOf(buffer(stream));
    expect(failure).to.include({ code: 'store_failed' });
    expect((failure as Error).message).to.include(`had promised ${size}`);
  });

  it('refuses names that are its own for files being written, and names that file systems do not take', async () => {
    for (const key of ['.holdfast-upload-1', `a/${'x'.repeat(200)}`]) {
      expect(await failureOf(put(key)), key).to.include({ code: 'configuration' });
    }
  });

  it('says store_denied where it may not write', () => {
    const error = Object.assign(new Error('permission denied'), { code: 'EACCES' });
    expect(fileError(error, '/srv/backups')).to.include({ code: 'store_denied' });
  });

  const failures = {
    ENOSPC: 'store_full',
    EDQUOT: 'store_full',
    EIO: 'store_failed',
    ESTALE: 'store_unreachable',
    ETIMEDOUT: 'store_unreachable',
    EROFS: 'store_denied',
  };
  for (const [code, expected] of Object.entries(failures)) {
    it(`says ${expected} for ${code}, in a sentence of its own`, () => {
      const error = fileError(Object.assign(new Error('the reason'), { code }), '/srv/backups');
      expect(error).to.include({ code: expected });
      expect(error.message).to.include('/srv/backups').and.not.to.include('the reason');
    });
  }

  // A real full disk needs a file system of its own, which only root can mount.
  if (process.getuid?.() === 0 && process.platform === 'linux') {
    it('says store_denied and leaves what was there when the disk is mounted read-only', async () => {
      const disk = join(root, 'disk');
      await mkdir(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
      try {
        const local = open('disk');
        await local.put('a/dump', streamOf(contentOf(1000)), { signal });
        execFileSync('mount', ['-o', 'remount,ro', disk]);
        for (const write of [
          () => local.put('a/other', streamOf(contentOf(10)), { signal }),
          () => local.put('a/dump', streamOf(contentOf(10)), { signal }),
          () => local.delete('a/dump'),
        ]) {
          const error = await failureOf(write());
          expect(error).to.include({ code: 'store_denied' });
          expect((error as Error).message).to.include('read-only');
        }
        expect((await buffer(await local.get('a/dump', { signal }))).equals(contentOf(1000))).to.equal(true);
        expect(await readdir(join(disk, 'a'))).to.deep.equal(['dump']);
        expect((await local.probe(signal)).problems.join()).to.include('read-only');
      } finally {
        execFileSync('umount', [disk]);
      }
    });

    it('says store_full and leaves nothing when the disk is full', async function () {
      const small = join(root, 'small');
      await mkdir(small);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
      try {
        const full = open('small');
        const body = streamOf(contentOf(4 * 1024 * 1024));
        const error = await failureOf(full.put('a/dump', body, { signal }));
        expect(error).to.include({ code: 'store_full' });
        expect((error as Error).message).to.include('full');
        expect(body.destroyed).to.equal(true);
        expect(await readdir(small)).to.deep.equal([]);
        expect(await full.put('a/dump', streamOf(contentOf(1000)), { signal })).to.include({ size: 1000 });
      } finally {
        execFileSync('umount', [small]);
      }
    });
  }
});
