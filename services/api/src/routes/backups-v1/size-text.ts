const units = ['KB', 'MB', 'GB', 'TB', 'PB'];

/** A number of bytes for people: `744 bytes`, `16.3 GB`. A KB has 1024 bytes. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let shown = bytes;
  let unit = '';
  for (const next of units) {
    // Rounded first: what would read "1024 KB" is 1 MB.
    if (unit !== '' && rounded(shown) < 1024) break;
    shown /= 1024;
    unit = next;
  }
  return `${rounded(shown)} ${unit}`;
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
