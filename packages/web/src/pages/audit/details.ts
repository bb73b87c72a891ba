const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as text; what is neither a text nor a list is written as JSON. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function changeInWords(name: string, change: unknown): string {
  if (!isRecord(change) || !('to' in change)) return name;
  return change['from'] === undefined
    ? `${name}: ${textOf(change['to'])}`
    : `${name}: ${textOf(change['from'])} → ${textOf(change['to'])}`;
}

/** What an entry of the audit log says beside who did what, a line each: changed fields, then the rest. */
export function detailsInWords({ changed, ...rest }: Readonly<Record<string, unknown>>): string[] {
  const changes = isRecord(changed)
    ? Object.entries(changed).map(([name, change]) => changeInWords(name, change))
    : Array.isArray(changed)
      ? changed.map(textOf)
      : [];
  return [...changes, ...Object.entries(rest).map(([name, value]) => `${name}: ${textOf(value)}`)];
}
