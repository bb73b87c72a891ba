import { useState } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useBackup, type Backup } from '../../data/backups.ts';
import { useDatabase, type Database } from '../../data/databases.ts';
import { Callout, Card, formatTime, Loaded, Page, PageHeader, Stepper } from '../../kit/index.ts';
import { RestoreConfirm } from './restore-confirm.tsx';
import { RestoreLook } from './restore-look.tsx';
import { RestoreProgress } from './restore-progress.tsx';
import { RestoreTargetStep } from './restore-target.tsx';
import { newWish, type WishFields } from './restore-wish.ts';
import { crumbs } from './words.ts';

const steps = [
  { id: 'target', label: 'Target' },
  { id: 'look', label: 'Look first' },
  { id: 'confirm', label: 'Confirm' },
  { id: 'progress', label: 'Restore' },
] as const;
type StepId = (typeof steps)[number]['id'];

export default function RestorePage(): React.JSX.Element {
  const { db = '', backup: id = '' } = useParams();
  const database = useDatabase(db);
  const backup = useBackup(id);
  return (
    <Page>
      <PageHeader
        title="Restore"
        crumbs={[
          ...crumbs(database.data),
          ...(backup.data
            ? [{ label: formatTime(new Date(backup.data.created_at)), to: `/databases/${db}/backups/${id}` }]
            : []),
        ]}
        {...(database.data &&
          backup.data && {
            lead: `The backup of ${database.data.name} that was asked for ${formatTime(new Date(backup.data.created_at))}`,
          })}
      />
      <Loaded query={database}>
        {(of) => <Loaded query={backup}>{(found) => <Wizard database={of} backup={found} />}</Loaded>}
      </Loaded>
    </Page>
  );
}

/** Which restore it became is in the address, so that it is found again. */
function Wizard({ database, backup }: { database: Database; backup: Backup }): React.JSX.Element {
  const [search, setSearch] = useSearchParams();
  const [step, setStep] = useState<StepId>('target');
  const [wish, setWish] = useState<WishFields>(() => newWish(database, backup));
  const restoreId = search.get('restore');
  const current = restoreId === null ? step : 'progress';
  if (backup.status !== 'done') {
    return <Callout tone="warn">This backup cannot be restored: it has not completed.</Callout>;
  }
  const props = { database, backup, wish };
  return (
    <>
      <Stepper
        label="Steps of the restore"
        steps={steps}
        current={current}
        {...(restoreId === null && {
          onStep: (id: string) => setStep(steps.find((one) => one.id === id)?.id ?? 'target'),
        })}
      />
      <Card>
        {current === 'target' && <RestoreTargetStep {...props} onChange={setWish} onNext={() => setStep('look')} />}
        {current === 'look' && (
          <RestoreLook {...props} onBack={() => setStep('target')} onNext={() => setStep('confirm')} />
        )}
        {current === 'confirm' && (
          <RestoreConfirm
            {...props}
            onBack={() => setStep('look')}
            onStarted={(id) => setSearch({ restore: id }, { replace: true })}
          />
        )}
        {restoreId !== null && <RestoreProgress db={database.id} rid={restoreId} />}
      </Card>
    </>
  );
}
