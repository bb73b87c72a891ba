import type { Database, DatabaseChange } from '../../../data/databases.ts';

type Shown = NonNullable<Database['hooks']>['before'][number];
type SentHooks = NonNullable<NonNullable<DatabaseChange['hooks']>>;
type Sent = NonNullable<SentHooks['before']>[number];

/** One hook, as its form holds it. */
export interface HookFields {
  /** Tells it from the others of the form. */
  key: number;
  type: 'command' | 'http';
  command: string;
  /** One a line. */
  arguments: string;
  method: 'POST' | 'PUT' | 'GET';
  url: string;
  /** `Name: value`, one a line. */
  headers: string;
  seconds: number | null;
}

let last = 0;

export const newHook = (): HookFields => ({
  key: (last += 1),
  type: 'http',
  command: '',
  arguments: '',
  method: 'POST',
  url: '',
  headers: '',
  seconds: 60,
});

/** A hook to be written anew: values of headers and the query of its URL are not shown by the API. */
export function fieldsOf(hook: Shown): HookFields {
  const common = { ...newHook(), type: hook.type, seconds: hook.timeout_seconds };
  if (hook.type === 'command') return { ...common, command: hook.command, arguments: hook.arguments.join('\n') };
  const headers = Object.keys(hook.headers).map((name) => `${name}: `);
  return { ...common, method: hook.method, url: hook.url.replace(/\?…$/, ''), headers: headers.join('\n') };
}

/** Whether a hook has what is not shown, and so has to be written again when hooks change. */
export const hidesSomething = (hook: Shown): boolean =>
  hook.type === 'http' && (Object.keys(hook.headers).length > 0 || hook.url.endsWith('?…'));

export function sentOf({ type, command, arguments: lines, method, url, headers, seconds }: HookFields): Sent {
  const common = seconds === null ? {} : { timeout_seconds: seconds };
  if (type === 'command') {
    const given = lines === '' ? [] : lines.split('\n');
    return { type, command: command.trim(), arguments: given, ...common };
  }
  return { type, method, url: url.trim(), headers: headersOf(headers), ...common };
}

function headersOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}
