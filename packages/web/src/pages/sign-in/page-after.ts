/** Where one goes after signing in: where one was, if that is a page of ours. */
export function pageAfter(from: string | null): string {
  const ours = from !== null && /^\/(?![/\\])/.test(from) && !from.startsWith('/sign-in');
  return ours ? from : '/';
}
