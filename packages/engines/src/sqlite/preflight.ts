import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  HoldfastError,
  type Connection,
  type PreflightFinding,
  type RestoreRequest,
  type RestoreSubject,
} from '@holdfast/shared/domain';
import { refusePart } from '../paths/checks.ts';
import { exists } from '../paths/places.ts';
import type { FileRoots } from '../paths/roots.ts';
import { spaceFindings } from '../paths/space.ts';

/** Looks whether a restore could succeed, the worst first, and changes nothing. */
export async function preflight(
  roots: FileRoots,
  connection: Connection,
  request: RestoreRequest,
  { plainBytes }: RestoreSubject,
): Promise<PreflightFinding[]> {
  try {
    refusePart(request);
    const target = await roots.targetOf(connection, request.target);
    const isThere = await exists(target);
    const findings: PreflightFinding[] = [];
    const blocker = (code: string, message: string): unknown => findings.push({ severity: 'blocker', code, message });
    if (isThere && request.target.mode === 'new_database') {
      blocker('target', `${target} exists: choose another path, or remove it.`);
    }
    for (const path of [dirname(target), ...(isThere ? [target] : [])]) {
      await access(path, constants.W_OK).catch(() =>
        blocker('privilege', `${path} may not be written to by the worker.`),
      );
    }
    if (isThere && request.target.mode === 'in_place') {
      findings.push({
        severity: 'warning',
        code: 'connections',
        message: `SQLite does not tell who has ${target} open: programs that do find the restored content with their next transaction, and must end those that are open by then.`,
      });
    }
    return [...findings, ...(await spaceFindings(dirname(target), plainBytes))];
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return [{ severity: 'blocker', code: 'target', message: error.message }];
  }
}
