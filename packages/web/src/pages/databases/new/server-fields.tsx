import { Checkbox, FormRow, NumberField, TextField } from '../../../kit/index.ts';
import type { ConnectionPart } from './connection.ts';
import { kindOf } from './kinds.ts';
import { TlsFields } from './tls-fields.tsx';

export interface ServerFieldsProps extends ConnectionPart {
  /** Of all databases of the server: the one to connect to is of no weight then. */
  isWhole?: boolean;
  /** Said of the password: what becomes of it, or what leaving it empty means. */
  passwordHint?: string;
}

/** How the server of a database is reached. */
export function ServerFields({
  isWhole = false,
  passwordHint = 'Sealed when it is registered, and never shown again.',
  ...props
}: ServerFieldsProps): React.JSX.Element {
  const { value, change, errors } = props;
  const isRedis = value.type === 'redis';
  const usualPort = value.type === null ? null : kindOf(value.type)?.port;
  return (
    <>
      <FormRow>
        <TextField
          label="Host"
          name="host"
          code
          placeholder="db.example.org"
          value={value.host}
          onChange={(host) => change({ host })}
          error={errors['host']}
        />
        <NumberField
          label="Port"
          name="port"
          min={1}
          max={65_535}
          step={1}
          placeholder={String(usualPort ?? '')}
          value={value.port}
          onChange={(port) => change({ port })}
          error={errors['port']}
        />
      </FormRow>
      <FormRow>
        <TextField
          label="User"
          name="user"
          code
          optional={isRedis || value.type === 'mongodb'}
          value={value.user}
          onChange={(user) => change({ user })}
          error={errors['user']}
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          code
          autoComplete="new-password"
          hint={passwordHint}
          value={value.password}
          onChange={(password) => change({ password })}
          error={errors['password']}
        />
      </FormRow>
      <FormRow>
        <TextField
          label={isWhole ? 'Database to connect to' : isRedis ? 'Logical database' : 'Database on the server'}
          name="database"
          code
          {...(!isWhole && { placeholder: isRedis ? '0' : 'shop' })}
          optional={isWhole || isRedis}
          value={value.database}
          onChange={(database) => change({ database })}
          error={errors['database']}
        />
        {value.type === 'mongodb' && (
          <TextField
            label="Database of the user"
            name="auth_source"
            code
            optional
            placeholder="admin"
            value={value.authSource}
            onChange={(authSource) => change({ authSource })}
            error={errors['options.auth_source']}
          />
        )}
      </FormRow>
      <TlsFields {...props} />
      {value.type === 'postgresql' && (
        <Checkbox
          label={`Also the roles and tablespaces of the server${isWhole ? ', once in each run' : ''}`}
          name="globals"
          checked={value.globals}
          onChange={(globals) => change({ globals })}
          error={errors['globals'] ?? errors['options.globals']}
        />
      )}
    </>
  );
}
