import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useChangeDatabase, type Database } from '../../../data/databases.ts';
import {
  Button,
  Callout,
  Card,
  Code,
  Form,
  FormActions,
  FormRow,
  NumberField,
  SelectField,
  Soft,
  Stack,
  TextField,
  toast,
} from '../../../kit/index.ts';
import { fieldErrors, type FieldErrors } from '../../plan/field-errors.ts';
import { fieldsOf, hidesSomething, newHook, sentOf, type HookFields } from './hook-form.ts';

const phases = ['before', 'after'] as const;
type Phase = (typeof phases)[number];
const most = 5;

/** What is done before and after each attempt at a backup. */
export function HooksCard({ database }: { database: Database }): React.JSX.Element {
  const [edits, setEdits] = useState(false);
  const { hooks } = database;
  return (
    <Card
      title="Hooks"
      actions={
        !edits && (
          <Button size="s" onClick={() => setEdits(true)}>
            Edit hooks
          </Button>
        )
      }
    >
      {edits ? (
        <HooksForm database={database} onClose={() => setEdits(false)} />
      ) : hooks === null ? (
        <Soft>
          None. A hook is a program or an HTTP request before or after each attempt, such as to pause writers.
        </Soft>
      ) : (
        <Stack>
          {phases.map(
            (phase) =>
              hooks[phase].length > 0 && (
                <div key={phase}>
                  <h3>{phase === 'before' ? 'Before' : 'After'}</h3>
                  <ol>
                    {hooks[phase].map((hook) => (
                      <li key={JSON.stringify(hook)}>
                        <Code>
                          {hook.type === 'command'
                            ? [hook.command, ...hook.arguments].join(' ')
                            : `${hook.method} ${hook.url}`}
                        </Code>{' '}
                        <Soft small>{hook.timeout_seconds} s at most</Soft>
                      </li>
                    ))}
                  </ol>
                </div>
              ),
          )}
        </Stack>
      )}
    </Card>
  );
}

function HooksForm({ database, onClose }: { database: Database; onClose: () => void }): React.JSX.Element {
  const { hooks } = database;
  const [fields, setFields] = useState<Record<Phase, HookFields[]>>(() => ({
    before: (hooks?.before ?? []).map(fieldsOf),
    after: (hooks?.after ?? []).map(fieldsOf),
  }));
  const save = useChangeDatabase(database.id);
  const change = (phase: Phase, list: HookFields[]): void => setFields((now) => ({ ...now, [phase]: list }));
  const submit = (): void =>
    save.mutate(
      { hooks: { before: fields.before.map(sentOf), after: fields.after.map(sentOf) } },
      {
        onSuccess: () => {
          toast.good('Saved: they run around the next attempt.');
          onClose();
        },
      },
    );
  const hides = [...(hooks?.before ?? []), ...(hooks?.after ?? [])].some(hidesSomething);
  return (
    <Form label="Hooks" onSubmit={submit} error={save.error}>
      {hides && (
        <Callout tone="warn">
          All hooks are replaced when you save. Values of headers and queries of URLs are never shown: write them again.
        </Callout>
      )}
      {phases.map((phase) => (
        <Stack key={phase}>
          <h3>{phase === 'before' ? 'Before each attempt' : 'After each attempt'}</h3>
          {fields[phase].map((hook, position) => (
            <HookRow
              key={hook.key}
              name={`hooks.${phase}.${position}`}
              hook={hook}
              errors={fieldErrors(save.error)}
              onChange={(next) => change(phase, fields[phase].with(position, next))}
              onRemove={() => change(phase, fields[phase].toSpliced(position, 1))}
            />
          ))}
          <div>
            <Button
              size="s"
              icon={Plus}
              disabled={fields[phase].length >= most}
              onClick={() => change(phase, [...fields[phase], newHook()])}
            >
              Add hook {phase}
            </Button>
          </div>
        </Stack>
      ))}
      <FormActions>
        <Button type="submit" tone="primary" busy={save.isPending}>
          Save hooks
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </FormActions>
    </Form>
  );
}

interface HookRowProps {
  /** As the API names it in what it refuses. */
  name: string;
  hook: HookFields;
  errors: FieldErrors;
  onChange: (hook: HookFields) => void;
  onRemove: () => void;
}

function HookRow({ name, hook, errors, onChange, onRemove }: HookRowProps): React.JSX.Element {
  const change = (changes: Partial<HookFields>): void => onChange({ ...hook, ...changes });
  return (
    <Stack gap="s">
      <FormRow>
        <SelectField
          label="Kind"
          value={hook.type}
          error={errors[`${name}.type`]}
          onChange={(type) => change({ type })}
          options={[
            { value: 'http', label: 'HTTP request' },
            { value: 'command', label: 'Program on the worker' },
          ]}
        />
        {hook.type === 'command' ? (
          <>
            <TextField
              label="Program"
              code
              value={hook.command}
              error={errors[`${name}.command`]}
              hint="The name of a file in the operator’s folder of hooks."
              onChange={(command) => change({ command })}
            />
            <TextField
              label="Arguments"
              code
              optional
              rows={2}
              value={hook.arguments}
              error={errors[`${name}.arguments`]}
              hint="One a line. Everybody on that machine can read them."
              onChange={(lines) => change({ arguments: lines })}
            />
          </>
        ) : (
          <>
            <SelectField
              label="Method"
              value={hook.method}
              onChange={(method) => change({ method })}
              options={(['POST', 'PUT', 'GET'] as const).map((value) => ({ value, label: value }))}
            />
            <TextField
              label="URL"
              code
              value={hook.url}
              error={errors[`${name}.url`]}
              onChange={(url) => change({ url })}
            />
            <TextField
              label="Headers"
              code
              optional
              rows={2}
              value={hook.headers}
              error={errors[`${name}.headers`]}
              hint="Name: value, one a line. Kept sealed, never shown again."
              onChange={(headers) => change({ headers })}
            />
          </>
        )}
        <NumberField
          label="At most"
          unit="seconds"
          min={0.1}
          value={hook.seconds}
          error={errors[`${name}.timeout_seconds`]}
          onChange={(seconds) => change({ seconds })}
        />
      </FormRow>
      <div>
        <Button size="s" tone="quiet" icon={Trash2} onClick={onRemove}>
          Remove this hook
        </Button>
      </div>
    </Stack>
  );
}
