import { useDatabases } from '../../data/databases.ts';
import { Checkbox, FormRow, Grid, NumberField, RadioGroup, SelectField, Soft, Stack, Switch } from '../../kit/index.ts';
import type { FieldErrors } from '../plan/field-errors.ts';
import { eventInWords, kindsOfEvents, type RuleEvent } from './events.ts';
import { everything, rulesInWords, toldOf, type Rules, type Told } from './rules.ts';

const told = [
  { value: 'alerts', label: 'Alerts', hint: 'What is wrong, and when it is over.' },
  { value: 'everything', label: 'Everything', hint: 'Alerts, and each backup and restore that ends.' },
  { value: 'own', label: 'Own choice', hint: 'Kind by kind.' },
] as const;

const severities = [
  { value: 'critical', label: 'Critical alone' },
  { value: 'warning', label: 'Warnings and worse' },
  { value: 'info', label: 'Everything, also what is good to know' },
] as const;

const eventsOf: Record<Told, Rules['events']> = {
  alerts: null,
  everything: [...everything],
  own: ['alert.raised', 'backup.failed', 'restore.failed'],
};

export interface RuleFieldsProps {
  value: Rules;
  onChange: (value: Rules) => void;
  errors: FieldErrors;
}

/** What a channel is told of, and how often. */
export function RuleFields({ value, onChange, errors }: RuleFieldsProps): React.JSX.Element {
  const change = (change: Partial<Rules>): void => onChange({ ...value, ...change });
  const choice = toldOf(value);
  return (
    <Stack>
      <RadioGroup
        label="Tell of"
        name="told"
        look="cards"
        value={choice}
        options={told}
        error={errors['rules.events']}
        onChange={(next) => change({ events: eventsOf[next] })}
      />
      {choice === 'own' && <Events value={value.events ?? []} onChange={(events) => change({ events })} />}
      <FormRow>
        <SelectField
          label="Least severity"
          name="least_severity"
          value={value.least_severity}
          options={severities}
          onChange={(severity) => change({ least_severity: severity })}
          error={errors['rules.least_severity']}
        />
        <NumberField
          label="Collect for"
          name="digest_minutes"
          unit="minutes"
          optional
          min={1}
          step={1}
          placeholder="at once"
          value={value.digest_minutes}
          onChange={(minutes) => change({ digest_minutes: minutes })}
          error={errors['rules.digest_minutes']}
        />
        <NumberField
          label="Tell again after"
          name="repeat_hours"
          unit="hours"
          optional
          min={1}
          step={1}
          placeholder="never"
          value={value.repeat_hours}
          onChange={(hours) => change({ repeat_hours: hours })}
          error={errors['rules.repeat_hours']}
        />
        <NumberField
          label="Messages at most"
          name="most_per_hour"
          unit="an hour"
          min={1}
          step={1}
          value={value.most_per_hour}
          onChange={(most) => change({ most_per_hour: most ?? 0 })}
          error={errors['rules.most_per_hour']}
        />
      </FormRow>
      <Databases value={value.databases} onChange={(databases) => change({ databases })} errors={errors} />
      <Soft>{rulesInWords(value)}</Soft>
    </Stack>
  );
}

/** Those of the list, and whatever else the channel has. */
function Events({ value, onChange }: { value: readonly RuleEvent[]; onChange: (value: RuleEvent[]) => void }) {
  const kinds: readonly RuleEvent[] = kindsOfEvents.map(([event]) => event);
  return (
    <Grid least="14rem">
      {[...new Set([...kinds, ...value])].map((event) => (
        <Checkbox
          key={event}
          label={eventInWords(event)}
          checked={value.includes(event)}
          onChange={(on) => onChange(on ? [...value, event] : value.filter((each) => each !== event))}
        />
      ))}
    </Grid>
  );
}

interface DatabasesProps {
  /** Null: all. */
  value: readonly string[] | null;
  onChange: (value: string[] | null) => void;
  errors: FieldErrors;
}

function Databases({ value, onChange, errors }: DatabasesProps): React.JSX.Element | null {
  const { data = [] } = useDatabases();
  if (data.length === 0 && value === null) return null;
  return (
    <Stack gap="s">
      <Switch
        label="Of all databases"
        checked={value === null}
        onChange={(all) => onChange(all ? null : data.map(({ id }) => id))}
        error={errors['rules.databases']}
      />
      {value !== null && (
        <Grid least="14rem">
          {data.map(({ id, name }) => (
            <Checkbox
              key={id}
              label={name}
              checked={value.includes(id)}
              onChange={(on) => onChange(on ? [...value, id] : value.filter((each) => each !== id))}
            />
          ))}
        </Grid>
      )}
    </Stack>
  );
}
