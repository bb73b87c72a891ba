import type { Request } from 'express';
import type { ApiDeps } from '../deps.ts';

/**
 * What absolute links begin with, without a slash at the end: the configured public URL, or what the client itself called,
 * as a trusted proxy in front tells it.
 */
export function baseUrl({ deps, request }: { deps: ApiDeps; request: Request }): string {
  const configured = deps.settings.HOLDFAST_PUBLIC_URL;
  if (configured !== undefined) return configured.replace(/\/+$/, '');
  const called = `${request.secure ? 'https' : 'http'}://${request.host ?? ''}`;
  const { localAddress = '127.0.0.1', localPort, remoteFamily } = request.socket;
  const own = `http://${remoteFamily === 'IPv6' ? `[${localAddress}]` : localAddress}:${localPort}`;
  return URL.canParse(called) ? new URL(called).origin : own;
}
