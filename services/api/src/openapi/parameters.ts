import { z } from 'zod';
import { integerId } from '../http/fields.ts';
import { idView } from '../presenters/values.ts';

/** What stands in paths instead of a UUID, by the path up to there. */
const others: Readonly<Record<string, z.ZodType>> = {
  '/api/databases/:db': z.string().meta({ description: 'The id or the name of a database.', examples: ['my-db-123'] }),
  '/api/backup-destinations/:id': integerId.meta({ examples: [1] }),
  '/api/server-policies/:id': z.string().meta({ description: 'The id or the name of a policy.', examples: ['main'] }),
  '/api/servers/:id': integerId.meta({ examples: [3] }),
};

/** The parameters of a route's path, or undefined where it has none. */
export function pathParameters(path: string): z.ZodObject | undefined {
  const parts = path.split('/');
  const found = parts.flatMap((part, index) =>
    part.startsWith(':') ? [[part.slice(1), others[parts.slice(0, index + 1).join('/')] ?? idView] as const] : [],
  );
  return found.length === 0 ? undefined : z.object(Object.fromEntries(found));
}

/** `/api/databases/:db` as `/api/databases/{db}`. */
export const templateOf = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');
