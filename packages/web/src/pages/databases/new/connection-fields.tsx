import { useState } from 'react';
import { useServers } from '../../../data/servers.ts';
import { Button, RadioGroup, SelectField, Stack, TextField } from '../../../kit/index.ts';
import { isPath, suggestedName, type ConnectionPart } from './connection.ts';
import { kinds } from './kinds.ts';
import { Privileges } from './privileges.tsx';
import { ServerFields } from './server-fields.tsx';

/** What kind of database, and how it is reached. */
export function ConnectionFields(props: ConnectionPart): React.JSX.Element {
  const { value, change, errors } = props;
  const { data: servers = [] } = useServers();
  const suggestion = suggestedName(value);
  return (
    <Stack>
      <RadioGroup
        label="Kind of database"
        name="type"
        look="cards"
        value={value.type}
        options={kinds.map(({ type, label, hint }) => ({ value: type, label, hint }))}
        error={errors['type']}
        onChange={(type) => change({ type })}
      />
      {value.type !== null && (
        <>
          {servers.length > 0 && (
            <SelectField
              label="Backed up by"
              name="server_id"
              value={value.server}
              options={[
                { value: '', label: 'Holdfast itself, over the network' },
                ...servers.map(({ id, name }) => ({ value: String(id), label: `The agent on ${name}` })),
              ]}
              onChange={(server) => change({ server })}
              error={errors['server_id']}
            />
          )}
          {value.server === '' && (isPath(value) ? <PathFields {...props} /> : <ReachedFields {...props} />)}
          <TextField
            label="Name in Holdfast"
            name="name"
            optional={suggestion !== ''}
            placeholder={suggestion}
            {...(value.server !== '' && { hint: "As in the agent's configuration file on that machine." })}
            value={value.name}
            onChange={(name) => change({ name })}
            error={errors['name']}
          />
        </>
      )}
    </Stack>
  );
}

function ReachedFields(props: ConnectionPart): React.JSX.Element {
  const [told, setTold] = useState(false);
  return (
    <>
      <ServerFields {...props} />
      {told ? (
        <Privileges connection={props.value} />
      ) : (
        <div>
          <Button tone="quiet" size="s" onClick={() => setTold(true)}>
            Which privileges does the user need?
          </Button>
        </div>
      )}
    </>
  );
}

function PathFields({ value, change, errors }: ConnectionPart): React.JSX.Element {
  return (
    <>
      <TextField
        label={value.type === 'files' ? 'Path of the directory' : 'Path of the file'}
        name="database"
        code
        placeholder={value.type === 'files' ? '/srv/uploads' : '/srv/app/app.db'}
        hint="Absolute, on the machine of the workers, below one of HOLDFAST_FILE_ROOTS."
        value={value.database}
        onChange={(database) => change({ database })}
        error={errors['database']}
      />
      {value.type === 'files' && (
        <TextField
          label="Leave out"
          name="ignore"
          code
          optional
          rows={3}
          hint="Patterns as in .gitignore, one a line."
          value={value.ignore}
          onChange={(ignore) => change({ ignore })}
          error={errors['options'] ?? errors['options.ignore']}
        />
      )}
    </>
  );
}
