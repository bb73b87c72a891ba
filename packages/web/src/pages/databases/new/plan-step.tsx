import type { Destination } from '../../../data/destinations.ts';
import { Button, Card, Form, FormActions, Stack } from '../../../kit/index.ts';
import type { FieldErrors } from '../../plan/field-errors.ts';
import { KeepingFields } from '../../plan/keeping-fields.tsx';
import type { Keeping } from '../../plan/keeping.ts';
import { ProvingFields } from '../../plan/proving-fields.tsx';
import type { Proving } from '../../plan/proving.ts';
import { TimingFields } from '../../plan/timing-fields.tsx';
import type { Timing } from '../../plan/timing.ts';
import { DestinationChoice } from './destination-choice.tsx';
import type { Going } from './going.ts';
import { NotificationHint } from './notification-hint.tsx';

/** What is done with the database: where its backups go, when they are made, and what becomes of them. */
export interface Plan {
  going: Going;
  timing: Timing;
  keeping: Keeping;
  proving: Proving;
}

export interface PlanStepProps {
  value: Plan;
  onChange: (value: Plan) => void;
  destinations: readonly Destination[];
  /** What lets the user restore into a scratch database; null: nothing more. */
  grant: string | null;
  /** A remote server makes the backups. */
  byAgent: boolean;
  error: unknown;
  errors: FieldErrors;
  busy: boolean;
  onBack: () => void;
  onAdd: (backUp: boolean) => void;
}

export function PlanStep(props: PlanStepProps): React.JSX.Element {
  const { value, destinations, errors, error, busy, grant, byAgent, onBack, onAdd } = props;
  const change = (change: Partial<Plan>): void => props.onChange({ ...value, ...change });
  return (
    <Form label="Protection" error={error} onSubmit={() => onAdd(true)}>
      <Card title="Where backups go">
        <DestinationChoice
          value={value.going}
          onChange={(going) => change({ going })}
          destinations={destinations}
          errors={errors}
          byAgent={byAgent}
        />
      </Card>
      <Card title="When they are made">
        <TimingFields value={value.timing} onChange={(timing) => change({ timing })} errors={errors} />
      </Card>
      <Card title="What becomes of them">
        <Stack gap="l">
          <KeepingFields value={value.keeping} onChange={(keeping) => change({ keeping })} errors={errors} />
          <ProvingFields
            value={value.proving}
            onChange={(proving) => change({ proving })}
            errors={errors}
            grant={grant}
          />
        </Stack>
      </Card>
      <NotificationHint />
      <FormActions>
        <Button type="submit" tone="primary" busy={busy}>
          Add and back up now
        </Button>
        <Button disabled={busy} onClick={() => onAdd(false)}>
          Add
        </Button>
        <Button tone="quiet" disabled={busy} onClick={onBack}>
          Back
        </Button>
      </FormActions>
    </Form>
  );
}
