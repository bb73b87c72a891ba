import type { Request, Response } from 'express';
import { callerOf } from '../auth/token.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import { describeAction, type AuditNote } from './described.ts';

/** The part of a request's entry that is known only while it is served. */
export interface Trail {
  /** Adds what the route cannot know by itself. */
  note: (more: AuditNote) => void;
  /** Does what a request asks for, so that it stands in the audit log whatever happens meanwhile. */
  around<T>(found: unknown, act: () => Promise<T>): Promise<T>;
}

/**
 * What is to be done is noted before, and entered after it: nothing is done that could not be noted, and what a process did
 * that then died is entered by another one.
 */
export function trailOf(route: Route, deps: ApiDeps, request: Request, response: Response): Trail {
  const { audit: log } = deps.persistence;
  const note: AuditNote = {};
  const more = (added: AuditNote): void => {
    Object.assign(note, added, {
      object: { ...note.object, ...added.object },
      details: { ...note.details, ...added.details },
    });
  };
  const { audit: action, creates = false } = route;
  if (typeof action !== 'string' || request.method === 'HEAD') return { note: more, around: (_found, act) => act() };
  const described = (found: unknown, reply?: unknown) =>
    describeAction({
      request,
      params: request.params,
      caller: callerOf(response),
      action,
      creates,
      found,
      reply,
      note,
    });

  return {
    note: more,
    around: async (found, act) => {
      const begun = await log.begin(described(found));
      const settle = async (settling: Promise<void>): Promise<void> => {
        // It stays noted, and is entered as unknown.
        await settling.catch((error: unknown) =>
          request.log.error({ err: error, action }, 'an audit entry is delayed'),
        );
      };
      try {
        const reply = await act();
        await settle(log.end(begun, described(found, reply), 'done'));
        return reply;
      } catch (error) {
        const isRefusal = error instanceof Problem && error.status < 500;
        await settle(isRefusal ? log.drop(begun) : log.end(begun, described(found), 'failed'));
        throw error;
      }
    },
  };
}
