import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { readPage, type PageFile } from './files.ts';

/** Where the web page is built. */
export const builtPage = join(dirname(fileURLToPath(import.meta.resolve('@holdfast/web/package.json'))), 'dist');

/** Permits the page's own scripts and styles, none inline, requests to this service alone, and the board in a frame. */
const headers = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      frameSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' },
});

const notBuilt =
  'The web page of Holdfast is not built: run "npm start" in its folder, which builds it, or "npx vite build packages/web". The API works without it; /docs describes it.\n';

/**
 * Serves the web page: its files, and its beginning for every path that a browser navigates to and that is not `taken`; the
 * page itself knows its own paths.
 * @param root where it was built
 * @param taken the first parts of the paths that others answer
 */
export function servePage(root: string, taken: ReadonlySet<string>): RequestHandler {
  let reading: ReturnType<typeof readPage> | undefined;
  const files = async () => {
    const found = await (reading ??= readPage(root));
    // It may be built while the service runs.
    if (!found) reading = undefined;
    return found;
  };
  return async (request, response, next) => {
    if (!['GET', 'HEAD'].includes(request.method)) return next();
    const [, first = ''] = request.path.split('/');
    if (taken.has(first)) return next();
    const page = await files();
    const isNavigation = request.get('accept')?.includes('text/html') === true && first !== 'assets';
    const shown = page?.get(request.path) ?? (isNavigation ? page?.get('/index.html') : undefined);
    if (!shown && (page || !isNavigation)) return next();
    await new Promise<void>((resolve, reject) => {
      headers(request, response, (error?: unknown) => (error instanceof Error ? reject(error) : resolve()));
    });
    if (shown) await send(request, response, shown);
    else response.status(503).set({ 'Cache-Control': 'no-store', 'Retry-After': '30' }).type('text').send(notBuilt);
  };
}

async function send(request: Request, response: Response, file: PageFile): Promise<void> {
  response.set({
    'Cache-Control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    'Content-Type': file.type,
    ETag: file.etag,
    Vary: 'Accept-Encoding',
  });
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  const encoding =
    file.encodings.find((one) => one === 'identity' || request.acceptsEncodings(one) === one) ?? 'identity';
  const bytes = await file.as(encoding);
  if (encoding !== 'identity') response.set('Content-Encoding', encoding);
  response.set('Content-Length', String(bytes.length));
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
