import { accessSync, constants, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { tlsModes } from '@holdfast/shared/domain';
import { z } from 'zod';
import { ignoreRules } from './sources/directory/ignore.ts';

const absolutePath = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path');

const postgresql = z.strictObject({
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(5432),
  user: z.string().min(1),
  passwordFile: absolutePath.optional(),
  database: z.string().min(1),
  sslmode: z.enum(tlsModes).optional(),
  caFile: absolutePath.optional(),
});
export type PostgresqlSettings = z.output<typeof postgresql>;

const directory = z.strictObject({
  path: absolutePath.transform((path) => resolve(path)).refine((path) => path !== '/', 'must not be the root folder'),
  ignore: z.array(z.string().refine((pattern) => ignoreRules([pattern]).length === 1, 'must be a pattern')).default([]),
});
export type DirectorySettings = z.output<typeof directory>;

const source = z
  .strictObject({ postgresql: postgresql.optional(), directory: directory.optional() })
  .refine((entry) => Object.keys(entry).length === 1, 'must have either "postgresql" or "directory"');

const shape = z.strictObject({ sources: z.record(z.string().min(1), source) });
export type AgentConfig = z.output<typeof shape>;

/**
 * Reads the file that says what this machine may be asked to back up, and where that is.
 * @param spool must not be inside a directory that is backed up
 * @returns every problem at once, each with its place in the file
 */
export function readConfig(path: string, spool: string): { config: AgentConfig } | { problems: string[] } {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return { problems: [`${path} cannot be read: ${(error as Error).message}`] };
  }
  const parsed = shape.safeParse(given);
  if (!parsed.success) {
    return { problems: parsed.error.issues.map((issue) => `${path}: ${issue.path.join('.')} ${issue.message}`) };
  }
  const problems = Object.entries(parsed.data.sources).flatMap(([name, entry]) =>
    [
      ...(entry.postgresql ? unreadable(entry.postgresql) : []),
      ...(entry.directory ? holding(entry.directory, spool) : []),
    ].map((line) => `${path}: sources.${name}.${line}`),
  );
  return problems.length === 0 ? { config: parsed.data } : { problems };
}

function unreadable({ passwordFile, caFile }: PostgresqlSettings): string[] {
  return Object.entries({ passwordFile, caFile }).flatMap(([field, file]) => {
    if (file === undefined) return [];
    try {
      accessSync(file, constants.R_OK);
      return [];
    } catch (error) {
      return [`postgresql.${field} cannot be read: ${(error as Error).message}`];
    }
  });
}

function holding({ path }: DirectorySettings, spool: string): string[] {
  if (!`${resolve(spool)}/`.startsWith(`${path}/`)) return [];
  return [`directory.path holds the spool folder ${spool}: move the spool by HOLDFAST_AGENT_SPOOL`];
}
