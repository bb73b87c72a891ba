/** What an answer says is wrong, whichever dialect it speaks. */
export interface ApiProblem {
  /** For people: what was wrong and what to do. */
  message: string;
  /** By the name of the field, where fields were refused. */
  fields: Readonly<Record<string, readonly string[]>>;
  /** To be named when asking for help; null when the answer carried none. */
  requestId: string | null;
}

/** The API refused a request. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly fields: ApiProblem['fields'];
  readonly requestId: string | null;

  constructor(status: number, { message, fields, requestId }: ApiProblem) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.requestId = requestId;
  }
}

interface ProblemBody {
  error?: unknown;
  message?: unknown;
  errors?: Record<string, string[]>;
}

/** Reads what a refusal says. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  const fields = body.errors ?? {};
  const said = [body.message, body.error, Object.values(fields).flat().join(' ')];
  const message = said.find((text): text is string => typeof text === 'string' && text !== '');
  return {
    message: message ?? `The server answered ${response.status} ${response.statusText}.`,
    fields,
    requestId: response.headers.get('x-request-id'),
  };
}
