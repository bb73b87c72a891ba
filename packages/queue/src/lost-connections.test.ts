import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { prepareQueue, type QueueConnection } from '@holdfast/queue';
import { Secret } from '@holdfast/shared/domain';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { newSweep, QueueBed } from '@holdfast/testing/queue';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';

/** What a server says that is shut down: message type, length, and the fields of an error. */
function farewell(): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command', ''];
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(''));
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

describe('connections of a queue in PostgreSQL that end at their first word', () => {
  let postgres: TestPostgres;
  let between: Server;
  let connection: QueueConnection;
  let dying = true;
  let made = 0;
  let died = 0;

  before(async () => {
    postgres = await startPostgres();
    await postgres.createDatabase('queue');
    await prepareQueue({ redisUrl: null, databaseUrl: new Secret(postgres.url('queue')) });
    between = createServer((client) => {
      made += 1;
      // The pool's two stay, so that the one that listens for jobs is asked for, again and again.
      const dies = made > 2;
      const server = connect(postgres.port, '127.0.0.1');
      for (const socket of [client, server]) socket.on('error', () => undefined);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
      client.pipe(server);
      server.on('data', (chunk: Buffer) => {
        // `ReadyForQuery` ends what a server says first; both in one piece are read in one turn of the event loop.
        const isReady = chunk.length >= 6 && chunk.at(-6) === 'Z'.charCodeAt(0);
        if (!dying || !dies || !isReady) return client.write(chunk);
        died += 1;
        return client.end(Buffer.concat([chunk, farewell()]));
      });
    }).listen(0, '127.0.0.1');
    await once(between, 'listening');
    const url = new URL(postgres.url('queue'));
    url.port = String((between.address() as AddressInfo).port);
    connection = { redisUrl: null, databaseUrl: new Secret(url.href) };
  });

  after(async () => {
    between.close();
    await postgres.stop();
  });

  // An error that nobody listens to fails the test that runs; in a service it ends the process.
  it('do not end the process, and jobs run once the server stays', async () => {
    const bed = new QueueBed(connection);
    const handled: string[] = [];
    await bed.consumers(async (_payload, { jobId }) => {
      handled.push(jobId);
    });
    await until('connections died', 10, () => died > 5);
    dying = false;
    const producer = bed.producer();
    const { jobId, payload } = newSweep();
    await until('a job runs', 20, async () => {
      await producer.ring('attempt.sweep@1', payload, { jobId }).catch(() => undefined);
      return handled.includes(jobId);
    });
    expect(handled).to.deep.equal([jobId]);
    await bed.close();
  });
});
