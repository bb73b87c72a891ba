import type { Holdfast } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';

/** The fields of a verification that tests look at. */
export interface VerificationView {
  id: string;
  backup_id: string;
  cause: string;
  level: string;
  reached: string | null;
  status: 'scheduled' | 'pending' | 'done' | 'error';
  attempt: number;
  findings: { code: string; message: string }[];
  error: { code: string; message: string } | null;
}

export interface ProvenView {
  level: string | null;
  verified_at: string | null;
  damage: { state: string; detail: string } | null;
}

/** Asks for a verification, when no other one of the backup is under way. @returns its id */
export async function verify(
  { client }: Holdfast,
  databaseId: string,
  backupId: string,
  verification?: { level?: string; scratch_database_id?: string },
): Promise<string> {
  const path = `/api/databases/${databaseId}/backups/${backupId}/verifications`;
  return await until(`a verification of ${backupId}`, 20, async () => {
    const { status, body } = await client.request<{ verification: VerificationView }>('POST', path, {
      ...(verification && { verification }),
    });
    if (status !== 201 && status !== 409) throw new Error(`POST ${path} answered ${status}: ${JSON.stringify(body)}`);
    return status === 201 ? body.verification.id : null;
  });
}

/** Polls a verification until it is final. */
export async function untilVerified({ client }: Holdfast, id: string, seconds = 40): Promise<VerificationView> {
  return await until(`verification ${id} to end`, seconds, async () => {
    const path = `/api/verifications/${id}`;
    const { verification } = await client.expect<{ verification: VerificationView }>(200, 'GET', path);
    return verification.status === 'done' || verification.status === 'error' ? verification : null;
  });
}

/** What a backup shows of what was proven of it. */
export async function provenOf({ client }: Holdfast, backupId: string): Promise<ProvenView> {
  const path = `/api/backups/${backupId}`;
  const { database_backup } = await client.expect<{ database_backup: { verification: ProvenView } }>(200, 'GET', path);
  return database_backup.verification;
}
