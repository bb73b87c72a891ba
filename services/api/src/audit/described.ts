import { systemActor, type AuditActor, type AuditedAction, type AuditObject } from '@holdfast/shared/domain';
import type { Request } from 'express';
import { isPlainText } from '../http/fields.ts';
import { requestIdOf } from '../http/logging.ts';
import type { Caller } from '../http/route.ts';
import { changedFields } from './changed.ts';

/** What a handler knows better than its route. */
export interface AuditNote {
  accountId?: number;
  actor?: AuditActor;
  object?: Partial<AuditObject>;
  details?: Readonly<Record<string, unknown>>;
}

/** What is known of an audited request. */
export interface Audited {
  request: Request;
  /** Of the path. */
  params: Request['params'];
  caller: Caller | null;
  action: string;
  /** Whether what the path names is not the object itself but what the object is made in. */
  creates: boolean;
  /** What the path names, where the route finds that. */
  found?: unknown;
  /** The body of the answer. */
  reply?: unknown;
  note: AuditNote;
}

/** The entry that a request makes. */
export function describeAction({ note, ...audited }: Audited): AuditedAction {
  const { request, caller, action, creates, found, reply } = audited;
  const params = Object.entries(audited.params).map(([name, value]) => [name, plain(value)]);
  return {
    accountId: note.accountId ?? caller?.accountId ?? null,
    actor: note.actor ?? actorOf(caller),
    action,
    object: { ...objectOf(audited), ...note.object },
    address: request.ip ?? null,
    requestId: requestIdOf(request),
    details: {
      ...askedOf(request),
      ...(creates && params.length > 0 && { in: Object.fromEntries(params) }),
      ...changedFields(request.body, creates || reply === found ? null : found),
      ...note.details,
    },
  };
}

/** What the query says beside the path, such as `force=true`. */
function askedOf({ query }: Request): Readonly<Record<string, unknown>> {
  const isShort = (value: unknown): value is string => typeof value === 'string' && /^[\w.:-]{0,40}$/.test(value);
  const asked = Object.entries(query).filter(
    ([name, value]) => /^(?!token$)[a-z_]{1,40}$/.test(name) && isShort(value),
  );
  return asked.length === 0 ? {} : { query: Object.fromEntries(asked) };
}

const actorOf = (caller: Caller | null): AuditActor => {
  if (caller?.token) return { type: 'token', id: caller.token.id, name: caller.token.name };
  return systemActor(caller?.server ? `remote server ${caller.server.name}` : 'somebody unknown');
};

function objectOf({ params, action, creates, found, reply }: Omit<Audited, 'note'>): AuditObject {
  const [type = ''] = action.split('.');
  const made = identified(reply) ?? (isObject(reply) ? Object.values(reply).map(identified).find(Boolean) : undefined);
  if (creates) return { type, ...(made ?? { id: null, name: null }) };
  const named = plain(Object.values(params).at(-1));
  const known = [identified(found), made].find((one) => one && [one.id, one.name].includes(named));
  return { type, ...(known ?? { id: named, name: null }) };
}

function identified(value: unknown): Omit<AuditObject, 'type'> | undefined {
  if (!isObject(value)) return undefined;
  const { id, name = value['label'] } = value;
  if (typeof id !== 'string' && typeof id !== 'number') return undefined;
  return { id: String(id), name: typeof name === 'string' ? name : null };
}

/** A part of a path, which may be anything; null where it can be nobody's name. */
const plain = (value: unknown): string | null =>
  typeof value === 'string' && value.length <= 255 && isPlainText(value) ? value : null;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
