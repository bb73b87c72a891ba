import type { PreflightFinding, RestoreSubject } from '@holdfast/shared/domain';
import type { ServerLook } from './look.ts';

/** The versions of the format by the versions of the servers that began to write them, the newest first. */
const formats: Readonly<
  Record<ServerLook['product'], readonly (readonly [major: number, minor: number, format: number])[]>
> = {
  redis: [
    [7, 4, 12],
    [7, 2, 11],
    [7, 0, 10],
    [5, 0, 9],
    [4, 0, 8],
  ],
  valkey: [
    [9, 0, 80],
    [7, 2, 11],
  ],
};
/** Formats up to this one are read by both. */
const lastCommon = 11;

function formatOf(product: ServerLook['product'], version: string): number | null {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const known = formats[product].find(([from, minorFrom]) => major > from || (major === from && minor >= minorFrom));
  return known?.[2] ?? null;
}

/** Whether the server can read values of the backup's. */
export function versionFindings(
  { product, version, shownVersion }: Pick<ServerLook, 'product' | 'version' | 'shownVersion'>,
  { serverVersion }: Pick<RestoreSubject, 'serverVersion'>,
): PreflightFinding[] {
  const from = serverVersion.includes('Valkey') ? 'valkey' : 'redis';
  const written = formatOf(from, serverVersion);
  const read = formatOf(product, version);
  if (written === null || read === null) return [];
  const versions = `The backup is of ${title(from)} ${plain(serverVersion)}, this server is ${title(product)} ${plain(shownVersion)}`;
  if (written > lastCommon && from !== product) {
    const message = `${versions}: neither reads what the other one writes since they went different ways. Restore into a server like the backup's.`;
    return [{ severity: 'blocker', code: 'version', message }];
  }
  if (written > read) {
    const message = `${versions}: it does not read what the newer one writes. Restore into one that is at least as new.`;
    return [{ severity: 'blocker', code: 'version', message }];
  }
  return [];
}

const title = (product: ServerLook['product']): string => (product === 'valkey' ? 'Valkey' : 'Redis');
const plain = (version: string): string => version.replace(' (Valkey)', '');
