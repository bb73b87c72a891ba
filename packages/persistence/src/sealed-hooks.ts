import {
  isForgotten,
  isUnreadable,
  Secret,
  type CommandHook,
  type Hook,
  type Hooks,
  type HttpHook,
} from '@holdfast/shared/domain';

type KeptHook = CommandHook | (Omit<HttpHook, 'headers'> & { headers: Record<string, string> });
interface KeptHooks {
  before: KeptHook[];
  after: KeptHook[];
}

/** Hooks as one text, with the secrets in them: to be sealed. */
export function hooksText({ before, after }: Hooks): Secret {
  const kept: KeptHooks = { before: before.map(revealed), after: after.map(revealed) };
  return new Secret(JSON.stringify(kept));
}

export function hooksFrom(text: Secret): Hooks {
  if (isUnreadable(text)) return { before: [], after: [], unreadable: text };
  if (isForgotten(text)) return { before: [], after: [], forgotten: true };
  const { before, after } = JSON.parse(text.reveal()) as KeptHooks;
  return { before: before.map(wrapped), after: after.map(wrapped) };
}

function revealed(hook: Hook): KeptHook {
  if (hook.type === 'command') return hook;
  const headers = Object.entries(hook.headers).map(([name, value]) => [name, value.reveal()]);
  return { ...hook, headers: Object.fromEntries(headers) as Record<string, string> };
}

function wrapped(hook: KeptHook): Hook {
  if (hook.type === 'command') return hook;
  const headers = Object.entries(hook.headers).map(([name, value]) => [name, new Secret(value)]);
  return { ...hook, headers: Object.fromEntries(headers) as Record<string, Secret> };
}
