import { z } from 'zod';
import type { Dialect } from '../../http/dialect.ts';
import type { Problem } from '../../http/problem.ts';

/** What clients of the remote dialect see as `code`: the names of Laravel's exceptions. */
const codes: Record<number, string> = {
  400: 'BadRequestHttpException',
  404: 'NotFoundHttpException',
  405: 'MethodNotAllowedHttpException',
  409: 'ConflictHttpException',
  415: 'UnsupportedMediaTypeHttpException',
  422: 'ValidationException',
  429: 'TooManyRequestsHttpException',
  503: 'ServiceUnavailableHttpException',
};

export const absent = 'The requested resource could not be found on the server.';

const entry = { code: z.string(), status: z.string(), detail: z.string() };
const meta = z.strictObject({
  source_field: z.string().meta({ description: 'The path of the field, such as parts.0.etag.' }),
  rule: z.string().meta({ description: "The rule that it breaks, by Laravel's name." }),
});

/** The dialect of `/api/remote`, which the agents of remote servers speak. */
export const remoteDialect: Dialect = {
  name: 'Remote servers',
  description: 'For servers that make their own archives and upload them straight to S3.',
  forms: false,
  unauthenticated: 'Access to this endpoint must include an Authorization header.',
  missingScope: () => 'You are not authorized to access this resource.',
  present: (problem) => {
    const { fields, rules, status } = problem;
    const told = { code: codeOf(problem), status: String(status) };
    if (!fields) return { errors: [{ ...told, detail: problem.message }] };
    const entries = Object.entries(fields).flatMap(([field, messages]) =>
      messages.map((detail, index) => ({
        ...told,
        detail,
        meta: { source_field: field, rule: rules[field]?.[index] ?? 'regex' },
      })),
    );
    return { errors: entries };
  },
  shapes: {
    invalid: z.strictObject({ errors: z.array(z.strictObject({ ...entry, meta })).min(1) }).meta({
      id: 'RemoteInvalid',
      examples: [
        {
          errors: [
            {
              code: 'ValidationException',
              status: '422',
              detail: 'The parts.0.etag field is required.',
              meta: { source_field: 'parts.0.etag', rule: 'required' },
            },
          ],
        },
      ],
    }),
    refusal: z.strictObject({ errors: z.array(z.strictObject(entry)).length(1) }).meta({
      id: 'RemoteError',
      examples: [
        {
          errors: [
            {
              code: 'NotFoundHttpException',
              status: '404',
              detail: 'The requested resource could not be found on the server.',
            },
          ],
        },
      ],
    }),
  },
};

/** A token that is not known is refused by another name than one that asks for what is not its own. */
function codeOf({ status, aboutToken }: Problem): string {
  if (status === 403) return aboutToken ? 'AccessDeniedHttpException' : 'HttpForbiddenException';
  return codes[status] ?? 'HttpException';
}
