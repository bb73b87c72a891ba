export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** All that browsers know, with UTC and `chosen` in any case. */
export function timeZones(chosen: string): string[] {
  return [...new Set(['UTC', chosen, ...Intl.supportedValuesOf('timeZone')])].toSorted();
}
