import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { dialectOf, routes } from '../routes/index.ts';
import { documentOf } from './document.ts';

/** The document as it is served, but for where. */
export const document = documentOf(routes);

/** Compiles the document's schemas, `examples` and `example` being annotations and `discriminator` a hint. */
export const ajv = addFormats.default(
  new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false, allowUnionTypes: true }),
);
// The last are those of the document itself, which its schemas are looked up in.
ajv.addVocabulary(['example', 'discriminator', ...Object.keys(document)]);
ajv.addSchema(document, 'openapi');

/** The validator of the schema at a place of the document. */
export function schemaAt(...place: readonly string[]): ValidateFunction {
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const found = ajv.getSchema(`openapi#/${pointer}`);
  if (!found) throw new Error(`The document has no schema at ${pointer}.`);
  return found;
}

const templates = Object.keys(document.paths ?? {});

/** The template of a path: the one with the fewest parameters, where several fit. */
function templateOf(path: string): string | undefined {
  const parts = path.split('/');
  const fits = (template: string): boolean => {
    const wanted = template.split('/');
    return (
      wanted.length === parts.length &&
      wanted.every((part, at) => (part.startsWith('{') && parts[at] !== '') || part === parts[at])
    );
  };
  const count = (template: string): number => template.split('{').length;
  return templates.filter(fits).toSorted((a, b) => count(a) - count(b))[0];
}

interface Seen {
  status: number;
  headers: Headers;
  text: string;
}

/** Pages for people, which are no part of the document. */
const pages = /^\/(admin|docs)(\/|$)/;

/** @throws Error when an answer is not one that the document describes for the request */
export function mustAgree(method: string, url: string, seen: Seen): void {
  // A slash at the end makes no difference.
  const path = /^(.+?)\/?$/.exec(url.split('?')[0] ?? '')?.[1] ?? '/';
  if (pages.test(path)) return;
  const disagree = (why: string): never => {
    throw new Error(`${method} ${path} answered ${seen.status}, but ${why}\n${seen.text.slice(0, 2000)}`);
  };
  if (!seen.headers.has('x-request-id')) disagree('without X-Request-Id.');
  const template = templateOf(path);
  const verb = (method === 'HEAD' ? 'GET' : method).toLowerCase();
  const operation = template === undefined ? undefined : operations(template)[verb];
  if (template === undefined || operation === undefined) {
    const expected = template === undefined ? [400, 404, 429] : [400, 405, 429];
    if (!expected.includes(seen.status)) disagree(`the document has no ${verb} of ${template ?? 'this path'}.`);
    if (method === 'HEAD') return;
    const told = dialectOf(path).shapes.refusal.safeParse(JSON.parse(seen.text));
    if (!told.success) disagree(`not in the shape of its dialect: ${told.error.message}`);
    return;
  }
  const { responses } = operation;
  const status = [String(seen.status), `${String(seen.status)[0]}XX`].find((one) => one in responses);
  if (status === undefined) return disagree(`the document knows only ${Object.keys(responses).join(', ')} there.`);
  if (method === 'HEAD') return;
  const content = responses[status]?.content;
  if (content === undefined) return seen.text === '' ? undefined : disagree('the document has no body there.');
  const type = seen.headers.get('content-type')?.split(';')[0] ?? 'none';
  if (!(type in content)) disagree(`the document has ${Object.keys(content).join(', ')} there and not ${type}.`);
  if (type !== 'application/json') return;
  const valid = schemaAt('paths', template, verb, 'responses', status, 'content', type, 'schema');
  if (!valid(JSON.parse(seen.text))) {
    disagree(`not as the document has it: ${ajv.errorsText(valid.errors, { dataVar: 'body', separator: '; ' })}`);
  }
}

interface DescribedOperation {
  responses: Record<string, { content?: Record<string, unknown> } | undefined>;
}

const operations = (template: string): Record<string, DescribedOperation | undefined> =>
  (document.paths?.[template] ?? {}) as Record<string, DescribedOperation | undefined>;
