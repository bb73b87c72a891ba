import type { UseMutationResult } from '@tanstack/react-query';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, Callout, Card, KeyValues, Soft, StateBadge, toast } from '../../kit/index.ts';
import { workState, type WorkStatus } from './work-state.ts';

interface WorkCardProps<Asked> {
  title: string;
  /** What it does, in words. */
  about: string;
  work: { status: WorkStatus; error: { message: string } | null };
  /** Of the last one. */
  failedTitle: string;
  start: UseMutationResult<Asked, Error, void>;
  startLabel: string;
  icon: LucideIcon;
  facts: readonly [string, ReactNode][];
}

/** Work in the background on a destination: how it stands, and a button that asks for it. */
export function WorkCard<Asked>(props: WorkCardProps<Asked>): React.JSX.Element {
  const { title, about, work, failedTitle, start, startLabel, icon, facts } = props;
  const { badge, isBusy } = workState(work.status);
  const ask = (): void => start.mutate(undefined, { onError: toast.bad });
  return (
    <Card
      title={title}
      actions={
        <Button icon={icon} busy={start.isPending || isBusy} onClick={ask}>
          {startLabel}
        </Button>
      }
    >
      <p>
        <Soft>{about}</Soft>
      </p>
      {work.error && (
        <Callout tone="bad" title={failedTitle}>
          {work.error.message}
        </Callout>
      )}
      <KeyValues items={[['State', <StateBadge key="state" {...badge} />], ...facts]} />
    </Card>
  );
}
