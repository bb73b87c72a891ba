import { HoldfastError } from '@holdfast/shared/domain';

const maxKeyBytes = 1024;

/** Stores list and address keys over XML, HTTP and file systems: control characters survive none of them. */
function hasControl(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f || code === 0xfffe || code === 0xffff || (code >= 0xd800 && code <= 0xdfff)) {
      return true;
    }
  }
  return false;
}

/**
 * Refuses what is not a relative, `/`-separated key.
 * @throws HoldfastError path_outside_root
 */
export function checkKey(key: string): void {
  const segments = key.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new HoldfastError(
      'path_outside_root',
      `The key ${JSON.stringify(key)} cannot be used: keys are relative and have no empty, "." or ".." segment.`,
    );
  }
  if (hasControl(key)) {
    throw new HoldfastError(
      'path_outside_root',
      `The key ${JSON.stringify(key)} cannot be used: it has control characters.`,
    );
  }
  if (Buffer.byteLength(key) > maxKeyBytes) {
    throw new HoldfastError(
      'path_outside_root',
      `The key ${JSON.stringify(key.slice(0, 80))}… cannot be used: it is longer than ${maxKeyBytes} bytes.`,
    );
  }
}

/** The order in which every store lists: by the bytes of the UTF-8 form. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
