import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  HoldfastError,
  type Connection,
  type PreflightFinding,
  type RestoreRequest,
  type RestoreSubject,
} from '@holdfast/shared/domain';
import { spaceFindings } from '../paths/space.ts';
import { refusePart } from '../paths/checks.ts';
import { exists } from '../paths/places.ts';
import type { FileRoots } from '../paths/roots.ts';

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
    return [
      ...(await obstacles(target, isThere, request)),
      ...(isThere ? [inUse(target)] : []),
      ...(await spaceFindings(dirname(target), plainBytes)),
    ];
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return [{ severity: 'blocker', code: 'target', message: error.message }];
  }
}

async function obstacles(
  target: string,
  isThere: boolean,
  { target: { mode } }: RestoreRequest,
): Promise<PreflightFinding[]> {
  const blocker = (code: string, message: string): PreflightFinding[] => [{ severity: 'blocker', code, message }];
  if (isThere && mode === 'new_database')
    return blocker('target', `${target} exists: choose another path, or remove it.`);
  const parent = await stat(dirname(target)).catch(() => null);
  if (!parent?.isDirectory()) return blocker('target', `There is no directory ${dirname(target)}: make it first.`);
  if (isThere && (await stat(target)).dev !== parent.dev) {
    return blocker('target', `${target} is a mount point, which cannot be swapped: restore to a new path in it.`);
  }
  const writable = await access(dirname(target), constants.W_OK).then(
    () => true,
    () => false,
  );
  if (writable) return [];
  return blocker('privilege', `${dirname(target)} may not be written to, and what is restored is built in it.`);
}

const inUse = (target: string): PreflightFinding => ({
  severity: 'warning',
  code: 'connections',
  message: `Programs that have ${target} open go on seeing its former content: restart them after the restore.`,
});
