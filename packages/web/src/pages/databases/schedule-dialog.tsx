import { useState } from 'react';
import { useDatabases, type Database } from '../../data/databases.ts';
import { useSaveSchedule, type Schedule, type ScheduleFields } from '../../data/schedules.ts';
import {
  Button,
  Checkbox,
  Dialog,
  Form,
  FormActions,
  FormRow,
  NumberField,
  SelectField,
  Switch,
  TextField,
  toast,
} from '../../kit/index.ts';
import { fieldErrors, type FieldErrors } from '../plan/field-errors.ts';
import { KeepingFields } from '../plan/keeping-fields.tsx';
import { keepingOf, newKeeping, rulesOf } from '../plan/keeping.ts';
import { ProvingFields } from '../plan/proving-fields.tsx';
import { grantOf } from './new/kinds.ts';
import { newProving, provingOf, verificationOf } from '../plan/proving.ts';
import { browserZone } from '../plan/time-zones.ts';
import { TimingFields } from '../plan/timing-fields.tsx';
import { cronOf, newTiming, timingOf } from '../plan/timing.ts';
import { DestinationField } from './destination-field.tsx';

type Rest = Required<
  Pick<ScheduleFields, 'enabled' | 'catch_up' | 'catch_up_grace_seconds' | 'overlap' | 'jitter_seconds'>
> & { destination_id: number | null };

const usual: Rest = {
  destination_id: null,
  enabled: true,
  catch_up: 'once',
  catch_up_grace_seconds: 60,
  overlap: 'skip',
  jitter_seconds: 0,
};

export interface ScheduleDialogProps {
  database: Database;
  /** Null: a new one. */
  schedule: Schedule | null;
  onClose: () => void;
}

/** Makes a schedule or changes one. */
export function ScheduleDialog({ database, schedule, onClose }: ScheduleDialogProps): React.JSX.Element {
  const [timing, setTiming] = useState(() =>
    schedule ? timingOf(schedule.cron, schedule.timezone) : newTiming(browserZone()),
  );
  const [keeping, setKeeping] = useState(() => (schedule ? keepingOf(schedule.retention) : newKeeping()));
  const [proving, setProving] = useState(() => (schedule ? provingOf(schedule.verification) : newProving('readable')));
  const [scratch, setScratch] = useState(schedule?.verification?.scratch_database_id ?? null);
  const [rest, setRest] = useState<Rest>(schedule ?? usual);
  /** Undefined: as it is. */
  const [ping, setPing] = useState<ScheduleFields['ping']>();
  const save = useSaveSchedule(database.id, schedule?.id ?? null);
  const errors = fieldErrors(save.error);
  const change = (changes: Partial<Rest>): void => setRest((now) => ({ ...now, ...changes }));
  const submit = (): void => {
    if (save.isPending) return;
    const fields = {
      cron: cronOf(timing),
      timezone: timing.timezone,
      retention: rulesOf(keeping),
      verification: verificationOf(proving, scratch),
      ...restOf(rest),
      ...(ping !== undefined && { ping }),
    };
    save.mutate(fields, {
      onSuccess: () => {
        toast.good(schedule ? 'The schedule was changed.' : 'The schedule was added.');
        onClose();
      },
    });
  };
  const restores = proving.level === 'restorable' || proving.level === 'identical';
  return (
    <Dialog isOpen onClose={onClose} size="l" title={schedule ? 'Edit schedule' : 'Add schedule'}>
      <Form label="Schedule" onSubmit={submit} error={save.error}>
        <TimingFields value={timing} onChange={setTiming} errors={errors} />
        <KeepingFields value={keeping} onChange={setKeeping} errors={errors} />
        <ProvingFields
          value={proving}
          onChange={setProving}
          errors={errors}
          grant={
            scratch === null
              ? grantOf({ ...database, server: String(database.server_id ?? ''), user: database.user ?? '' })
              : null
          }
        />
        {restores && <Scratch database={database} value={scratch} onChange={setScratch} errors={errors} />}
        <PingFields shown={schedule?.ping?.url ?? null} value={ping} onChange={setPing} errors={errors} />
        <details>
          <summary>Destination, late runs and overlaps</summary>
          <DestinationField
            label="Destination"
            value={rest.destination_id}
            none="The database’s own"
            error={errors['destination_id']}
            onChange={(id) => change({ destination_id: id })}
          />
          <Lateness value={rest} errors={errors} onChange={change} />
        </details>
        <Switch label="On" checked={rest.enabled} onChange={(enabled) => change({ enabled })} />
        <FormActions>
          <Button type="submit" tone="primary" busy={save.isPending}>
            {schedule ? 'Save schedule' : 'Add schedule'}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </FormActions>
      </Form>
    </Dialog>
  );
}

