import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Express } from 'express';
import helmet from 'helmet';

export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

export const boardPath = '/admin/queues';

/** Bull Board over the given queues, to be mounted at `boardPath` behind its guard. */
export function createBoard(queues: readonly BoardQueue[]): Express {
  const adapter = new ExpressAdapter().setBasePath(boardPath);
  createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter: adapter });
  const board = adapter.getRouter() as Express;
  return board.disable('x-powered-by');
}

/**
 * Permits the board's own scripts, styles and images, and our own page to show it in a frame. Its pages set style attributes,
 * hence `unsafe-inline` for those alone.
 */
export const boardHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      fontSrc: ["'self'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'self'"],
    },
  },
});
