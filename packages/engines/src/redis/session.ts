import { HoldfastError, type Connection, type EngineContext, type ErrorCode } from '@holdfast/shared/domain';
import { Redis } from 'ioredis';
import { failure, fromDriver } from './failures.ts';
import { unlessStranger } from '../stranger.ts';
import { tlsOptions } from './tls.ts';

const connectMs = 10_000;
/** Longer than a server that is alive keeps anybody waiting for one answer. */
const silenceMs = 120_000;
const hostName = /^[a-z0-9_:.-]+$/i;

export type Argument = string | number | Buffer;

/** A connection to a server, in no database before `select`. */
export class Session {
  readonly #client: Redis;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  /** The first thing that went wrong with the connection; what commands fail with afterwards says less. */
  #broken: unknown = null;

  private constructor(client: Redis, connection: Connection, signal: AbortSignal) {
    this.#client = client;
    this.#connection = connection;
    this.#signal = signal;
    client.on('error', (error) => {
      this.#broken ??= error;
    });
  }

  /** @throws HoldfastError auth_failed, host_unknown, host_unreachable, tls_failed, configuration, server_busy */
  static async open(connection: Connection, signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    const { host } = connection;
    if (!hostName.test(host) || host.startsWith('-'))
      throw new HoldfastError('configuration', `"${host}" is not a host name or an IP address: correct the database.`);
    const tls = tlsOptions(connection);
    const beginsWithTls = tls !== null;
    return await unlessStranger({ protocol: 'redis', beginsWithTls, connection, signal, failure }, (either) =>
      Session.#open(connection, tls, either),
    );
  }

  static async #open(
    connection: Connection,
    tls: ReturnType<typeof tlsOptions>,
    signal: AbortSignal,
  ): Promise<Session> {
    const { host, port } = connection;
    const client = new Redis({
      host,
      port,
      ...(tls && { tls }),
      lazyConnect: true,
      connectTimeout: connectMs,
      socketTimeout: silenceMs,
      enableReadyCheck: false,
      enableOfflineQueue: true,
      disableClientInfo: true,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: () => null,
    });
    const session = new Session(client, connection, signal);
    const onAbort = (): void => client.disconnect();
    signal.addEventListener('abort', onAbort, { once: true });
    client.once('end', () => signal.removeEventListener('abort', onAbort));
    try {
      await session.#attempt(client.connect(), 'host_unreachable');
      await session.#logIn();
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** A user without a password has to be named all the same, or the work would be another user's. */
  async #logIn(): Promise<void> {
    const { user, password } = this.#connection;
    const isDefault = user === 'default' || user === '';
    if (password === null && isDefault) {
      await this.call('PING');
      return;
    }
    const word = password?.reveal() ?? '';
    try {
      await this.#attempt(this.#client.call('AUTH', ...(isDefault ? [word] : [user, word])), 'auth_failed');
    } catch (error) {
      // The driver quotes the command in some of its errors, and with it the password.
      if (!(error instanceof HoldfastError)) throw error;
      throw new HoldfastError(error.code, error.message);
    }
  }

  /** @throws HoldfastError what the server answered with; restore_failed where that is nothing known */
  call(command: string, ...args: Argument[]): Promise<unknown> {
    return this.#attempt(this.#client.call(command, ...args), 'restore_failed');
  }

  /** The same for answers that are no text. */
  callBuffer(command: string, ...args: Argument[]): Promise<unknown> {
    return this.#attempt(this.#client.callBuffer(command, ...args), 'restore_failed');
  }

  /** Runs commands as one. @returns their answers; null when something that was watched has changed */
  async atomically(commands: readonly (readonly [string, ...Argument[]])[]): Promise<unknown[] | null> {
    const sent = [['MULTI'] as const, ...commands].map(([command, ...args]) => this.call(command, ...args));
    const outcomes = await Promise.allSettled(sent);
    const refused = outcomes.find((outcome) => outcome.status === 'rejected');
    if (refused) {
      await this.call('DISCARD').catch(() => undefined);
      throw refused.reason;
    }
    this.#signal.throwIfAborted();
    const answers = (await this.call('EXEC')) as unknown[] | null;
    const failed = answers?.find((answer) => answer instanceof Error);
    if (failed) throw fromDriver(failed, this.#connection, 'restore_failed');
    return answers;
  }

  async select(database: number): Promise<void> {
    await this.call('SELECT', database);
  }

  close(): void {
    this.#client.disconnect();
  }

  async #attempt<T>(work: Promise<T>, fallback: ErrorCode): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      if (error instanceof HoldfastError) throw error;
      const isClosed = error instanceof Error && /Connection is closed|Stream isn't writeable/.test(error.message);
      if (!isClosed) throw fromDriver(error, this.#connection, fallback);
      if (this.#broken !== null) throw fromDriver(this.#broken, this.#connection, 'connection_lost');
      throw failure('connection_lost', 'the server closed the connection', this.#connection, error);
    }
  }
}

/** Gives work a connection of its own. */
export async function withSession<T>(
  connection: Connection,
  { signal }: EngineContext,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await Session.open(connection, signal);
  try {
    return await work(session);
  } finally {
    session.close();
  }
}
