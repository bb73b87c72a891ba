import type { FieldErrors } from '../../plan/field-errors.ts';
import type { Connection } from './connection.ts';
import type { Plan } from './plan-step.tsx';

/** What is kept of the wizard while it is filled in: all but what is secret. */
export interface Draft {
  /** Of another one nothing is taken: the form has changed since. */
  version: 1;
  connection: Connection;
  plan: Plan;
  /** What has to be typed again, by the names of the fields. */
  lacking: readonly string[];
}

/** @param lacking what was typed before the page was loaded, and not yet again */
export function draftOf(connection: Connection, plan: Plan, lacking: readonly string[]): Draft {
  const { form } = plan.going;
  const secrets: Record<string, string> = {
    password: connection.password,
    s3_access_key: form.accessKey,
    s3_secret_key: form.secretKey,
    deletion_access_key: form.deletionAccessKey,
    deletion_secret_key: form.deletionSecretKey,
  };
  const isSecret = (name: string): boolean => secrets[name] !== '' || lacking.includes(name);
  const empty = { accessKey: '', secretKey: '', deletionAccessKey: '', deletionSecretKey: '' };
  return {
    version: 1,
    connection: { ...connection, password: '' },
    plan: { ...plan, going: { ...plan.going, form: { ...form, ...empty } } },
    lacking: Object.keys(secrets).filter(isSecret),
  };
}

export const isDraft = (value: unknown): value is Draft =>
  typeof value === 'object' && value !== null && 'version' in value && value.version === 1;

const again = 'Secrets are not kept when the page is loaded anew: type it again.';

/** Said at the fields whose secrets have to be typed again. */
export const askAgain = (lacking: readonly string[]): FieldErrors =>
  Object.fromEntries(lacking.map((name) => [name, [again]]));
