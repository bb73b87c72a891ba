/** What supervisors ask every few seconds: neither logged nor limited. */
export const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
