/** What a request was answered; the client throws for every refusal, so that only an answer without a body is none. */
export async function answerOf<T>(request: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  const { data } = await request;
  if (data === undefined || data === null) throw new Error('The server answered nothing.');
  return data;
}
