/** The named fields alone, so that whatever else an object carries never reaches a column. Absent ones stay absent. */
export function pick<T extends object, K extends keyof T>(source: T, fields: readonly K[]): Pick<T, K> {
  const picked: Partial<Pick<T, K>> = {};
  for (const field of fields) if (field in source) picked[field] = source[field];
  return picked as Pick<T, K>;
}
