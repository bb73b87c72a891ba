import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { useDestinations, type Destination } from '../../data/destinations.ts';
import { useAddDatabase } from '../../data/new-database.ts';
import { Loaded, Page, PageHeader, StepContent, Stepper, toast } from '../../kit/index.ts';
import { bodyOf, newForm } from '../destinations/form.ts';
import { fieldErrors } from '../plan/field-errors.ts';
import { newKeeping, rulesOf } from '../plan/keeping.ts';
import { newProving, verificationOf } from '../plan/proving.ts';
import { browserZone } from '../plan/time-zones.ts';
import { cronOf, newTiming } from '../plan/timing.ts';
import { ConnectionStep } from './new/connection-step.tsx';
import { isOfConnection, newConnection, registrationOf } from './new/connection.ts';
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
  return (
    <Page>
      <PageHeader title="Add database" crumbs={[{ label: 'Databases', to: '/databases' }]} />
      <Loaded query={destinations}>{(found) => <Wizard destinations={found} />}</Loaded>
    </Page>
  );
}

const newPlan = (): Plan => ({
  going: { chosen: null, form: newForm() },
  timing: newTiming(browserZone()),
  keeping: newKeeping(),
  proving: newProving(),
});

function Wizard({ destinations }: { destinations: readonly Destination[] }): React.JSX.Element {
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const [connection, setConnection] = useState(newConnection);
  const [plan, setPlan] = useState(newPlan);
  const { adding, made } = useAddDatabase();
  const errors = fieldErrors(adding.error);
  const { type } = connection;
  const step: Step = search.get('step') === 'plan' && type !== null ? 'plan' : 'connection';
  /** Steps are in the history, so that the browser's way back goes to the step before. */
  const goTo = (id: Step): void => setSearch(id === 'plan' ? { step: id } : {});

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
      await navigate(`/databases/${id}`);
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
      <StepContent step={step}>
        {step === 'connection' ? (
          <ConnectionStep
            value={connection}
            onChange={setConnection}
            refused={errors}
            onNext={() => {
              adding.reset();
              goTo('plan');
            }}
          />
        ) : (
          <PlanStep
            value={plan}
            onChange={setPlan}
            destinations={destinations}
            grant={grantOf(connection)}
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
