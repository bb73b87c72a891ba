import { expect } from 'chai';
import { once } from 'node:events';
import { createServer as createWebServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { errorCodes, HoldfastError, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { createEngines } from './index.ts';
import { speakerOf, unlessStranger, type Acquaintance } from './stranger.ts';

const never = new AbortController().signal;

describe('a connection to somebody else', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  after(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
  });

  async function listening(server: Server): Promise<Connection> {
    servers.push(server);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket.on('error', () => undefined));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    return { host: '127.0.0.1', port, user: 'app', password: null, database: 'shop', options: {} };
  }
  const greeting = (words: Buffer | string) => listening(createServer((socket) => socket.write(words)));
  const answering = (words: Buffer | string) =>
    listening(createServer((socket) => socket.once('data', () => socket.end(words))));

  const mysqlGreeting = Buffer.concat([Buffer.from([74, 0, 0, 0, 10]), Buffer.from('8.4.9\0'), Buffer.alloc(67, 1)]);
  const tlsAlert = Buffer.from([0x15, 3, 1, 0, 2, 2, 70]);

  const failure = (code: ErrorCode, said: string) => new HoldfastError(code, `${errorCodes[code].text} ${said}.`);
  /** What becomes of a failure to connect. */
  const thrown = (connection: Connection, code: ErrorCode, own: Partial<Acquaintance> = {}): Promise<unknown> =>
    unlessStranger({ protocol: 'postgresql', connection, signal: never, failure, ...own }, () =>
      Promise.reject(new HoldfastError(code, 'As it was.')),
    ).catch((error: unknown) => error);

  it('says of each engine who answers there, and is not tried again', async () => {
    const strangers = {
      'MySQL or MariaDB': ['postgresql', 'redis', await greeting(mysqlGreeting)],
      'a web server': ['postgresql', 'mysql', 'redis', await listening(createWebServer())],
      'nothing but TLS': ['postgresql', 'mysql', 'redis', await answering(tlsAlert)],
      PostgreSQL: ['mariadb', 'redis', await answering('N')],
      'an SSH server': ['postgresql', 'mysql', await greeting('SSH-2.0-OpenSSH_9.2\r\n')],
    } as const;
    const engines = createEngines({ clientFolders: [] });
    const looks = Object.entries(strangers).flatMap(([who, row]) =>
      row.flatMap((type) => {
        if (typeof type !== 'string') return [];
        const connection = { ...(row.at(-1) as Connection), ...(type === 'redis' && { database: '0' }) };
        return engines
          .get(type)
          .probe(connection, { signal: never })
          .then(
            () => expect.fail(`${type} took ${who} for its own.`),
            (error: HoldfastError) => {
              expect(error.code, error.message).to.equal('configuration');
              expect(error.message)
                .to.contain(`server at 127.0.0.1:${connection.port} does not speak`)
                .and.contain(who);
            },
          );
      }),
    );
    const [, , , web] = strangers['a web server'];
    const patient = unlessStranger({ protocol: 'mysql', connection: web, signal: never, failure }, async (signal) => {
      await once(signal, 'abort');
      throw signal.reason;
    }).catch((error: HoldfastError) => error.code);
    expect(await Promise.all([patient, ...looks]), 'what would go on for ever').to.include('configuration');
  });

  it('says of one who never says a word that nobody answers, and is tried again', async () => {
    const silent = await listening(createServer());
    const error = (await thrown(silent, 'host_unreachable')) as HoldfastError;
    expect([error.code, error.message.includes('nobody answers')]).to.deep.equal(['host_unreachable', true]);
  });

  it('leaves what the right server said as it was, and does not ask again', async () => {
    let connections = 0;
    const web = createWebServer();
    const connection = await listening(web.on('connection', () => (connections += 1)));
    for (const code of ['auth_failed', 'database_missing', 'server_busy'] as const) {
      expect(await thrown(connection, code)).to.include({ code, message: 'As it was.' });
    }
    expect(connections).to.equal(0);
  });

  it('is no connection to somebody else where the right one answers, or words that are not known came after an outage', async () => {
    const [own, odd, tls] = await Promise.all([answering('S'), greeting('220 mail'), answering(tlsAlert)]);
    const outcomes = await Promise.all([
      thrown(own, 'tls_failed'),
      thrown(odd, 'connection_lost'),
      thrown(tls, 'tls_failed', { protocol: 'redis', beginsWithTls: true }),
      thrown(odd, 'internal'),
    ]);
    expect(outcomes.map((error) => (error as HoldfastError).code)).to.deep.equal([
      'tls_failed',
      'connection_lost',
      'tls_failed',
      'configuration',
    ]);
  });

  it('ends with the reason of its signal', async () => {
    const [reason, server, stop] = [new HoldfastError('cancelled'), createServer(), new AbortController()];
    const ended = thrown(await listening(server), 'connection_lost', { signal: stop.signal });
    await once(server, 'connection');
    stop.abort(reason);
    expect(await ended).to.equal(reason);
  });

  it('knows who speaks by the first bytes', () => {
    const said: readonly [Buffer | string, string][] = [
      ['NE\0\0\0\x1fSFATAL\0', 'postgresql'],
      ['E\0\0\0\x85SFATAL\0', 'postgresql'],
      [Buffer.from([50, 0, 0, 0, 255, 105, 4]), 'mysql'],
      ['-NOAUTH Authentication required.\r\n', 'redis'],
      ['+PONG\r\n', 'redis'],
      ['HTTP/1.1 400 Bad Request\r\n', 'web'],
      ['Sorry\r\n', 'unknown'],
      ['', 'unknown'],
    ];
    for (const [bytes, who] of said) expect(speakerOf(Buffer.from(bytes as string, 'latin1')), who).to.equal(who);
  });
});