const restOf = ({ destination_id, enabled, catch_up, catch_up_grace_seconds, overlap, jitter_seconds }: Rest) => ({
  destination_id,
  enabled,
  catch_up,
  catch_up_grace_seconds,
  overlap,
  jitter_seconds,
});

/** The address is a secret: where there is one, only its beginning is shown. */
function PingFields({
  shown,
  value,
  onChange,
  errors,
}: {
  shown: string | null;
  value: ScheduleFields['ping'];
  onChange: (ping: ScheduleFields['ping']) => void;
  errors: FieldErrors;
}): React.JSX.Element {
  return (
    <>
      <TextField
        label="Ping"
        type="url"
        optional
        code
        disabled={value === null}
        value={value?.url ?? ''}
        placeholder={shown ?? 'https://hc-ping.com/…'}
        hint="Called at the start and the end of each run, so that a service elsewhere notices when none comes. It is not shown again."
        error={errors['ping.url'] ?? errors['ping']}
        onChange={(url) => onChange(url === '' ? undefined : { url })}
      />
      {shown !== null && (
        <Checkbox
          label="Ping no more"
          checked={value === null}
          onChange={(stops) => onChange(stops ? null : undefined)}
        />
      )}
    </>
  );
}

const ownServer = '';

function Scratch({
  database,
  value,
  onChange,
  errors,
}: {
  database: Database;
  value: string | null;
  onChange: (id: string | null) => void;
  errors: FieldErrors;
}): React.JSX.Element {
  const { data: databases = [] } = useDatabases();
  const fit = databases.filter(
    ({ id, type, server_id: server }) => type === database.type && server === null && id !== database.id,
  );
  return (
    <SelectField
      label="Scratch databases on the server of"
      value={value ?? ownServer}
      error={errors['verification.scratch_database_id']}
      onChange={(id) => onChange(id === ownServer ? null : id)}
      options={[{ value: ownServer, label: database.name }, ...fit.map(({ id, name }) => ({ value: id, label: name }))]}
    />
  );
}

function Lateness({
  value,
  errors,
  onChange,
}: {
  value: Rest;
  errors: FieldErrors;
  onChange: (changes: Partial<Rest>) => void;
}): React.JSX.Element {
  return (
    <>
      <FormRow>
        <SelectField
          label="Runs that nobody was there for"
          value={value.catch_up}
          onChange={(catchUp) => onChange({ catch_up: catchUp })}
          options={[
            { value: 'once', label: 'One backup for all of them' },
            { value: 'all', label: 'One backup for each' },
            { value: 'skip', label: 'Left out' },
          ]}
        />
        <NumberField
          label="Late after"
          unit="seconds"
          min={0}
          max={86_400}
          value={value.catch_up_grace_seconds}
          error={errors['catch_up_grace_seconds']}
          onChange={(seconds) => onChange({ catch_up_grace_seconds: seconds ?? 0 })}
        />
      </FormRow>
      <FormRow>
        <SelectField
          label="While another backup of it runs"
          value={value.overlap}
          onChange={(overlap) => onChange({ overlap })}
          options={[
            { value: 'skip', label: 'Left out' },
            { value: 'queue', label: 'Waits for it' },
          ]}
        />
        <NumberField
          label="Spread over"
          unit="seconds"
          min={0}
          max={86_400}
          value={value.jitter_seconds}
          error={errors['jitter_seconds']}
          hint="So that many schedules of one hour do not begin at once."
          onChange={(seconds) => onChange({ jitter_seconds: seconds ?? 0 })}
        />
      </FormRow>
    </>
  );
}
