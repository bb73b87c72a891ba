import { useState } from 'react';
import { useChangeDatabase, type Database } from '../../../data/databases.ts';
import { Button, Card, Form, FormActions, FormRow, Soft, TextField, toast } from '../../../kit/index.ts';
import { fieldErrors } from '../../plan/field-errors.ts';

type Options = Database['options'];

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Lists by their names; those that are empty are left out, and so is a group without any. */
function group(lists: Record<string, string>): Record<string, string[]> | undefined {
  const given = Object.entries(lists).flatMap(([name, text]) => {
    const lines = linesOf(text);
    return lines.length > 0 ? [[name, lines] as const] : [];
  });
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

const textOf = (names: readonly string[] | undefined): string => (names ?? []).join('\n');

const fieldsOf = ({ include, exclude }: Options) => ({
  schemas: textOf(include?.schemas),
  tables: textOf(include?.tables),
  withoutSchemas: textOf(exclude?.schemas),
  withoutTables: textOf(exclude?.tables),
  withoutData: textOf(exclude?.table_data),
});

const labels = {
  schemas: 'Only these schemas',
  tables: 'Only these tables',
  withoutSchemas: 'Without these schemas',
  withoutTables: 'Without these tables',
  withoutData: 'Without the rows of these tables',
} as const;

/** Which schemas and tables are backed up; everything where nothing is named. */
export function PartsCard({ database }: { database: Database }): React.JSX.Element {
  const { options, policy_id: policy } = database;
  const [fields, setFields] = useState(() => fieldsOf(options));
  const save = useChangeDatabase(database.id);
  const errors = fieldErrors(save.error);
  const submit = (): void => {
    const { include: _include, exclude: _exclude, ...rest } = options;
    const include = group({ schemas: fields.schemas, tables: fields.tables });
    const exclude = group({
      schemas: fields.withoutSchemas,
      tables: fields.withoutTables,
      table_data: fields.withoutData,
    });
    const changed = { ...rest, ...(include && { include }), ...(exclude && { exclude }) };
    save.mutate({ options: changed }, { onSuccess: () => toast.good('Saved: it holds from the next backup on.') });
  };
  return (
    <Card title="What is backed up">
      <Soft>
        Everything, unless something is named here. One a line, as SQL writes it; * stands for any characters.
      </Soft>
      <Form label="What is backed up" onSubmit={submit} error={save.error}>
        <FormRow>
          {Object.entries(labels).map(([field, label]) => {
            const name = field as keyof typeof labels;
            return (
              <TextField
                key={name}
                label={label}
                code
                rows={2}
                optional
                disabled={policy !== null}
                value={fields[name]}
                error={errors['options']}
                onChange={(text) => setFields((now) => ({ ...now, [name]: text }))}
              />
            );
          })}
        </FormRow>
        <FormActions>
          <Button type="submit" disabled={policy !== null} busy={save.isPending}>
            Save
          </Button>
        </FormActions>
      </Form>
    </Card>
  );
}
