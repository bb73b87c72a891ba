import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import helmet from 'helmet';
import { methodNotAllowed } from '../http/problem.ts';

export const docsPath = '/docs';

const own = join(import.meta.dirname, 'docs');
const viewer = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
const files: readonly (readonly [path: string, root: string, file: string])[] = [
  ['/', own, 'index.html'],
  ['/initializer.js', own, 'initializer.js'],
  ['/swagger-ui.css', viewer, 'swagger-ui.css'],
  ['/swagger-ui-bundle.js', viewer, 'swagger-ui-bundle.js'],
  ['/favicon-32x32.png', viewer, 'favicon-32x32.png'],
];

/** The page that shows `/openapi.json`, with the viewer's files beside it. To be mounted at `docsPath` behind its guard. */
export const serveDocs = express.Router();
for (const [path, root, file] of files) {
  serveDocs.get(path, (_request, response) => response.sendFile(file, { root }));
  serveDocs.all(path, () => {
    throw methodNotAllowed(['GET', 'HEAD']);
  });
}

/** Permits the page's own scripts and styles, none inline, and requests to this service alone. */
export const docsHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
});
