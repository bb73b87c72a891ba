import { PlugZap } from 'lucide-react';
import { useState } from 'react';
import { useChangeDatabase, useTestDatabase, type Database, type DatabaseChange } from '../../../data/databases.ts';
import {
  Button,
  Card,
  Checkbox,
  ErrorNotice,
  Form,
  FormActions,
  FormRow,
  NumberField,
  Soft,
  TextField,
  toast,
} from '../../../kit/index.ts';
import { fieldErrors } from '../../plan/field-errors.ts';
import { TlsFields } from '../new/tls-fields.tsx';
import { DestinationField } from '../destination-field.tsx';
import { TestResult } from './test-result.tsx';

type Options = Database['options'];

/** Options with another way of encrypting the connection; no certificates: the system's. */
function withTls(
  options: Options,
  { tls, certificates }: { tls?: Options['sslmode']; certificates?: string },
): Options {
  const { ca, ...rest } = options;
  const trusted = certificates ?? ca ?? '';
  return { ...rest, ...(tls !== undefined && { sslmode: tls }), ...(trusted !== '' && { ca: trusted }) };
}

/** How the database is reached and where its backups lie. What is not changed is not sent; the password is never shown. */
export function ConnectionCard({ database }: { database: Database }): React.JSX.Element {
  const { options, policy_id: policy } = database;
  const [fields, setFields] = useState<DatabaseChange>({});
  const save = useChangeDatabase(database.id);
  const test = useTestDatabase(database.id);
  const errors = fieldErrors(save.error);
  const value = { ...database, ...fields };
  const change = (changes: DatabaseChange): void => setFields((now) => ({ ...now, ...changes }));
  const isChanged = Object.keys(fields).length > 0;
  const isPath = database.type === 'sqlite' || database.type === 'files';
  const isRemote = database.server_id !== null;
  const submit = (): void =>
    save.mutate(fields, {
      onSuccess: () => {
        setFields({});
        toast.good('Saved. Test the connection to see that it works.');
      },
    });
  return (
    <Card
      title="Connection"
      actions={
        <Button size="s" icon={PlugZap} busy={test.isPending} disabled={isChanged} onClick={() => test.mutate()}>
          Test connection
        </Button>
      }
    >
      {isChanged && <Soft small>What is stored is tested: save or discard the changes first.</Soft>}
      {test.error && <ErrorNotice error={test.error} />}
      {test.data && !isChanged && <TestResult test={test.data} />}
      <Form label="Connection" onSubmit={submit} error={save.error}>
        <FormRow>
          <TextField
            label="Name in Holdfast"
            value={value.name}
            error={errors['name']}
            onChange={(name) => change({ name })}
          />
          <TextField
            label={isPath && !isRemote ? 'Path' : 'Database on the server'}
            code
            disabled={policy !== null}
            value={value.database}
            error={errors['database']}
            onChange={(name) => change({ database: name })}
          />
        </FormRow>
        {!isPath && !isRemote && (
          <>
            <FormRow>
              <TextField
                label="Host"
                code
                disabled={policy !== null}
                value={value.host ?? ''}
                error={errors['host']}
                onChange={(host) => change({ host })}
              />
              <NumberField
                label="Port"
                min={1}
                max={65_535}
                disabled={policy !== null}
                value={value.port}
                error={errors['port']}
                onChange={(port) => port !== null && change({ port })}
              />
            </FormRow>
            <FormRow>
              <TextField
                label="User"
                code
                disabled={policy !== null}
                value={value.user ?? ''}
                error={errors['user']}
                onChange={(user) => change({ user })}
              />
              <TextField
                label="Password"
                type="password"
                autoComplete="new-password"
                disabled={policy !== null}
                value={fields.password ?? ''}
                error={errors['password']}
                placeholder="unchanged"
                hint="Stored sealed and never shown. It has to be given again when host or port change."
                onChange={(password) => change({ password })}
              />
            </FormRow>
            {policy === null && (
              <TlsFields
                value={{ tls: value.options.sslmode ?? 'prefer', certificates: value.options.ca ?? '' }}
                errors={errors}
                change={(tls) => change({ options: withTls({ ...options, ...fields.options }, tls) })}
              />
            )}
            {database.type === 'postgresql' && policy === null && (
              <Checkbox
                label="Also the server’s roles and tablespaces"
                hint="As a second file of each backup."
                checked={value.options.globals ?? false}
                error={errors['options']}
                onChange={(globals) => change({ options: { ...options, ...fields.options, globals } })}
              />
            )}
          </>
        )}
        <DestinationField
          label="Destination"
          disabled={policy !== null}
          value={value.destination_id}
          error={errors['destination_id']}
          onChange={(id) => id !== null && change({ destination_id: id })}
        />
        <FormActions>
          <Button type="submit" tone="primary" disabled={!isChanged} busy={save.isPending}>
            Save connection
          </Button>
          {isChanged && <Button onClick={() => setFields({})}>Discard changes</Button>}
        </FormActions>
      </Form>
    </Card>
  );
}
