import cronstrue from 'cronstrue';
import { useDeferredValue } from 'react';
import { useScheduleTimes } from '../../data/schedules.ts';
import { FormRow, SelectField, Soft, Stack, TextField } from '../../kit/index.ts';
import { fieldErrors, type FieldErrors } from './field-errors.ts';
import { timeZones } from './time-zones.ts';
import { cronOf, weekdays, type Timing } from './timing.ts';

const presets = [
  { value: 'hourly', label: 'Every hour' },
  { value: 'daily', label: 'Every day' },
  { value: 'weekly', label: 'Every week' },
  { value: 'own', label: 'Own cron expression' },
] as const;

export interface TimingFieldsProps {
  value: Timing;
  onChange: (value: Timing) => void;
  errors: FieldErrors;
}

/** When, in which time zone, and what that means. */
export function TimingFields({ value, onChange, errors }: TimingFieldsProps): React.JSX.Element {
  const change = (change: Partial<Timing>): void => onChange({ ...value, ...change });
  const cron = useDeferredValue(cronOf(value));
  const next = useScheduleTimes(cron, value.timezone);
  const refused = fieldErrors(next.error);
  return (
    <Stack>
      <FormRow>
        <SelectField
          label="How often"
          value={value.preset}
          options={presets}
          onChange={(preset) => change({ preset, ...(preset === 'own' && { cron: cronOf(value) }) })}
        />
        {value.preset === 'weekly' && (
          <SelectField
            label="On"
            value={value.weekday}
            options={weekdays.map((label, index) => ({ value: String(index), label }))}
            onChange={(weekday) => change({ weekday })}
          />
        )}
        {value.preset === 'own' ? (
          <TextField
            label="Cron expression"
            name="cron"
            code
            hint="Minute, hour, day of the month, month, weekday."
            value={value.cron}
            onChange={(expression) => change({ cron: expression })}
            error={errors['cron'] ?? refused['cron']}
          />
        ) : (
          <TextField
            label={value.preset === 'hourly' ? 'At the minutes of' : 'At'}
            type="time"
            name="time"
            value={value.time}
            onChange={(time) => change({ time })}
            error={value.time === '' ? 'A time is required.' : errors['cron']}
          />
        )}
        <SelectField
          label="Time zone"
          name="timezone"
          value={value.timezone}
          options={timeZones(value.timezone).map((zone) => ({ value: zone, label: zone }))}
          onChange={(timezone) => change({ timezone })}
          error={errors['timezone'] ?? refused['timezone']}
        />
      </FormRow>
      {cron !== '' && !next.error && <NextRuns cron={cron} timezone={value.timezone} times={next.data ?? []} />}
    </Stack>
  );
}

function NextRuns({ cron, timezone, times }: { cron: string; timezone: string; times: readonly string[] }) {
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: timezone,
  });
  return (
    <div aria-live="polite">
      <p>
        {inWords(cron)} ({timezone}).
      </p>
      {times.length > 0 && (
        <Soft small>Next runs: {times.map((time) => format.format(new Date(time))).join(' · ')}</Soft>
      )}
    </div>
  );
}

/** An expression in words; as it is where there are none for it. */
export function inWords(cron: string): string {
  try {
    return cronstrue.toString(cron, { use24HourTimeFormat: true, verbose: true });
  } catch {
    return cron;
  }
}
