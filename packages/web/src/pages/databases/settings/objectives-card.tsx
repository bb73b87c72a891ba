import { useState } from 'react';
import { levels, type Level } from '../../../data/backups.ts';
import { useChangeDatabase, type Database } from '../../../data/databases.ts';
import {
  Button,
  Card,
  Form,
  FormActions,
  FormRow,
  lookOf,
  NumberField,
  SelectField,
  Soft,
  toast,
} from '../../../kit/index.ts';
import { fieldErrors } from '../../plan/field-errors.ts';

const hour = 3600;
const derived = 'derived';

/** How old the newest good backup may be, how far it has to be proven, and how long a restore may take. */
export function ObjectivesCard({ database }: { database: Database }): React.JSX.Element {
  const { objectives } = database;
  const [rpo, setRpo] = useState(() => hoursOf(objectives?.rpo_seconds));
  const [rto, setRto] = useState(() => hoursOf(objectives?.rto_seconds));
  const [level, setLevel] = useState<Level | typeof derived>(objectives?.level ?? derived);
  const save = useChangeDatabase(database.id);
  const errors = fieldErrors(save.error);
  const submit = (): void => {
    const given = {
      ...(rpo !== null && { rpo_seconds: Math.round(rpo * hour) }),
      ...(rto !== null && { rto_seconds: Math.round(rto * hour) }),
      ...(level !== derived && { level }),
    };
    save.mutate(
      { objectives: Object.keys(given).length > 0 ? given : null },
      { onSuccess: () => toast.good('Saved: protection is judged by this from now on.') },
    );
  };
  return (
    <Card title="Objectives">
      <Soft>What protection is judged by. What is empty follows from the schedules.</Soft>
      <Form label="Objectives" onSubmit={submit} error={save.error}>
        <FormRow>
          <NumberField
            label="A good backup not older than"
            unit="hours"
            min={0}
            placeholder="–"
            value={rpo}
            error={errors['objectives.rpo_seconds']}
            onChange={setRpo}
          />
          <SelectField
            label="Proven at least"
            value={level}
            error={errors['objectives.level']}
            onChange={setLevel}
            options={[
              { value: derived, label: 'As the schedules ask' },
              ...levels.map((value) => ({ value, label: lookOf(value).word })),
            ]}
          />
          <NumberField
            label="A restore takes at most"
            unit="hours"
            min={0}
            placeholder="–"
            value={rto}
            error={errors['objectives.rto_seconds']}
            onChange={setRto}
          />
        </FormRow>
        <FormActions>
          <Button type="submit" busy={save.isPending}>
            Save objectives
          </Button>
        </FormActions>
      </Form>
    </Card>
  );
}

const hoursOf = (seconds: number | null | undefined): number | null =>
  seconds === null || seconds === undefined ? null : Number((seconds / hour).toFixed(2));
