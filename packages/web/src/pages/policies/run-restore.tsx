import { useState } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useDatabases, type Database } from '../../data/databases.ts';
import { usePolicy, usePolicyRun, type Policy, type PolicyRun, type RunBackup } from '../../data/policies.ts';
import { Callout, Card, formatTime, Loaded, Page, PageHeader, StepContent, Stepper } from '../../kit/index.ts';
import { RunConfirm } from './run-confirm.tsx';
import { RunLookStep } from './run-look.tsx';
import { RunRestores } from './run-restores.tsx';
import { RunTarget } from './run-target.tsx';
import { newRunWish, partsOf, runRestoreOf, sourcesOf } from './run-wish.ts';

const steps = [
  { id: 'target', label: 'Target' },
  { id: 'look', label: 'Look first' },
  { id: 'confirm', label: 'Confirm' },
  { id: 'progress', label: 'Restore' },
] as const;
type StepId = (typeof steps)[number]['id'];

/** Restores the databases of a run together. */
export default function RunRestorePage(): React.JSX.Element {
  const { id = '', run: runId = '' } = useParams();
  const policy = usePolicy(id);
  const run = usePolicyRun(id, runId);
  const databases = useDatabases();
  const name = policy.data?.server_policy.name;
  const at = run.data?.policy_run.scheduled_for ?? run.data?.policy_run.created_at;
  return (
    <Page>
      <PageHeader
        title="Restore together"
        crumbs={[
          { label: 'Server policies', to: '/policies' },
          ...(name === undefined ? [] : [{ label: name, to: `/policies/${id}?tab=runs` }]),
        ]}
        {...(at !== undefined && {
          lead: `The run of ${formatTime(new Date(at))}. Each database is as of its own backup, not all as of one moment.`,
        })}
      />
      <Loaded query={policy}>
        {({ server_policy: of }) => (
          <Loaded query={run}>
            {({ policy_run: found, database_backups: backups }) => (
              <Loaded query={databases}>
                {(all) => <Wizard policy={of} run={found} backups={backups} databases={all} />}
              </Loaded>
            )}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}

interface WizardProps {
  policy: Policy;
  run: PolicyRun;
  backups: readonly RunBackup[];
  databases: readonly Database[];
}

/** Which restores it became is in the address, so that they are found again. */
function Wizard({ policy, run, backups, databases }: WizardProps): React.JSX.Element {
  const [search, setSearch] = useSearchParams();
  const [step, setStep] = useState<StepId>('target');
  const [wish, setWish] = useState(() => newRunWish(run));
  const group = search.get('group');
  const current = group === null ? step : 'progress';
  const sources = sourcesOf(run, backups, databases, wish.allowDamaged);
  const parts = partsOf(wish, sources);
  const hasDamaged = backups.some(({ status, verification }) => status === 'done' && verification.damage);
  if (group === null && sources.every(({ lacks }) => lacks !== null) && !hasDamaged) {
    return <Callout tone="warn">This run has no good backup that could be restored.</Callout>;
  }
  return (
    <>
      <Stepper
        label="Steps of the restores"
        steps={steps}
        current={current}
        {...(group === null && {
          onStep: (id: string) => setStep(steps.find((one) => one.id === id)?.id ?? 'target'),
        })}
      />
      <StepContent step={current}>
        {group !== null ? (
          <RunRestores policy={policy.id} run={run.id} group={group} />
        ) : (
          <Card title={steps.find(({ id }) => id === step)?.label ?? ''}>
            {step === 'target' && (
              <RunTarget
                policy={policy}
                sources={sources}
                hasDamaged={hasDamaged}
                wish={wish}
                onChange={setWish}
                onNext={() => setStep('look')}
              />
            )}
            {step === 'look' && (
              <RunLookStep
                run={run.id}
                parts={parts}
                onBack={() => setStep('target')}
                onNext={() => setStep('confirm')}
              />
            )}
            {step === 'confirm' && (
              <RunConfirm
                policy={policy}
                run={run.id}
                wish={wish}
                body={runRestoreOf(wish, sources)}
                parts={parts}
                onBack={() => setStep('look')}
                onStarted={(id) => setSearch({ group: id }, { replace: true })}
              />
            )}
          </Card>
        )}
      </StepContent>
    </>
  );
}
