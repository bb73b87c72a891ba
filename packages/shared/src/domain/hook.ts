import type { ErrorCode } from './errors.ts';
import type { Secret, UnreadableSecret } from './secret.ts';

export const hookPhases = ['before', 'after'] as const;
/** Before the database is asked for anything, or after all that. */
export type HookPhase = (typeof hookPhases)[number];

export const httpHookMethods = ['POST', 'PUT', 'GET'] as const;
export type HttpHookMethod = (typeof httpHookMethods)[number];

/** A program of the operator's, run on the machine of the worker. */
export interface CommandHook {
  type: 'command';
  /** The name of a file that lies directly in the folder of hooks. */
  command: string;
  arguments: readonly string[];
  timeoutSeconds: number;
}

/** A request to somebody's server. */
export interface HttpHook {
  type: 'http';
  method: HttpHookMethod;
  /** With neither user nor password. Its query may be a secret: it is shown nowhere. */
  url: string;
  headers: Readonly<Record<string, Secret>>;
  timeoutSeconds: number;
}

export type Hook = CommandHook | HttpHook;

/** What is done around each attempt at a backup of a database, in this order. */
export type Hooks = Readonly<Record<HookPhase, readonly Hook[]>> & {
  /** There were some, and nobody knows any more which: they were sealed by a key that is lost. */
  readonly forgotten?: true;
  /** There are some that no configured key opens. */
  readonly unreadable?: UnreadableSecret;
};

/** In each phase. */
export const mostHooks = 5;

/** The name of a file that can be neither a path nor an option, nor hidden. */
export const hookCommandName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/** What a request cannot be given by hand: it belongs to the connection or to the body. */
export const ownHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** How a hook is called where people read of it: without arguments, headers and query, which may be secrets. */
export function hookName(hook: Hook): string {
  return hook.type === 'command' ? hook.command : `${hook.method} ${shownUrl(hook.url)}`;
}

/** A URL without its query. */
export function shownUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return origin + pathname + (search === '' ? '' : '?…');
}

/** What a hook is told of the backup that it belongs to. */
export interface HookFacts {
  hook: HookPhase;
  backupId: string;
  databaseId: string;
  /** The registered name. */
  database: string;
  attempt: number;
  /** How the attempt went; null before it. */
  result: { status: 'done'; errorCode: null } | { status: 'error'; errorCode: ErrorCode } | null;
}

export const hookOutcomes = ['done', 'failed'] as const;

/** How one run of a hook ended. */
export interface HookEnd {
  outcome: (typeof hookOutcomes)[number];
  /** Null where a program was ended by a signal or never began, and for requests. */
  exitCode: number | null;
  /** Null where no answer came, and for programs. */
  httpStatus: number | null;
  /** Why it failed, one sentence without secrets; null when it did not. */
  problem: string | null;
  /** What it printed or answered, bounded and without secrets. */
  output: string;
}

/** A hook that was run, as it is kept beside the backup. */
export interface HookRun {
  id: string;
  backupId: string;
  attempt: number;
  phase: HookPhase;
  /** Its place in the phase, from 0 on. */
  position: number;
  /** `hookName`. */
  name: string;
  /** Who ran it. */
  worker: string;
  startedAt: Date;
  /** Null while it runs, and where its worker was killed. */
  endedAt: Date | null;
  outcome: HookEnd['outcome'] | null;
  exitCode: number | null;
  httpStatus: number | null;
  problem: string | null;
  output: string;
}
