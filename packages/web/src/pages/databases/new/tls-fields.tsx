import { SelectField, TextField } from '../../../kit/index.ts';
import type { FieldErrors } from '../../plan/field-errors.ts';
import type { TlsMode } from './connection.ts';

const modes: readonly { value: TlsMode; label: string }[] = [
  { value: 'verify-full', label: 'verify-full: encrypted, certificate and host name checked' },
  { value: 'verify-ca', label: 'verify-ca: encrypted, certificate checked' },
  { value: 'require', label: 'require: encrypted, certificate not checked' },
  { value: 'prefer', label: 'prefer: encrypted if the server can' },
  { value: 'disable', label: 'disable: in plain text' },
];

export interface TlsFieldsProps {
  value: { tls: TlsMode; certificates: string };
  change: (change: { tls?: TlsMode; certificates?: string }) => void;
  errors: FieldErrors;
}

/** How the connection is encrypted. What is asked for is done or the work fails. */
export function TlsFields({ value, change, errors }: TlsFieldsProps): React.JSX.Element {
  return (
    <>
      <SelectField
        label="TLS"
        name="sslmode"
        hint="What is asked for is done, or the work fails: it is never lowered."
        value={value.tls}
        options={modes}
        onChange={(tls) => change({ tls })}
        error={errors['options.sslmode'] ?? errors['options']}
      />
      {value.tls.startsWith('verify') && (
        <TextField
          label="Certificates to trust"
          name="ca"
          code
          optional
          rows={4}
          placeholder="-----BEGIN CERTIFICATE-----"
          hint="In PEM form; the system's when empty."
          value={value.certificates}
          onChange={(certificates) => change({ certificates })}
          error={errors['options.ca']}
        />
      )}
    </>
  );
}
