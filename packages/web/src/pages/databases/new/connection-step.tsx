import { PlugZap } from 'lucide-react';
import { useState } from 'react';
import { useTryConnection } from '../../../data/new-database.ts';
import { Button, Card, Form, FormActions } from '../../../kit/index.ts';
import { fieldErrors, type FieldErrors } from '../../plan/field-errors.ts';
import { errorsOfLook, registrationOf, type Connection } from './connection.ts';
import { ConnectionFields } from './connection-fields.tsx';
import { LookResult } from './look-result.tsx';

export interface ConnectionStepProps {
  value: Connection;
  onChange: (value: Connection) => void;
  /** What was refused when the database was added. */
  refused: FieldErrors;
  onNext: () => void;
  onCancel: () => void;
}

/** The connection, which is tried before one goes on. */
export function ConnectionStep({ value, onChange, refused, onNext, onCancel }: ConnectionStepProps): React.JSX.Element {
  const trial = useTryConnection();
  const [tried, setTried] = useState<Connection | null>(null);
  const { type } = value;
  const isRemote = value.server !== '';
  const isTried = tried === value;
  const look = isTried ? trial.data : undefined;
  const errors = { ...refused, ...(isTried && fieldErrors(trial.error)), ...errorsOfLook(look) };

  const attempt = async (): Promise<boolean> => {
    if (type === null) return false;
    setTried(value);
    return (await trial.mutateAsync(registrationOf({ ...value, type })).catch(() => null))?.ok ?? false;
  };
  const next = async (): Promise<void> => {
    if (isRemote || look?.ok || (await attempt())) onNext();
  };
  return (
    <Card title="Database">
      <Form label="Connection" error={isTried && !trial.isPending ? trial.error : null} onSubmit={() => void next()}>
        <ConnectionFields value={value} change={(change) => onChange({ ...value, ...change })} errors={errors} />
        {look && <LookResult look={look} connection={value} />}
        <FormActions>
          <Button type="submit" tone="primary" busy={trial.isPending} disabled={type === null}>
            {isRemote || look?.ok ? 'Continue' : 'Test and continue'}
          </Button>
          {type !== null && !isRemote && (
            <Button icon={PlugZap} disabled={trial.isPending} onClick={() => void attempt()}>
              Test
            </Button>
          )}
          {look && !look.ok && <Button onClick={onNext}>Continue all the same</Button>}
          <Button tone="quiet" onClick={onCancel}>
            Cancel
          </Button>
        </FormActions>
      </Form>
    </Card>
  );
}
