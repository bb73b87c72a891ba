/** What a span says. Ids, names and numbers: never what a secret could be part of. */
type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  name: string;
  kind?: 'server' | 'client' | 'internal';
  attributes?: SpanAttributes;
  /** The headers of a request that may name the span it came from. */
  from?: Readonly<Record<string, string | string[] | undefined>>;
}

/** A span that lasts. */
export interface ActiveSpan {
  /** Adds to what it says. */
  set(attributes: SpanAttributes): void;
  rename(name: string): void;
  /** Says that it failed. @param code one of few words, never the text of an error */
  fail(code: string): void;
}

/** Whoever keeps spans. */
export interface Tracer {
  inSpan<T>(options: SpanOptions, work: (span: ActiveSpan) => Promise<T>): Promise<T>;
  /** Of the span that surrounds the caller. */
  traceId(): string | null;
}

const ignored: ActiveSpan = { set: () => undefined, rename: () => undefined, fail: () => undefined };

/** One for the process, as the context that spans are found by belongs to the process, too; null: there are no traces. */
let tracer: Tracer | null = null;

export function traceBy(next: Tracer | null): void {
  tracer = next;
}

/** Does work in a span that lasts as long; where there are no traces it is the work alone. An error passes through, and is marked. */
export const inSpan = <T>(options: SpanOptions, work: (span: ActiveSpan) => Promise<T>): Promise<T> =>
  tracer === null ? work(ignored) : tracer.inSpan(options, work);

export const currentTraceId = (): string | null => tracer?.traceId() ?? null;
