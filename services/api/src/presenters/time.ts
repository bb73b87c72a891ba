/** RFC 3339 in UTC with milliseconds, null until reached. */
export const presentTime = (at: Date | null): string | null => at?.toISOString() ?? null;
