import { Ban } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { Attempt, Backup } from '../../data/backups.ts';
import { useLiveProgress } from '../../data/live.ts';
import {
  Button,
  ConfirmDialog,
  formatBytes,
  formatDuration,
  Progress,
  RelativeTime,
  Soft,
  Stack,
} from '../../kit/index.ts';
import { useEverySecond } from './every-second.ts';
import { bytesPerSecond } from './figures.ts';

export interface UnderWayProps {
  /** What runs, for screen readers and the question: `backup`. */
  what: string;
  work: Pick<Backup, 'id' | 'status' | 'progress' | 'next_attempt_at' | 'cancel_requested_at'> & {
    attempts: Attempt[];
  };
  /** What a cancel leaves. */
  consequence: ReactNode;
  onCancel: () => Promise<unknown>;
}

/** Work that waits or runs: how far it is, how fast it goes, and a way to end it. */
export function UnderWay({ what, work, consequence, onCancel }: UnderWayProps): React.JSX.Element {
  const [asks, setAsks] = useState(false);
  const progress = useProgressOf(work);
  const { attempts, cancel_requested_at: cancelled } = work;
  return (
    <Stack gap="s">
      <Progress
        label={`Progress of the ${what}`}
        value={work.status === 'pending' ? progress.fraction : 0}
        text={<Text work={{ ...work, progress }} />}
        aside={work.status === 'pending' && <Rate progress={progress} attempts={attempts} />}
      />
      <div>
        {cancelled === null ? (
          <Button size="s" icon={Ban} onClick={() => setAsks(true)}>
            Cancel {what}
          </Button>
        ) : (
          <Soft small>
            Cancelled <RelativeTime at={cancelled} />: it ends within seconds.
          </Soft>
        )}
      </div>
      <ConfirmDialog
        isOpen={asks}
        onClose={() => setAsks(false)}
        title={`Cancel this ${what}?`}
        confirmLabel={`Cancel ${what}`}
        onConfirm={onCancel}
      >
        {consequence}
      </ConfirmDialog>
    </Stack>
  );
}

/** The newest figures: an event's, which come each second, or those that the API last answered. */
function useProgressOf({ id, progress }: UnderWayProps['work']): Backup['progress'] {
  const live = useLiveProgress(id);
  if (!live || live.bytes < progress.bytes) return progress;
  return { bytes: live.bytes, fraction: live.total ? Math.min(1, live.bytes / live.total) : progress.fraction };
}

function Text({ work }: Pick<UnderWayProps, 'work'>): React.JSX.Element {
  const { status, progress, attempts, next_attempt_at: next } = work;
  if (status === 'scheduled') {
    return next === null ? (
      <>Waits to begin</>
    ) : (
      <>
        Attempt {attempts.length} failed; the next one begins <RelativeTime at={next} />
      </>
    );
  }
  const share = progress.fraction === null ? '' : ` (${Math.round(progress.fraction * 100)} %)`;
  const nth = attempts.length > 1 ? `, attempt ${attempts.length}` : '';
  return (
    <>
      {formatBytes(progress.bytes)} read{share}
      {nth}
    </>
  );
}

function Rate({ progress, attempts }: Pick<UnderWayProps['work'], 'progress' | 'attempts'>): React.JSX.Element | null {
  const now = useEverySecond();
  const began = attempts.at(-1)?.started_at;
  if (began === undefined) return null;
  const rate = bytesPerSecond(progress.bytes, began, now);
  const elapsed = Math.max(0, Math.round((now.getTime() - Date.parse(began)) / 1000));
  return (
    <>
      {rate !== null && `${formatBytes(rate)}/s · `}
      {formatDuration(elapsed)}
    </>
  );
}
