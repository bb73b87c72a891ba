import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { runProgram } from '../program.ts';

/** What a command prints when the service answers that to everything. */
async function printed(args: readonly string[], answer: object): Promise<string> {
  const service = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  const [out, err] = [new PassThrough(), new PassThrough()];
  const environment = { HOLDFAST_URL: `http://127.0.0.1:${port}`, HOLDFAST_TOKEN: 't' };
  const signal = new AbortController().signal;
  const surroundings = { environment, out, err, input: new PassThrough(), signal, now: () => new Date(0) };
  try {
    await runProgram(args, surroundings as unknown as Parameters<typeof runProgram>[1]);
    return String(out.read() ?? '');
  } finally {
    service.closeAllConnections();
    service.close();
  }
}

describe('what operators are told', () => {
  it('says of no alert that none is open, not that nothing is wrong', async () => {
    expect(await printed(['alerts'], { alerts: [] })).to.equal('No alerts are open.\n');
  });

  it('tells of a delivery whether something was raised or is over', async () => {
    const delivery = (id: string, kinds: string[]) => ({
      id,
      channel: { name: 'ops' },
      cause: 'event',
      status: 'done',
      attempts: 1,
      message: null,
      ping: null,
      created_at: '2026-01-01T00:00:00Z',
      error: null,
      event_count: kinds.length,
      events: kinds.map((kind) => ({ kind, message: 'The backup is late.' })),
    });
    const deliveries = [
      delivery('one', ['alert.raised']),
      delivery('two', ['alert.cleared']),
      delivery('three', ['alert.cleared', 'backup.done']),
      { ...delivery('four', []), cause: 'test', message: 'A trial.' },
    ];
    const lines = (await printed(['notifications', 'deliveries'], { deliveries })).split('\n');
    const line = (id: string) => lines.find((each) => each.trimEnd().endsWith(id));
    expect(line('one')).to.match(/ raised +The backup/);
    expect(line('two')).to.match(/ over +The backup/);
    expect(line('three')).to.contain('over, backup done');
    expect(line('four')).to.match(/ test +A trial/);
  });
});
