import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { exits } from '../exits.ts';
import { runProgram } from '../program.ts';

interface Answer {
  status: number;
  body: unknown;
}

const unused = { databases: [], schedules: [], server_policies: [], servers: [] };
const rules = { events: null, least_severity: 'warning', databases: null, digest_minutes: null, repeat_hours: null };
const refused = { status: 409, body: { message: 'It has backups.' } };

describe('holdfast apply', () => {
  let service: Server;
  let url: string;
  let changes: string[];
  /** What is there, by the last part of the path. */
  let there: Record<string, object[]>;
  /** What a change is answered; null: the connection is cut. */
  let answer: (change: string) => Answer | null;
  beforeEach(async () => {
    changes = [];
    there = {};
    answer = () => ({ status: 200, body: {} });
    service = createServer((request, response) => {
      const path = new URL(request.url ?? '', 'http://service').pathname;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = { channels: there['channels'] ?? [], data: there['destinations'] ?? [], meta: { last_page: 1 } };
        const shown = { status: 200, body: { ...unused, ...body, databases: there['databases'] ?? [] } };
        const { name = '' } =
          chunks.length === 0 ? {} : (JSON.parse(String(Buffer.concat(chunks))) as { name?: string });
        const change = `${request.method} ${path} ${name}`.trim();
        if (request.method !== 'GET') changes.push(change);
        const given = request.method === 'GET' ? shown : answer(change);
        if (given === null) return void request.socket.destroy();
        response.writeHead(given.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(given.body));
      });
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    service.closeAllConnections();
    service.close();
  });

  async function apply(file: string, options: readonly string[] = [], signal = new AbortController().signal) {
    const [out, err, input] = [new PassThrough(), new PassThrough(), new PassThrough()];
    input.end(file);
    const environment = { HOLDFAST_URL: url, HOLDFAST_TOKEN: 't', HOOK: 'https://hook.example' };
    const surroundings = { environment, out, err, input, signal, now: () => new Date(0) };
    const args = ['apply', '-f', '-', ...options];
    const exit = await runProgram(args, surroundings as unknown as Parameters<typeof runProgram>[1]);
    return { exit, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
  }

  const channels = (...names: string[]): string =>
    ['notification_channels:', ...names.map((name) => `  ${name}: {type: webhook, url: {env: HOOK}}`)].join('\n');
  const made = { status: 201, body: { channel: { signing_secret: 'whsec_once' } } };

  it('shows the secret of a webhook that was made, whatever ends it later', async () => {
    answer = (change) => (change.endsWith('first') ? made : null);
    const cut = await apply(channels('first', 'second', 'third'));
    expect(cut.exit).to.equal(exits.unreachable);
    expect(cut.out).to.contain('channel first signs with whsec_once').and.contain('1 of 3 done');
    expect(cut.err).to.contain('channel second failed').and.contain('Not tried: channel third');

    const stopping = new AbortController();
    answer = (change) => {
      if (change.endsWith('first')) return made;
      stopping.abort();
      return null;
    };
    const interrupted = await apply(channels('first', 'second'), ['--json'], stopping.signal);
    expect(interrupted.exit).to.equal(exits.interrupted);
    expect(interrupted.out).to.contain('whsec_once');
  });

  it('refuses what stands for nothing and what never comes due before anything is done, with its line', async () => {
    const file = [
      'destinations: {disk: {type: local, path: a}}',
      'databases:',
      '  shop:',
      '    type: postgresql',
      '    destination: disc',
      '    schedules:',
      "      - cron: '99 * * * *'",
      'notification_channels:',
      '  ops:',
      '    type: webhook',
      '    url: {env: HOOK}',
      '    rules: {databases: [shop, shoop]}',
    ].join('\n');
    for (const options of [['--dry-run'], []]) {
      const { exit, err } = await apply(file, options);
      expect(exit).to.equal(exits.failed);
      expect(err).to.match(/^standard input:5:5: There is no destination "disc"/m);
      expect(err).to.match(/^standard input:7:9: The cron expression is not valid/m);
      expect(err).to.match(/^standard input:12:\d+: There is no database "shoop"/m);
      expect(err).to.not.contain('"shop"');
    }
    expect(changes).to.deep.equal([]);
    const { exit, err } = await apply(file.replace('disc', 'disk').replace('99', '9').replace(', shoop', ''), [
      '--dry-run',
    ]);
    expect(exit, err).to.equal(exits.ok);
  });

  it('goes on where the service keeps what is to be removed, takes channels last, and says what stayed', async () => {
    there = {
      destinations: [{ id: 1, label: 'disk', type: 'local', path: 'a' }],
      databases: [{ id: 'd1', name: 'shop', type: 'postgresql', destination_id: 1, server_id: null, policy_id: null }],
      channels: [{ id: 'c1', name: 'ops', type: 'webhook', enabled: true, email: null, rules }],
    };
    answer = (change) => (change.includes('/databases/') ? refused : { status: 200, body: {} });
    const file = 'destinations: {}\ndatabases: {}\nnotification_channels: {}\n';
    const { exit, out, err } = await apply(file, ['--prune', '--yes']);
    expect(changes).to.deep.equal([
      'DELETE /api/databases/d1',
      'DELETE /api/backup-destinations/1',
      'DELETE /api/notification-channels/c1',
    ]);
    expect(exit).to.equal(exits.failed);
    expect(err).to.contain('kept database shop: It has backups.').and.contain('Not removed: database shop.');
    expect(out).to.contain('2 of 3 done');
  });

  it('takes an empty document for a mistake', async () => {
    for (const file of ['', '---\n', '# nothing yet\n']) {
      const { exit, err } = await apply(file);
      expect(exit).to.equal(exits.usage);
      expect(err).to.contain('is empty');
    }
  });
});
