/** Providers that differ from the protocol in what the upload must know beforehand; told by the endpoint's host. */
const equalPartsHosts = [
  // Cloudflare R2: "All parts except the last must be the same size".
  '.r2.cloudflarestorage.com',
];

export function wantsEqualParts(endpoint: URL | null): boolean {
  return endpoint !== null && equalPartsHosts.some((suffix) => endpoint.hostname.endsWith(suffix));
}
