import type { Channel } from '@holdfast/shared/domain';

/** Where a channel's requests go: for the request itself, never for a log. */
export function urlOf({ secrets }: Channel): string {
  if (!secrets.url) throw new Error('The channel has no URL.');
  return secrets.url.reveal();
}

export const post = (channel: Channel, body: unknown): { method: string; url: string; headers: {}; body: string } => ({
  method: 'POST',
  url: urlOf(channel),
  headers: {},
  body: JSON.stringify(body),
});
