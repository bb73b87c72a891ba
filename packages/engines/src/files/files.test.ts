import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { HoldfastError, type Connection, type ContentTarget, type Dump } from '@holdfast/shared/domain';
import { treeOf } from '@holdfast/testing/trees';
import { expect } from 'chai';
import { placesOf } from '../paths/places.ts';
import { FileRoots } from '../paths/roots.ts';
import { archiveOf } from './archive.ts';
import { filesEngine } from './engine.ts';
import { headerOf, paddingOf, archiveEnd, type Member } from './headers.ts';
import { ignoreRules, isIgnored } from './ignore.ts';
import { OpenedDirectory } from './opened.ts';

const {
  mkdirSync,
  writeFileSync,
  symlinkSync,
  linkSync,
  chmodSync,
  utimesSync,
  existsSync,
  readdirSync,
  readFileSync,
} = fs;
const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

describe('the engine of directories', () => {
  let folder: string;
  let site: string;

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'holdfast-directory-'));
    site = join(folder, 'site');
    mkdirSync(site);
  });
  afterEach(() => {
    execFileSync('chmod', ['-R', 'u+rwX', folder]);
    fs.rmSync(folder, { recursive: true });
  });

  const engine = filesEngine([tmpdir()]);
  const connection = (ignore: string[] = []): Connection => ({
    host: '',
    port: 0,
    user: '',
    password: null,
    database: site,
    options: { ignore },
  });
  const dump = (ignore: string[] = []): Promise<Dump> => engine.dump(connection(ignore), { signal });

  async function archive(ignore: string[] = []): Promise<Buffer> {
    const { stream } = await dump(ignore);
    return Buffer.concat(await stream.toArray());
  }

  const restore = (bytes: Buffer | Readable, target: ContentTarget = { mode: 'in_place' }, restoreId = randomUUID()) =>
    engine.restore(
      connection(),
      { target, ownership: 'keep', restoreId },
      Buffer.isBuffer(bytes) ? Readable.from(pieces(bytes), { objectMode: false }) : bytes,
      { signal },
    );

  /** Cuts at places that fit no block, so that nothing depends on how a stream is cut. */
  function* pieces(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
  }

  function fill(): void {
    mkdirSync(join(site, 'empty'));
    mkdirSync(join(site, 'deep/er/still'), { recursive: true });
    writeFileSync(join(site, 'deep/er/still/large.bin'), randomBytes(3_000_001));
    writeFileSync(join(site, 'block.bin'), randomBytes(1024));
    writeFileSync(join(site, 'nothing'), '');
    const odd = [
      'a b',
      'new\nline',
      'quote\'"',
      'back\\slash',
      '-rf',
      'ünïcödé',
      '漢字',
      '😀',
      'e\u0301',
      'C:',
      '*',
      '.hidden',
      ' ',
    ];
    for (const name of odd) writeFileSync(join(site, name), name);
    mkdirSync(join(site, '漢'.repeat(80)));
    writeFileSync(join(site, '漢'.repeat(80), `${'x'.repeat(200)}\n漢`), 'long');
    symlinkSync('block.bin', join(site, 'inside'));
    symlinkSync('/etc/passwd', join(site, 'absolute'));
    symlinkSync('../../outside', join(site, 'relative'));
    symlinkSync('nowhere-'.repeat(30), join(site, 'dangling'));
    symlinkSync('deep', join(site, 'to-directory'));
    linkSync(join(site, 'block.bin'), join(site, 'second name'));
    linkSync(join(site, 'block.bin'), join(site, 'deep/third name'));
    chmodSync(join(site, 'nothing'), 0o400);
    chmodSync(join(site, 'block.bin'), 0o6751);
    utimesSync(join(site, 'nothing'), 1_000_000_000, 1_000_000_000);
    chmodSync(join(site, 'deep/er'), 0o2550);
    utimesSync(join(site, 'empty'), 1_100_000_000, 1_100_000_000);
    if (isRoot) fs.lchownSync(join(site, 'a b'), 12_345, 3_000_000);
    chmodSync(site, 0o750);
    utimesSync(site, 1_200_000_000, 1_200_000_000);
  }

  describe('archive', () => {
    it('comes back equal: content, odd names, modes, owners, times, links of both kinds, empty directories', async () => {
      fill();
      const before = treeOf(site);
      const bytes = await archive();
      fs.writeFileSync(join(site, 'later'), 'not in the backup');
      const { outcome } = await restore(bytes);
      expect(treeOf(site)).to.deep.equal(before);
      expect(outcome).to.contain('its former content was removed');
      expect(readdirSync(folder)).to.deep.equal(['site']);
    });

    it('is read by GNU tar, to the same content', async () => {
      fill();
      const copy = join(folder, 'copy');
      mkdirSync(copy);
      execFileSync('tar', ['-xpf', '-', '-C', copy], { input: await archive(), stdio: ['pipe', 'ignore', 'inherit'] });
      expect(treeOf(copy)).to.deep.equal(treeOf(site));
    });

    it('is read where GNU tar has written it', async () => {
      fill();
      for (const format of ['gnu', 'posix']) {
        const before = treeOf(site);
        const bytes = execFileSync('tar', [`--format=${format}`, '-cf', '-', '-C', site, '.'], { maxBuffer: 2 ** 26 });
        await restore(bytes);
        expect(treeOf(site), format).to.deep.equal(before);
      }
    });

    it('has the same bytes for the same content, in the order of the names', async () => {
      fill();
      const first = await archive();
      execFileSync('cat', [join(site, 'block.bin')]);
      expect((await archive()).equals(first)).to.equal(true);
    });

    it('tells sizes beyond 8 GiB, high owners and times before 1970 as tar reads them', () => {
      const size = 10 * 2 ** 30;
      const member = {
        path: './x',
        type: 'File',
        mode: 0o600,
        uid: 4_000_000,
        gid: 2,
        size,
        mtime: new Date(-86_400_000),
      } as const;
      const listing = spawnSync('tar', ['--numeric-owner', '--utc', '-tvf', '-'], {
        input: headerOf(member),
        encoding: 'utf8',
      });
      expect(listing.stdout).to.match(/^-rw------- 4000000\/2 10737418240 1969-12-31 00:00 \.\/x$/m);
    });

    it('follows no link, and holds no absolute path', async () => {
      writeFileSync(join(folder, 'secret'), 'hunter2');
      mkdirSync(join(folder, 'private'));
      writeFileSync(join(folder, 'private/key'), 'hunter2');
      symlinkSync(join(folder, 'secret'), join(site, 'file'));
      symlinkSync(join(folder, 'private'), join(site, 'directory'));
      const bytes = await archive();
      expect(bytes.includes('hunter2')).to.equal(false);
      const names = execFileSync('tar', ['-tPf', '-'], { input: bytes, encoding: 'utf8' }).trim().split('\n');
      expect(names).to.deep.equal(['./', './directory', './file']);
    });

    it('is not led out by a directory that is replaced by a link while it is read', async () => {
      mkdirSync(join(folder, 'private'));
      for (const name of ['a', 'b', 'c']) {
        mkdirSync(join(site, name));
        writeFileSync(join(site, name, 'key'), 'public');
        writeFileSync(join(folder, 'private/key'), 'hunter2');
      }
      const chunks: Buffer[] = [];
      for await (const chunk of archiveOf(site, { ignore: [], warn: () => undefined })) {
        chunks.push(chunk);
        const at = chunk.toString('latin1', 0, 4);
        if (at !== './b/' || existsSync(join(folder, 'b-moved'))) continue;
        for (const name of ['b', 'c']) {
          fs.renameSync(join(site, name), join(folder, `${name}-moved`));
          symlinkSync(join(folder, 'private'), join(site, name));
        }
      }
      expect(Buffer.concat(chunks).includes('hunter2')).to.equal(false);
      expect(Buffer.concat(chunks).toString('latin1').split('public')).to.have.length(3);
    });

    it('opens no link that took the place of a file or directory after it was looked at', async () => {
      symlinkSync(folder, join(site, 'directory'));
      symlinkSync('/etc/hostname', join(site, 'file'));
      const top = await OpenedDirectory.top(site);
      for (const opening of [top.directory('directory'), top.directory('file'), top.file('file')]) {
        const code = await opening.then(
          () => 'opened',
          (error: NodeJS.ErrnoException) => error.code,
        );
        expect(code).to.be.oneOf(['ELOOP', 'ENOTDIR']);
      }
      await top.close();
    });

    it('reads nothing outside of the roots when a link took the place of its directory after it was looked at', async () => {
      mkdirSync(join(folder, 'private'));
      writeFileSync(join(folder, 'private/key'), 'hunter2');
      symlinkSync('../private', join(site, 'moved'));
      const reading = archiveOf(join(site, 'moved'), {
        ignore: [],
        warn: () => undefined,
        roots: new FileRoots([site]),
      });
      expect(await failureOf(reading.next())).to.include({ code: 'path_outside_root' });
    });

    it('leaves out what is ignored', async () => {
      for (const name of ['cache', 'deep/cache', 'logs']) mkdirSync(join(site, name), { recursive: true });
      for (const name of ['a.log', 'cache/x', 'deep/b.log', 'deep/cache/x', 'logs/cache', 'keep']) {
        writeFileSync(join(site, name), '');
      }
      const bytes = await archive(['*.log', 'cache/']);
      const names = execFileSync('tar', ['-tf', '-'], { input: bytes, encoding: 'utf8' }).trim().split('\n');
      expect(names).to.deep.equal(['./', './deep/', './keep', './logs/', './logs/cache']);
    });

    it('goes on without what vanishes, and without sockets, pipes and devices, and warns', async () => {
      for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(site, name), name);
      mkdirSync(join(site, 'e'));
      execFileSync('mkfifo', [join(site, 'pipe')]);
      const warnings: string[] = [];
      for await (const chunk of archiveOf(site, { ignore: [], warn: (message) => warnings.push(message) })) {
        if (chunk.toString('latin1', 0, 3) !== './a') continue;
        fs.rmSync(join(site, 'c'));
        fs.rmdirSync(join(site, 'e'));
      }
      expect(warnings).to.have.length(3);
      expect(warnings.join())
        .to.contain('./c vanished')
        .and.to.contain('./e vanished')
        .and.to.contain('./pipe is neither');
    });

    it('keeps of a file that grows what it was at first, and warns', async () => {
      const path = join(site, 'app.log');
      writeFileSync(path, 'x'.repeat(600_000));
      const warnings: string[] = [];
      const chunks: Buffer[] = [];
      for await (const chunk of archiveOf(site, { ignore: [], warn: (message) => warnings.push(message) })) {
        chunks.push(chunk);
        if (chunks.length === 3) fs.appendFileSync(path, 'y'.repeat(1000));
      }
      expect(warnings.join()).to.contain('was written to while');
      await restore(Buffer.concat(chunks));
      expect(readFileSync(path, 'utf8')).to.equal('x'.repeat(600_000));
    });

    it('fails when a file becomes shorter while it is read, may not be read, or the directory is not there', async () => {
      const path = join(site, 'file');
      writeFileSync(path, 'x'.repeat(600_000));
      const reading = async (): Promise<void> => {
        let seen = 0;
        for await (const _chunk of archiveOf(site, { ignore: [], warn: () => undefined })) {
          seen += 1;
          if (seen === 3) fs.truncateSync(path, 10);
        }
      };
      expect(await failureOf(reading()))
        .to.include({ code: 'dump_failed' })
        .and.to.have.property('message')
        .that.contains('./file became shorter');
      fs.rmSync(site, { recursive: true });
      expect(await failureOf(archive())).to.include({ code: 'database_missing' });
    });

    it('fails for a name that it could not give back', async () => {
      writeFileSync(Buffer.concat([Buffer.from(`${site}/`), Buffer.from([0x66, 0xe9])]), '');
      expect((await failureOf(archive())).message).to.contain('is not UTF-8');
    });
  });

  describe('restore', () => {
    const member = (change: Partial<Member>): Buffer =>
      headerOf({ path: './x', type: 'File', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: new Date(0), ...change });
    const file = (path: string, text: string): Buffer =>
      Buffer.concat([member({ path, size: text.length }), Buffer.from(text), Buffer.alloc(paddingOf(text.length))]);
    const device = (flag: string): Buffer => {
      const block = member({ path: './device' });
      block.write(flag, 156);
      block.fill(' ', 148, 156);
      block.write(
        `${block
          .reduce((sum, byte) => sum + byte, 0)
          .toString(8)
          .padStart(6, '0')}\0 `,
        148,
      );
      return block;
    };

    const hostile: [name: string, members: () => Buffer[]][] = [
      ['an absolute path', () => [file(join(folder, 'out'), 'pwned')]],
      ['a path that climbs', () => [file('./../out', 'pwned')]],
      ['a path that climbs from inside', () => [file('./a/../../out', 'pwned')]],
      [
        'a file through a link to a directory',
        () => [member({ path: './l', type: 'SymbolicLink', linkpath: folder }), file('./l/out', 'pwned')],
      ],
      [
        'a file through a relative link',
        () => [member({ path: './l', type: 'SymbolicLink', linkpath: '..' }), file('./l/out', 'pwned')],
      ],
      [
        'a directory in the place of a link',
        () => [
          member({ path: './l', type: 'SymbolicLink', linkpath: folder }),
          member({ path: './l/', type: 'Directory' }),
          file('./l/out', 'pwned'),
        ],
      ],
      [
        'a file in the place of a link',
        () => [member({ path: './l', type: 'SymbolicLink', linkpath: join(folder, 'out') }), file('./l', 'pwned')],
      ],
      [
        'a hard link to the outside',
        () => [member({ path: './h', type: 'Link', linkpath: '../victim' }), file('./h', 'pwned')],
      ],
      [
        'a hard link to an absolute path',
        () => [member({ path: './h', type: 'Link', linkpath: join(folder, 'victim') })],
      ],
      [
        'a hard link through a link',
        () => [
          member({ path: './l', type: 'SymbolicLink', linkpath: folder }),
          member({ path: './h', type: 'Link', linkpath: './l/victim' }),
        ],
      ],
      [
        'a hard link to a link',
        () => [
          member({ path: './l', type: 'SymbolicLink', linkpath: join(folder, 'victim') }),
          member({ path: './h', type: 'Link', linkpath: './l' }),
        ],
      ],
      ['a character device', () => [device('3')]],
      ['a block device', () => [device('4')]],
      ['a pipe', () => [device('6')]],
      ['a file twice', () => [file('./x', 'one'), file('./x', 'two')]],
      [
        'something else than a directory as the top',
        () => [member({ path: './', type: 'SymbolicLink', linkpath: folder })],
      ],
      ['a wrong checksum', () => [Buffer.from(member({}).fill(0x41, 0, 4))]],
    ];
    for (const [name, members] of hostile) {
      it(`refuses an archive with ${name}, leaves the old content and creates nothing outside`, async () => {
        writeFileSync(join(folder, 'victim'), 'victim');
        writeFileSync(join(site, 'old'), 'old');
        const before = treeOf(folder);
        const failure = await failureOf(restore(Buffer.concat([...members(), archiveEnd()])));
        expect(failure).to.include({ code: 'integrity' });
        if (name.includes('climbs')) expect(failure.message).to.contain('leads out of the directory');
        expect(Object.keys(treeOf(folder))).to.deep.equal(Object.keys(before));
        expect(readFileSync(join(folder, 'victim'), 'utf8')).to.equal('victim');
        expect(readFileSync(join(site, 'old'), 'utf8')).to.equal('old');
      });
    }

    it('keeps the old content when the archive stops early, at whatever byte', async () => {
      writeFileSync(join(site, 'old'), 'old');
      const bytes = Buffer.concat([file('./a', 'x'.repeat(600)), file('./b', 'y')]);
      for (const length of [0, 100, 512, 1000, 1536, 2100, bytes.length]) {
        const failure = await failureOf(restore(bytes.subarray(0, length)));
        expect(failure, String(length)).to.include({ code: 'integrity' });
        expect(readdirSync(site)).to.deep.equal(['old']);
      }
    });

    it('keeps the old content when the input fails, and leaves nothing beside it', async () => {
      writeFileSync(join(site, 'old'), 'old');
      const input = Readable.from(
        (async function* () {
          yield file('./a', 'x');
          throw new HoldfastError('integrity', 'damaged');
        })(),
        { objectMode: false },
      );
      expect(await failureOf(restore(input))).to.include({ message: 'damaged' });
      expect(readdirSync(site)).to.deep.equal(['old']);
      expect(readdirSync(folder)).to.deep.equal(['site']);
    });

    it('restores a directory that is gone', async () => {
      writeFileSync(join(site, 'a'), 'a');
      const bytes = await archive();
      fs.rmSync(site, { recursive: true });
      await restore(bytes);
      expect(readdirSync(site)).to.deep.equal(['a']);
    });

    it('swaps what is behind a link, and leaves the link', async () => {
      writeFileSync(join(site, 'a'), 'new');
      const bytes = await archive();
      writeFileSync(join(site, 'a'), 'old');
      fs.renameSync(site, join(folder, 'data'));
      symlinkSync('data', site);
      await restore(bytes);
      expect(fs.readlinkSync(site)).to.equal('data');
      expect(readFileSync(join(folder, 'data/a'), 'utf8')).to.equal('new');
    });

    it('restores beside it under another name, which must not exist and cannot lead elsewhere', async () => {
      writeFileSync(join(site, 'a'), 'a');
      const bytes = await archive();
      const target = { mode: 'new_database', database: 'copy' } as const;
      const report = await restore(bytes, target);
      expect(report.database).to.equal(join(folder, 'copy'));
      expect(readdirSync(join(folder, 'copy'))).to.deep.equal(['a']);
      expect(await failureOf(restore(bytes, target))).to.include({ code: 'restore_target_exists' });
      for (const database of ['', '.', '..', '../copy2', 'a/b', 'a\0b']) {
        expect(await failureOf(restore(bytes, { mode: 'new_database', database })), database).to.include({
          code: 'configuration',
        });
      }
      const failing = { mode: 'new_database', database: 'other' } as const;
      await failureOf(restore(bytes.subarray(0, 600), failing));
      const shown = readdirSync(folder).filter((name) => !name.startsWith('.'));
      expect(shown.sort()).to.deep.equal(['copy', 'site']);
    });

    it('gives the old content its name back after a kill between the renamings, and removes what else was left', async () => {
      const id = randomUUID();
      const { build, old } = placesOf(site, id);
      writeFileSync(join(site, 'a'), 'old');
      fs.renameSync(site, old);
      mkdirSync(build);
      await engine.cleanUpRestore(connection(), id, { signal });
      expect(readdirSync(folder)).to.deep.equal(['site']);

      fs.cpSync(site, old, { recursive: true });
      writeFileSync(join(site, 'a'), 'new');
      await engine.cleanUpRestore(connection(), id, { signal });
      expect(readdirSync(folder)).to.deep.equal(['site']);
      expect(readFileSync(join(site, 'a'), 'utf8')).to.equal('new');

      fs.cpSync(site, old, { recursive: true });
      mkdirSync(build);
      expect(await failureOf(engine.cleanUpRestore(connection(), id, { signal }))).to.include({
        code: 'restore_failed',
      });
      expect(existsSync(old)).to.equal(true);
    });
  });

  it('understands patterns like .gitignore', () => {
    const fits = (pattern: string, path: string, isDirectory = false): boolean =>
      isIgnored(ignoreRules([pattern]), path, isDirectory);
    expect(fits('*.log', 'a/b.log')).to.equal(true);
    expect(fits('*.log', 'a.logs')).to.equal(false);
    expect(fits('a.b', 'axb')).to.equal(false);
    expect(fits('cache/', 'x/cache', true)).to.equal(true);
    expect(fits('cache/', 'x/cache')).to.equal(false);
    expect(fits('/cache', 'cache')).to.equal(true);
    expect(fits('/cache', 'x/cache')).to.equal(false);
    expect(fits('var/*', 'var/x')).to.equal(true);
    expect(fits('var/*', 'var/x/y')).to.equal(false);
    expect(fits('var/**', 'var/x/y')).to.equal(true);
    expect(fits('**/tmp', 'tmp')).to.equal(true);
    expect(fits('a/**/z', 'a/b/c/z')).to.equal(true);
    expect(fits('?', '漢')).to.equal(true);
    expect(fits('[a]{1}', '[a]{1}')).to.equal(true);
    expect(ignoreRules(['', '/'])).to.deep.equal([]);
  });
});

async function failureOf(work: Promise<unknown>): Promise<HoldfastError> {
  const failure = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (failure instanceof HoldfastError) return failure;
  throw new Error('It did not fail as it should.', { cause: failure });
}
