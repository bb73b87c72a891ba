import { useEffect, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { useDestinations, type Destination } from '../../data/destinations.ts';
import { forgetDraft, keepDraft, keptDraft } from '../../data/drafts.ts';
import { useAddDatabase } from '../../data/new-database.ts';
import { useSession } from '../../data/session.ts';
import { Button, Callout, Loaded, Page, PageHeader, StepContent, Stepper, toast } from '../../kit/index.ts';
import { bodyOf, newForm } from '../destinations/form.ts';
import { fieldErrors } from '../plan/field-errors.ts';
import { newKeeping, rulesOf } from '../plan/keeping.ts';
import { newProving, verificationOf } from '../plan/proving.ts';
import { browserZone } from '../plan/time-zones.ts';
import { cronOf, newTiming } from '../plan/timing.ts';
import { ConnectionStep } from './new/connection-step.tsx';
import { isOfConnection, newConnection, registrationOf } from './new/connection.ts';
import { askAgain, draftOf, isDraft } from './new/draft.ts';
import { chosenOf } from './new/going.ts';
import { grantOf } from './new/kinds.ts';
import { PlanStep, type Plan } from './new/plan-step.tsx';

const steps = [
  { id: 'connection', label: 'Database' },
  { id: 'plan', label: 'Protection' },
] as const;
type Step = (typeof steps)[number]['id'];

export default function AddDatabasePage(): React.JSX.Element {
  const destinations = useDestinations();
  const [round, setRound] = useState(0);
  return (
    <Page>
      <PageHeader title="Add database" crumbs={[{ label: 'Databases', to: '/databases' }]} />
      <Loaded query={destinations}>
        {(found) => <Wizard key={round} destinations={found} onAnew={() => setRound(round + 1)} />}
      </Loaded>
    </Page>
  );
}

const newPlan = (): Plan => ({
  going: { chosen: null, form: newForm() },
  timing: newTiming(browserZone()),
  keeping: newKeeping(),
  proving: newProving(),
});

const draftName = 'database';

interface WizardProps {
  destinations: readonly Destination[];
  /** Everything is to be empty again. */
  onAnew: () => void;
}

function Wizard({ destinations, onAnew }: WizardProps): React.JSX.Element {
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const owner = useSession().data?.token.id ?? '';
  const [draft] = useState(() => {
    const kept = keptDraft(draftName, owner);
    return isDraft(kept) ? kept : null;
  });
  const [connection, setConnection] = useState(() => draft?.connection ?? newConnection());
  const [plan, setPlan] = useState(() => draft?.plan ?? newPlan());
  const [lacking, setLacking] = useState(draft?.lacking ?? []);
  const [asked] = useState(() => askAgain(lacking));
  const { adding, made } = useAddDatabase();
  const errors = { ...asked, ...fieldErrors(adding.error) };
  const { type } = connection;
  /** Until one went on with the connection again. */
  const lacksPassword = lacking.includes('password');
  const step: Step = search.get('step') === 'plan' && type !== null && !lacksPassword ? 'plan' : 'connection';
  /** Steps are in the history, so that the browser's way back goes to the step before. */
  const goTo = (id: Step): void => setSearch(id === 'plan' ? { step: id } : {});

  useEffect(() => {
    if (type !== null) keepDraft(draftName, owner, draftOf(connection, plan, lacking));
  }, [type, owner, connection, plan, lacking]);
  const leave = async (to: string): Promise<void> => {
    forgetDraft(draftName);
    await navigate(to);
  };

  const add = async (backUp: boolean): Promise<void> => {
    if (type === null) return;
    const { going, timing, keeping, proving } = plan;
    const chosen = chosenOf(going, destinations);
    try {
      const id = await adding.mutateAsync({
        destination: chosen === '' ? bodyOf(going.form) : Number(chosen),
        database: registrationOf({ ...connection, type }),
        schedule: {
          cron: cronOf(timing),
          timezone: timing.timezone,
          retention: rulesOf(keeping),
          verification: verificationOf(proving),
        },
        backUp,
      });
      toast.good(backUp ? 'The database was added. Its first backup is on its way.' : 'The database was added.');
      await leave(`/databases/${id}`);
    } catch (error) {
      const { stage, destinationId } = made.current;
      // One that was made is there from now on, as if it had been chosen.
      if (destinationId !== undefined) setPlan({ ...plan, going: { ...going, chosen: String(destinationId) } });
      if (stage === 'database' && Object.keys(fieldErrors(error)).some(isOfConnection)) goTo('connection');
    }
  };
  return (
    <>
      <Stepper
        label="Steps"
        steps={steps}
        current={step}
        onStep={(id) => goTo(id === 'plan' ? 'plan' : 'connection')}
      />
      {draft && (
        <Callout
          title="What was typed before is here again"
          actions={
            <Button
              size="s"
              onClick={() => {
                forgetDraft(draftName);
                setSearch({});
                onAnew();
              }}
            >
              Begin anew
            </Button>
          }
        >
          This tab keeps it until the database is added or you cancel.
          {draft.lacking.length > 0 && ' Passwords and keys are not kept: they are asked for again.'}
        </Callout>
      )}
      <StepContent step={step}>
        {step === 'connection' ? (
          <ConnectionStep
            value={connection}
            onChange={setConnection}
            refused={errors}
            onCancel={() => void leave('/databases')}
            onNext={() => {
              adding.reset();
              setLacking(lacking.filter((name) => name !== 'password'));
              goTo('plan');
            }}
          />
        ) : (
          <PlanStep
            value={plan}
            onChange={setPlan}
            destinations={destinations}
            grant={grantOf(connection)}
            byAgent={connection.server !== ''}
            error={adding.error}
            errors={errors}
            busy={adding.isPending}
            onBack={() => goTo('connection')}
            onAdd={(backUp) => void add(backUp)}
          />
        )}
      </StepContent>
    </>
  );
}
