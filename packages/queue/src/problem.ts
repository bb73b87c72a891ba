import type { Secret } from '@holdfast/shared/domain';

/**
 * One line about a driver's error, for logs and messages. The error itself is never logged or passed on: ioredis hangs
 * the failed command on it, and that of a refused login holds the password.
 */
export function describeProblem(error: unknown, url: Secret): string {
  return withoutSecrets(textOf(error), url);
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(textOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error.message === '') return code || error.name;
  return code && !error.message.includes(code) ? `${error.message} (${code})` : error.message;
}

function withoutSecrets(text: string, url: Secret): string {
  const redacted = text.replace(/\/\/[^\s/@]*@/g, '//[redacted]@');
  const { password } = new URL(url.reveal());
  if (password === '') return redacted;
  return redacted.replaceAll(password, '[redacted]').replaceAll(decodeURIComponent(password), '[redacted]');
}
