import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { commands } from '../commands/index.ts';
import { runProgram } from '../program.ts';
import { wantedAt } from './wanted.ts';

describe('the completion of names', () => {
  let server: Server;
  let names: string[];
  before(async () => {
    server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ databases: names.map((name) => ({ id: name, name })) }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => server.close());

  async function complete(words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const [out, err] = [new PassThrough(), new PassThrough()];
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const surroundings = {
      environment: { HOLDFAST_URL: url, HOLDFAST_TOKEN: 't', ...environment },
      out,
      err,
      input: new PassThrough(),
      signal: new AbortController().signal,
      now: () => new Date(0),
    };
    const asked = ['--get-yargs-completions', 'holdfast', ...words];
    const exit = await runProgram(asked, surroundings as unknown as Parameters<typeof runProgram>[1]);
    return { exit, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
  }

  it('knows by the definitions of the commands where a name is wanted, and of what', () => {
    const kind = (...words: string[]) => wantedAt(commands, words)?.kind ?? null;
    for (const [wanted, ...words] of [
      ['database', 'backup', ''],
      ['database', 'databases', 'show', 's'],
      ['database', 'databases', 'edit', ''],
      ['database', 'backups', 'list', ''],
      ['database', 'restores', 'show', ''],
      ['database', '--profile', 'x', 'backup', '--wait', ''],
      ['destination', 'destinations', 'edit', ''],
      ['destination', 'databases', 'add', 'x', '--destination', ''],
      ['policy', 'policies', 'run', ''],
      ['channel', 'notifications', 'test', ''],
      ['server', 'servers', 'remove', ''],
      [null, 'databases', ''],
      [null, 'databases', 'add', ''],
      [null, 'databases', 'show', 'shop', ''],
      [null, 'restores', 'show', 'shop', ''],
      [null, 'backup', '--'],
      [null, '--profile', ''],
      [null, ''],
    ] as const) {
      expect(kind(...words), words.join(' ')).to.equal(wanted);
    }
    expect(wantedAt(commands, ['--url=https://h', 'backup', '--profile', 'p', ''])?.choice).to.deep.equal({
      url: 'https://h',
      profile: 'p',
    });
  });

  it('offers no name that a shell would do something with, and those with a colon as the shell takes them', async () => {
    names = ['shop', 'main shop', 'Straße', 'a:b', '$(touch x)', 'x `id`', '-rf', 'a\nb', "it's", 'a;b', '~x', 'a\\b'];
    const offered = await complete(['backup', '']);
    expect(offered).to.deep.equal({ exit: 0, out: 'shop\nmain shop\nStraße\na:b\n', err: '' });
    expect((await complete(['backup', ''], { SHELL: '/bin/zsh' })).out).to.contain('a\\:b\n');
  });

  it('says nothing where the service cannot be asked', async () => {
    const nothing = { exit: 0, out: '', err: '' };
    expect(await complete(['backup', ''], { HOLDFAST_URL: 'http://127.0.0.1:9' })).to.deep.equal(nothing);
    const unknown = { HOLDFAST_URL: '', HOLDFAST_TOKEN: '', HOME: '/nonexistent' };
    expect(await complete(['backup', ''], unknown)).to.deep.equal(nothing);
  });
});
