import { FormRow, NumberField, SelectField, TextField } from '../../kit/index.ts';
import type { ChannelFieldsProps } from './channel-fields.tsx';

const protections = [
  { value: 'starttls', label: 'STARTTLS' },
  { value: 'tls', label: 'TLS' },
  { value: 'none', label: 'None: in plain text' },
] as const;

const ports = { starttls: '587', tls: '465', none: '25' };

export function MailFields({ value, change, errors, isNew }: ChannelFieldsProps): React.JSX.Element {
  return (
    <>
      <FormRow>
        <TextField
          label="Mail server"
          name="host"
          code
          placeholder="smtp.example.com"
          value={value.host}
          onChange={(host) => change({ host })}
          error={errors['email.host'] ?? errors['email']}
        />
        <SelectField
          label="Encryption"
          name="encryption"
          value={value.protection}
          options={protections}
          onChange={(protection) => change({ protection })}
          error={errors['email.encryption']}
        />
        <NumberField
          label="Port"
          name="port"
          min={1}
          max={65_535}
          step={1}
          placeholder={ports[value.protection]}
          value={value.port}
          onChange={(port) => change({ port })}
          error={errors['email.port']}
        />
      </FormRow>
      <FormRow>
        <TextField
          label="User"
          name="user"
          code
          optional
          value={value.user}
          onChange={(user) => change({ user })}
          error={errors['email.user']}
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          code
          optional
          autoComplete="new-password"
          hint={isNew ? 'Sealed when it arrives, and never shown again.' : 'Leave empty to keep the present one.'}
          value={value.password}
          onChange={(password) => change({ password })}
          error={errors['email.password']}
        />
      </FormRow>
      <FormRow>
        <TextField
          label="From"
          name="from"
          type="email"
          placeholder="holdfast@example.com"
          value={value.from}
          onChange={(from) => change({ from })}
          error={errors['email.from']}
        />
        <TextField
          label="To"
          name="to"
          rows={2}
          placeholder="ops@example.com"
          hint="An address a line."
          value={value.to}
          onChange={(to) => change({ to })}
          error={Object.entries(errors).flatMap(([field, said]) => (field.startsWith('email.to') ? (said ?? []) : []))}
        />
      </FormRow>
      {value.protection !== 'none' && (
        <TextField
          label="Certificates to trust"
          name="ca_certificate"
          code
          optional
          rows={3}
          placeholder="-----BEGIN CERTIFICATE-----"
          hint="In PEM form; the system's when empty."
          value={value.certificates}
          onChange={(certificates) => change({ certificates })}
          error={errors['email.ca_certificate']}
        />
      )}
    </>
  );
}
