import { Checkbox, FormRow, RadioGroup, Stack, TextField } from '../../kit/index.ts';
import type { FieldErrors } from '../plan/field-errors.ts';
import { kept, type DestinationForm, type DestinationPart } from './form.ts';
import { GuardFields } from './guard-fields.tsx';

const types = [
  { value: 's3', label: 'Amazon S3', hint: 'A bucket of AWS.' },
  { value: 'custom_s3', label: 'S3-compatible', hint: 'MinIO, Ceph, Backblaze, Cloudflare, Hetzner …' },
  { value: 'local', label: 'Folder', hint: "On the service's own machine: not off-site." },
] as const;

export interface DestinationFieldsProps {
  value: DestinationForm;
  onChange: (value: DestinationForm) => void;
  errors: FieldErrors;
  /** One that is there keeps what is left empty of what is never shown. */
  isNew: boolean;
}

export function DestinationFields({ value, onChange, errors, isNew }: DestinationFieldsProps): React.JSX.Element {
  const change = (change: Partial<DestinationForm>): void => onChange({ ...value, ...change });
  return (
    <Stack>
      {isNew && (
        <RadioGroup
          label="Kind of destination"
          name="type"
          look="cards"
          value={value.type}
          options={types}
          error={errors['type']}
          onChange={(type) => change({ type })}
        />
      )}
      <TextField
        label="Label"
        name="label"
        placeholder={value.type === 'local' ? 'This machine' : 'Frankfurt'}
        value={value.label}
        onChange={(label) => change({ label })}
        error={errors['label']}
      />
      {value.type === 'local' ? (
        <TextField
          label="Folder"
          name="path"
          code
          optional
          hint={`Below the operator's root, such as backups/production. ${isNew ? 'Empty: the root itself.' : kept}`}
          value={value.path}
          onChange={(path) => change({ path })}
          error={errors['path']}
        />
      ) : (
        <BucketFields value={value} change={change} errors={errors} isNew={isNew} />
      )}
    </Stack>
  );
}

function BucketFields({ value, change, errors, isNew }: DestinationPart): React.JSX.Element {
  return (
    <>
      <FormRow>
        {value.type === 'custom_s3' && (
          <TextField
            label="Endpoint"
            name="s3_endpoint"
            type="url"
            code
            placeholder="https://s3.example.org"
            value={value.endpoint}
            onChange={(endpoint) => change({ endpoint })}
            error={errors['s3_endpoint'] ?? errors['custom_s3_endpoint']}
          />
        )}
        <TextField
          label="Bucket"
          name="s3_bucket_name"
          code
          placeholder="my-backups"
          value={value.bucket}
          onChange={(bucket) => change({ bucket })}
          error={errors['s3_bucket_name']}
        />
        <TextField
          label="Region"
          name="s3_region"
          code
          optional={value.type === 'custom_s3'}
          {...(isNew || value.type === 's3' ? { placeholder: 'eu-central-1' } : { hint: kept })}
          value={value.region}
          onChange={(region) => change({ region })}
          error={errors['s3_region'] ?? errors['custom_s3_region']}
        />
      </FormRow>
      <FormRow>
        <TextField
          label="Access key"
          name="s3_access_key"
          code
          {...(!isNew && { hint: kept })}
          value={value.accessKey}
          onChange={(accessKey) => change({ accessKey })}
          error={errors['s3_access_key']}
        />
        <TextField
          label="Secret key"
          name="s3_secret_key"
          type="password"
          code
          autoComplete="new-password"
          hint={isNew ? 'Sealed when it arrives, and never shown again.' : kept}
          value={value.secretKey}
          onChange={(secretKey) => change({ secretKey })}
          error={errors['s3_secret_key']}
        />
      </FormRow>
      <Checkbox
        label="Path-style addresses"
        name="path_style_endpoint"
        hint="https://host/bucket instead of https://bucket.host: what most servers of one's own need."
        checked={value.pathStyle}
        onChange={(pathStyle) => change({ pathStyle })}
        error={errors['path_style_endpoint']}
      />
      <GuardFields value={value} change={change} errors={errors} isNew={isNew} />
    </>
  );
}
