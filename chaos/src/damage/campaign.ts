import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { runRestore, runVerification } from '@holdfast/pipeline';
import { HoldfastError, type ContentTarget, type Verdict, type VerificationLevel } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { contentOf } from '@holdfast/testing/engines';
import { restoreRow } from '@holdfast/testing/fakes';
import { limits, type DamageBed, type Whole } from './bed.ts';
import { describeDamage, type Damage } from './damages.ts';

/** What came of one damage. */
export interface Sight {
  damage: Damage;
  /** What was wrong with how it was treated; empty when nothing was. */
  violations: string[];
  restoresTried: number;
}

const forever = new AbortController().signal;
const copy = 'damaged_copy';

/**
 * Damages one object, sees that a verification finds it and, where that is asked for, that neither a restore into a new
 * database nor one in place brings anything; then mends it.
 */
export async function tryDamage(bed: DamageBed, damage: Damage, isRestored: boolean): Promise<Sight> {
  const mend = inflict(damage);
  const violations: string[] = [];
  let restoresTried = 0;
  try {
    for (const whole of hurt(bed, damage)) {
      const { reached, damage: found } = await verify(bed, whole, 'readable');
      if (found === null || reached === 'readable') violations.push(`was not found: ${reached}`);
      if (!isRestored) continue;
      restoresTried += 2;
      violations.push(...(await intoNew(bed, whole)), ...(await inPlace(bed, whole)));
    }
  } finally {
    mend();
  }
  return { damage, violations: violations.map((what) => `${describeDamage(damage)}: ${what}`), restoresTried };
}

/** Whether a backup that nothing happened to is identical. @returns what is not so */
export async function mustBeWhole(bed: DamageBed, whole: Whole): Promise<string[]> {
  const { reached, findings } = await verify(bed, whole, 'identical');
  return reached === 'identical' ? [] : [`${whole.name} is whole, but reached ${reached}: ${JSON.stringify(findings)}`];
}

function hurt({ backups }: DamageBed, damage: Damage): Whole[] {
  const names = new Set([damage.file.backup, damage.how === 'swap' ? damage.other.backup : null]);
  return backups.filter(({ name }) => names.has(name));
}

/** @returns what mends it */
function inflict(damage: Damage): () => void {
  const { file } = damage;
  const bytes = readFileSync(file.path);
  const mend = (): void => writeFileSync(file.path, bytes);
  switch (damage.how) {
    case 'flip': {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(damage.bit >> 3) ^ (1 << (damage.bit & 7)), damage.bit >> 3);
      writeFileSync(file.path, flipped);
      return mend;
    }
    case 'cut':
      writeFileSync(file.path, bytes.subarray(0, damage.length));
      return mend;
    case 'swap': {
      const others = readFileSync(damage.other.path);
      writeFileSync(file.path, others);
      writeFileSync(damage.other.path, bytes);
      return () => {
        mend();
        writeFileSync(damage.other.path, others);
      };
    }
    case 'delete':
      rmSync(file.path);
      return mend;
  }
}

function verify({ engine, store }: DamageBed, whole: Whole, level: VerificationLevel): Promise<Verdict> {
  const { manifestKey, manifestSha256, files } = whole.outcome;
  return runVerification({
    verification: { id: systemIds.uuid(), level },
    backup: { id: whole.backup.id, manifestKey, manifestSha256 },
    files,
    engine,
    scratch: () => whole.database,
    store,
    keys: whole.keys,
    limits,
    signal: forever,
    onProgress: () => undefined,
  });
}

/** @returns what went wrong: that it succeeded, that it failed for another reason, or that it left something */
async function intoNew(bed: DamageBed, whole: Whole): Promise<string[]> {
  const wrong = await restore(bed, whole, { mode: 'new_database', database: copy });
  const left = await bed.server.query('postgres', `select datname from pg_database where datname like '${copy}%'`);
  if (left.length === 0) return wrong;
  for (const { datname } of left) await bed.server.query('postgres', `drop database "${String(datname)}" with (force)`);
  return [...wrong, 'a database was left'];
}

async function inPlace(bed: DamageBed, whole: Whole): Promise<string[]> {
  const before = await contentOf(whole.database);
  const wrong = await restore(bed, whole, { mode: 'in_place' });
  const after = await contentOf(whole.database);
  return before.join() === after.join() ? wrong : [...wrong, 'the target was changed'];
}

async function restore({ engine, store }: DamageBed, whole: Whole, target: ContentTarget): Promise<string[]> {
  const { manifestKey, manifestSha256 } = whole.outcome;
  try {
    await runRestore({
      restore: restoreRow({ id: systemIds.uuid(), backupId: whole.backup.id, target }),
      manifestKey,
      manifestSha256,
      database: whole.database,
      engine,
      store,
      keys: whole.keys,
      fileIds: null,
      compares: true,
      limits,
      signal: forever,
      onProgress: () => undefined,
    });
    return [`was restored (${target.mode}) without a word`];
  } catch (error) {
    const isTold = error instanceof HoldfastError && (error.code === 'integrity' || error.code === 'object_missing');
    return isTold ? [] : [`a restore (${target.mode}) failed for another reason: ${String(error)}`];
  }
}
