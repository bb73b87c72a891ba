import { ArchiveRestore, Ban } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { isUnderWay } from '../../data/backups.ts';
import { useCancelRun, type PolicyRun } from '../../data/policies.ts';
import type { Restore } from '../../data/restores.ts';
import { useRunRestores } from '../../data/run-restores.ts';
import { Button, ConfirmDialog, countOf, Inline, LinkButton, RelativeTime, Soft } from '../../kit/index.ts';

/** What can be done with a run: cancel it while it goes on, restore it together when it has ended. */
export function RunActions({ policyId, run }: { policyId: string; run: PolicyRun }): React.JSX.Element | null {
  if (isUnderWay(run)) return <Cancel policyId={policyId} run={run} />;
  if (run.backups.done === 0) return null;
  return <Together policyId={policyId} run={run} />;
}

function Cancel({ policyId, run }: { policyId: string; run: PolicyRun }): React.JSX.Element {
  const [asks, setAsks] = useState(false);
  const cancel = useCancelRun(policyId);
  if (run.cancel_requested_at !== null) {
    return (
      <Soft>
        Cancelled <RelativeTime at={run.cancel_requested_at} />: what runs ends within seconds.
      </Soft>
    );
  }
  return (
    <div>
      <Button size="s" icon={Ban} onClick={() => setAsks(true)}>
        Cancel run
      </Button>
      <ConfirmDialog
        isOpen={asks}
        onClose={() => setAsks(false)}
        title="Cancel this run?"
        confirmLabel="Cancel run"
        onConfirm={() => cancel.mutateAsync(run.id)}
      >
        Backups of it that wait or run are ended, and what they stored is removed. Those that are done stay.
      </ConfirmDialog>
    </div>
  );
}

/** The restores of a run by what those that were asked for together have in common, newest first. */
const groupsOf = (restores: readonly Restore[]): Map<string, Restore[]> =>
  Map.groupBy(
    restores.filter(({ group_id: group }) => group !== null),
    ({ group_id: group }) => group ?? '',
  );

function Together({ policyId, run }: { policyId: string; run: PolicyRun }): React.JSX.Element {
  const { data: restores = [] } = useRunRestores(policyId, run.id);
  const page = `/policies/${policyId}/runs/${run.id}/restore`;
  return (
    <Inline>
      <LinkButton size="s" icon={ArchiveRestore} to={page}>
        Restore together
      </LinkButton>
      {[...groupsOf(restores)].map(([group, [first, ...others]]) => (
        <Link key={group} to={`${page}?group=${group}`}>
          {countOf(1 + others.length, 'restore')}, asked for <RelativeTime at={first?.created_at ?? null} />
        </Link>
      ))}
    </Inline>
  );
}
