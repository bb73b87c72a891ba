import { formatBytes, formatDuration, formatExactTime, formatRelative, formatTime } from './format.ts';
import { useNow } from './now.ts';

/** What stands where there is no value. */
const nothing = '–';

/** `5 minutes ago`, and the exact time on a closer look. @param absolute the exact time in the text itself */
export function RelativeTime({
  at,
  absolute = false,
}: {
  at: string | null | undefined;
  absolute?: boolean;
}): React.JSX.Element {
  const now = useNow();
  if (at === null || at === undefined) return <>{nothing}</>;
  const time = new Date(at);
  return (
    <time dateTime={at} title={formatExactTime(time)}>
      {absolute ? formatTime(time) : formatRelative(time, now)}
    </time>
  );
}

export function Bytes({ value }: { value: number | null | undefined }): React.JSX.Element {
  if (value === null || value === undefined) return <>{nothing}</>;
  return <span title={`${value.toLocaleString('en')} bytes`}>{formatBytes(value)}</span>;
}

export function Duration({ seconds }: { seconds: number | null | undefined }): React.JSX.Element {
  return <>{seconds === null || seconds === undefined ? nothing : formatDuration(seconds)}</>;
}
