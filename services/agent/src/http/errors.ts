/** Nothing answered, or the connection broke: the same request may succeed later. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** An answer that refuses. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  /** Seconds after which the server wants to be asked again; null when it did not say. */
  readonly retryAfter: number | null;

  constructor(message: string, status: number, retryAfter: number | null = null) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Whether the same request may succeed by itself later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof NoAnswer) return true;
  return error instanceof Refused && (error.status >= 500 || error.status === 408 || error.status === 429);
}
