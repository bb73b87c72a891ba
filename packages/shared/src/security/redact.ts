import { isUnusable, type Secret } from '../domain/secret.ts';

/** Replaces every secret in `text`, also where a program printed it percent-encoded as part of a URL. */
export function redact(text: string, secrets: readonly Secret[]): string {
  const values = valuesOf(secrets).filter((value) => value !== '');
  const forms = new Set(values.flatMap((value) => [value, encodeURIComponent(value)]));
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((clean, form) => clean.replaceAll(form, '[redacted]'), text);
}

/** The most bytes that one form of a secret can take in a text. */
export function longestForm(secrets: readonly Secret[]): number {
  return Math.max(0, ...valuesOf(secrets).map((value) => Buffer.byteLength(encodeURIComponent(value))));
}

/** What nobody knows can be in no text. */
const valuesOf = (secrets: readonly Secret[]): string[] =>
  secrets.filter((secret) => !isUnusable(secret)).map((secret) => secret.reveal());
