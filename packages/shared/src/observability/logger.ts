import { pino, symbols, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { currentLogFields } from './log-fields.ts';
import { currentTraceId } from './tracing/span.ts';

export type Logger = PinoLogger;

const secretFields = [
  'password',
  'secret',
  'secretKey',
  'accessKey',
  'token',
  'authorization',
  's3_access_key',
  's3_secret_key',
];

/** What surrounds the caller, but for what the logger or the line says itself: no line says anything twice. */
function surroundings(line: object, bindings: string): Record<string, unknown> {
  const traceId = currentTraceId();
  const fields = Object.entries({ ...currentLogFields(), ...(traceId === null ? {} : { traceId }) });
  return Object.fromEntries(fields.filter(([name]) => !(name in line) && !bindings.includes(`"${name}":`)));
}

/** JSON lines on standard output, each with the fields of `withLogFields` around it. Fields that carry secrets by their name are censored, two levels deep. */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    mixin: (line: object, _level: number, logger: object) =>
      surroundings(line, (logger as { [symbols.chindingsSym]?: string })[symbols.chindingsSym] ?? ''),
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: [
        ...secretFields,
        ...secretFields.map((field) => `*.${field}`),
        ...secretFields.map((field) => `*.*.${field}`),
        'req.headers.authorization',
        'req.headers.cookie',
      ],
      censor: '[redacted]',
    },
  };
  return destination ? pino(options, destination) : pino(options);
}
