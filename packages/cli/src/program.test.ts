import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { ApiError } from '@holdfast/client';
import { expect } from 'chai';
import { chooseConnection, isReadableOnTheWay, serviceUrl } from './connection/choose.ts';
import { writeProfiles } from './connection/profiles.ts';
import { Context, type Surroundings } from './context.ts';
import { explain } from './explain.ts';
import { CliError, exits } from './exits.ts';
import { pick } from './find.ts';
import { downloadTo } from './download/index.ts';
import { writeProblem } from './output/write-problem.ts';
import { runProgram } from './program.ts';

const never = new AbortController().signal;

async function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const surroundings = { environment, out, err, input: new PassThrough(), signal: never, now: () => new Date(0) };
  const exit = await runProgram(args, surroundings as unknown as Parameters<typeof runProgram>[1]);
  return { exit, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
}

describe('the command line by itself', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('repeats nothing of what was typed wrongly but names of options', async () => {
    for (const args of [
      ['databases', 'add', 'shop', '--type', 'postgresql', '--password', 'geheim'],
      ['login', 'https://h', '--token=geheim'],
      ['backup', 'shop', 'geheim'],
      ['geheim'],
      ['backups', '--geheim-option'],
    ]) {
      const { exit, out, err } = await run(args);
      expect([exit, out]).to.deep.equal([exits.usage, '']);
      if (!args.includes('--geheim-option')) expect(err).to.not.contain('geheim');
    }
  });

  it('tells of a failure by one JSON document on standard output where that is asked for', async () => {
    const { exit, out } = await run(['databases', '--json'], { HOME: folder });
    expect(exit).to.equal(exits.refused);
    expect(JSON.parse(out)).to.have.nested.property('error.message');
  });

  it('ends as the answer says, in the words of the service and with the id of the request, once', () => {
    const api = (status: number, fields = {}) => new ApiError(status, { message: 'No.', fields, requestId: 'r-1' });
    const ends = [400, 401, 403, 404, 409, 422, 429, 500, 503].map((status) => explain(api(status), false).exit);
    expect(ends).to.deep.equal([2, 3, 3, 4, 1, 2, 1, 1, 5]);
    const refusal = explain(api(422, { host: ['The host field is odd.'] }), false);
    expect(refusal.text).to.contain('  host: The host field is odd.').and.contain('(request r-1)');
    const failure = new ApiError(500, { message: 'Odd. (request r-1)', fields: {}, requestId: 'r-1' });
    expect(explain(failure, false).text).to.equal('Odd. (request r-1)');
    expect(explain(new TypeError('fetch failed'), false).exit).to.equal(exits.unreachable);
    expect(explain(api(500), true).exit).to.equal(exits.interrupted);
  });

  it('sends a kept token to no other address than it was kept for', async () => {
    const environment = { HOME: folder };
    await writeProfiles(join(folder, '.config/holdfast/config.json'), { default: { url: 'https://one', token: 't' } });
    expect(await chooseConnection({}, environment)).to.deep.equal({ url: 'https://one', token: 't' });
    const problem = await chooseConnection({ url: 'https://other' }, environment).catch((error: unknown) => error);
    expect(problem).to.be.instanceOf(CliError).and.to.include({ exit: exits.refused });
    const both = { ...environment, HOLDFAST_TOKEN: 'mine' };
    expect(await chooseConnection({ url: 'https://other' }, both)).to.deep.equal({
      url: 'https://other',
      token: 'mine',
    });
    expect(() => serviceUrl('https://user:geheim@host'))
      .to.throw(CliError)
      .and.to.not.match(/geheim/);
    expect(['http://10.0.0.1', 'http://127.0.0.1:1', 'https://h'].map(isReadableOnTheWay)).to.deep.equal([
      true,
      false,
      false,
    ]);
  });

  it('does not use a file with tokens that others may read', async () => {
    mkdirSync(join(folder, '.config/holdfast'), { recursive: true });
    const path = join(folder, '.config/holdfast/config.json');
    writeFileSync(path, JSON.stringify({ profiles: { default: { url: 'https://one', token: 't' } } }));
    chmodSync(path, 0o644);
    const problem = await chooseConnection({}, { HOME: folder }).catch((error: unknown) => error);
    expect(problem).to.be.instanceOf(CliError).and.to.have.property('message').that.contains('chmod 0600');
  });

  it('takes a name, an id or its beginning, and lists what fits when several do', () => {
    const items = [
      { id: '0199-aaaa', name: 'Shop' },
      { id: '0199-abbb', name: 'shop' },
      { id: '0200-cccc', name: 'twin' },
      { id: '0201-dddd', name: 'twin' },
    ];
    const found = (wanted: string) => pick('database', wanted, items, (item) => item).id;
    expect(['shop', 'Shop', '0199-aa', '0200-cccc'].map(found)).to.deep.equal([
      '0199-abbb',
      '0199-aaaa',
      '0199-aaaa',
      '0200-cccc',
    ]);
    for (const wanted of ['twin', 'SHOP', '0199-a']) {
      expect(() => found(wanted))
        .to.throw(CliError, /fits several/)
        .and.to.have.property('exit', exits.notFound);
    }
    expect(() => found('02')).to.throw(CliError, /There is no database/);
  });

  describe('a download', () => {
    let server: Server;
    let url: string;
    let cutAt: number;
    let content: Buffer;
    const seen: (string | undefined)[] = [];
    beforeEach(async () => {
      content = Buffer.alloc(200_000, 'holdfast');
      cutAt = content.length;
      seen.length = 0;
      server = createServer((request, response) => {
        const [, from = '0'] = /bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
        seen.push(request.headers.range);
        const rest = content.subarray(Number(from));
        response.writeHead(Number(from) === 0 ? 200 : 206, { 'Content-Length': rest.length });
        const sent = rest.subarray(0, Number(from) === 0 ? cutAt : undefined);
        response.write(sent, () => (sent.length < rest.length ? response.socket?.end() : response.end()));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    });
    afterEach(() => server.close());
    /** As the command does it: what is said goes to standard error. */
    const watching = () =>
      new Context({ signal: never, environment: {}, out: {}, err: new PassThrough() } as unknown as Surroundings, {});
    const download = async (checksum: string, path: string) =>
      await downloadTo({ link: async () => url, checksum, name: 'a' }, { path, force: false }, watching());

    it('goes on where the connection broke, and is whole', async () => {
      cutAt = 70_000;
      const checksum = `sha256:${createHash('sha256').update(content).digest('hex')}`;
      const { size } = await download(checksum, join(folder, 'a'));
      expect(size).to.equal(content.length);
      // What the first connection brought may be lost with it.
      expect(seen.at(-1)).to.match(/^bytes=\d+-$/);
    });

    it('takes no fault of its own for a broken connection', async () => {
      const link = (): Promise<string> => Promise.reject(new TypeError('x is not a function'));
      cutAt = 70_000;
      let asked = 0;
      const source = {
        link: async () => (asked++ === 0 ? url : await link()),
        checksum: `sha256:${'0'.repeat(64)}`,
        name: 'a',
      };
      const problem = await downloadTo(source, { path: join(folder, 'a'), force: false }, watching()).catch(
        (error: unknown) => error,
      );
      expect(problem).to.have.property('message', 'x is not a function');
      expect(asked).to.equal(2);
    });

    it('fetches nothing for a folder that is not there, or over a file', async () => {
      writeFileSync(join(folder, 'there'), '');
      for (const path of ['none/a', 'none/', 'there']) {
        const problem = await download(`sha256:${'0'.repeat(64)}`, join(folder, '.') + `/${path}`).catch(
          (error: unknown) => error,
        );
        expect(problem, path).to.be.instanceOf(CliError).and.to.include({ exit: exits.usage });
      }
      expect(seen).to.deep.equal([]);
    });

    it('says in words why a file could not be written', async () => {
      // A name that is longer than a file's may be.
      const problem = await download(`sha256:${'0'.repeat(64)}`, join(folder, 'a'.repeat(300))).catch(
        (error: unknown) => error,
      );
      expect(problem).to.be.instanceOf(CliError).and.to.include({ exit: exits.failed });
      expect(writeProblem(Object.assign(new Error('ENOSPC: raw'), { code: 'ENOSPC' }))).to.equal(
        'there is no space left',
      );
    });

    it('leaves nothing when what came is not what was stored', async () => {
      const problem = await download(`sha256:${'0'.repeat(64)}`, join(folder, 'a')).catch((error: unknown) => error);
      expect(problem).to.be.instanceOf(CliError).and.to.include({ exit: exits.failed });
      expect(readdirSync(folder)).to.deep.equal([]);
    });
  });
});
