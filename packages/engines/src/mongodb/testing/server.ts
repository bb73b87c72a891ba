import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Secret, type Connection } from '@holdfast/shared/domain';
import { releaseAtEnd } from '@holdfast/testing/resources';
import { Binary, BSON } from 'mongodb';
import { handlers, type Cursors } from './commands.ts';
import { scramConversation, type ScramConversation } from './scram.ts';
import { MemoryStore, Refusal } from './store.ts';
import { onCommands, type Command } from './wire.ts';

const user = 'root';
const password = 'pa$$ w"o\'rd: #1';
const open: ReadonlySet<string> = new Set(['hello', 'isMaster', 'ismaster', 'buildInfo', 'ping', 'endSessions']);

/** A server that is no MongoDB, but speaks its protocol as far as our engine and the programs of its tests do. */
export interface WireServer {
  connection: Connection;
  store: MemoryStore;
  /** Called before each command; what it throws is the answer. */
  before: (command: string, body: BSON.Document) => void;
  /** What the user may do; null: everything. */
  privileges: BSON.Document[] | null;
  /** Said beside what every server says of itself. */
  hello: BSON.Document;
  stop(): Promise<void>;
}

export async function startWireServer(): Promise<WireServer> {
  const sockets = new Set<Socket>();
  const store = new MemoryStore();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    const session: ClientSession = { conversation: null, isKnown: false, cursors: new Map() };
    onCommands(socket, (command) => respond(server, session, command));
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  const { port } = listener.address() as AddressInfo;
  const connection: Connection = {
    host: '127.0.0.1',
    port,
    user,
    password: new Secret(password),
    database: 'shop',
    options: {},
  };
  const server: WireServer = {
    connection,
    store,
    before: () => undefined,
    privileges: null,
    hello: {},
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        listener.close(() => resolve());
      }),
  };
  releaseAtEnd(() => server.stop());
  return server;
}

interface ClientSession {
  conversation: ScramConversation | null;
  isKnown: boolean;
  cursors: Cursors;
}

function respond(server: WireServer, session: ClientSession, { body, answer }: Command): void {
  const [name = ''] = Object.keys(body);
  try {
    server.before(name, body);
    if (name === 'saslStart' || name === 'saslContinue') {
      answer(BSON.serialize({ ok: 1, conversationId: 1, ...authenticate(session, name, body) }));
      return;
    }
    if (!session.isKnown && !open.has(name))
      throw new Refusal(13, 'Unauthorized', `Command ${name} requires authentication`);
    const handler = handlers[name];
    if (!handler) throw new Refusal(59, 'CommandNotFound', `no such command: '${name}'`);
    const said = handler(server.store, body, String(body['$db'] ?? 'admin'), session.cursors);
    if (said instanceof Uint8Array) answer(said);
    else
      answer(BSON.serialize({ ...said, ...(name === 'hello' ? server.hello : {}), ...authInfo(server, name), ok: 1 }));
  } catch (error) {
    const { code, codeName, message } =
      error instanceof Refusal ? error : new Refusal(8, 'UnknownError', error instanceof Error ? error.message : '');
    answer(BSON.serialize({ ok: 0, code, codeName, errmsg: message }));
  }
}

function authenticate(session: ClientSession, name: string, body: BSON.Document): BSON.Document {
  if (name === 'saslStart') session.conversation = scramConversation((asked) => (asked === user ? password : null));
  const { payload } = body as { payload: Binary };
  const next = session.conversation?.next(Buffer.from(payload.buffer).toString('utf8'));
  if (!next) throw new Refusal(18, 'AuthenticationFailed', 'Authentication failed.');
  session.isKnown = next.done;
  return { done: next.done, payload: new Binary(Buffer.from(next.payload)) };
}

function authInfo({ privileges }: WireServer, name: string): BSON.Document {
  if (name !== 'connectionStatus') return {};
  const everything = [{ resource: { anyResource: true }, actions: ['anyAction'] }];
  return {
    authInfo: { authenticatedUsers: [{ user, db: 'admin' }], authenticatedUserPrivileges: privileges ?? everything },
  };
}
