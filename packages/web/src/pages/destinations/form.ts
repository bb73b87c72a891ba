import type { Destination, NewDestination } from '../../data/destinations.ts';
import type { FieldErrors } from '../plan/field-errors.ts';

type DestinationType = Destination['type'];
type LockMode = 'none' | 'governance' | 'compliance';

/** A destination as its form holds it. Secrets are never filled in: they are not shown again. */
export interface DestinationForm {
  label: string;
  type: DestinationType;
  accessKey: string;
  secretKey: string;
  bucket: string;
  region: string;
  endpoint: string;
  pathStyle: boolean;
  prefix: string;
  maxParts: number | null;
  path: string;
  deletionAccessKey: string;
  deletionSecretKey: string;
  lockMode: LockMode;
  lockDays: number | null;
}

/** What is said of a field that is never shown again. */
export const kept = 'Leave empty to keep the present one.';

/** What a part of the form is given. */
export interface DestinationPart {
  value: DestinationForm;
  change: (change: Partial<DestinationForm>) => void;
  errors: FieldErrors;
  isNew: boolean;
}

export const newForm = (): DestinationForm => ({
  label: '',
  type: 's3',
  accessKey: '',
  secretKey: '',
  bucket: '',
  region: '',
  endpoint: '',
  pathStyle: false,
  prefix: '',
  maxParts: null,
  path: '',
  deletionAccessKey: '',
  deletionSecretKey: '',
  lockMode: 'none',
  lockDays: 30,
});

export function formOf(destination: Destination): DestinationForm {
  const form = { ...newForm(), label: destination.label, type: destination.type };
  if (destination.type === 'local') return form;
  const { object_lock: lock } = destination;
  return {
    ...form,
    bucket: destination.s3_bucket_name,
    pathStyle: destination.path_style_endpoint,
    prefix: destination.s3_prefix,
    maxParts: destination.s3_max_parts,
    ...(destination.type === 's3' ? { region: destination.s3_region } : { endpoint: destination.s3_endpoint }),
    ...(lock && { lockMode: lock.mode, lockDays: lock.days }),
  };
}

/** What was written alone: a destination that is changed keeps the rest. */
const written = (fields: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));

export function bodyOf(form: DestinationForm): NewDestination {
  const base = { label: form.label, type: form.type };
  if (form.type === 'local') return { ...base, ...written({ path: form.path }) };
  return {
    ...base,
    s3_bucket_name: form.bucket,
    path_style_endpoint: form.pathStyle,
    ...(form.type === 's3' ? { s3_region: form.region } : { s3_endpoint: form.endpoint }),
    ...written({
      s3_access_key: form.accessKey,
      s3_secret_key: form.secretKey,
      deletion_access_key: form.deletionAccessKey,
      deletion_secret_key: form.deletionSecretKey,
      ...(form.type === 'custom_s3' && { custom_s3_region: form.region }),
    }),
    s3_prefix: form.prefix,
    s3_max_parts: form.maxParts,
    object_lock: form.lockMode === 'none' ? null : { mode: form.lockMode, days: form.lockDays ?? 0 },
  };
}
