import { accessSync, constants, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ignoreRules } from '@holdfast/engines/ignore';
import { defaultPorts, tlsModes } from '@holdfast/shared/domain';
import { z } from 'zod';

const absolutePath = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path');

/** Kinds of database that have a server. */
export const serverTypes = ['postgresql', 'mysql', 'mariadb', 'redis', 'mongodb'] as const;
type ServerType = (typeof serverTypes)[number];

/** What those call the user and the database of somebody who says nothing. */
const usual: Partial<Record<ServerType, { user: string; database?: string }>> = {
  redis: { user: 'default', database: '0' },
  mongodb: { user: '' },
};

const named = (preset: string | undefined) => {
  const name = z.string().min(1);
  return preset === undefined ? name : name.default(preset);
};

const server = (type: ServerType) =>
  z.strictObject({
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(defaultPorts[type]),
    user: named(usual[type]?.user),
    passwordFile: absolutePath.optional(),
    database: named(usual[type]?.database),
    sslmode: z.enum(tlsModes).optional(),
    caFile: absolutePath.optional(),
  });
export type ServerSettings = z.output<ReturnType<typeof server>>;

const path = absolutePath
  .transform((given) => resolve(given))
  .refine((given) => given !== '/', 'must not be the root folder');

const directory = z.strictObject({
  path,
  ignore: z.array(z.string().refine((pattern) => ignoreRules([pattern]).length === 1, 'must be a pattern')).default([]),
});

const kinds = [...serverTypes, 'directory', 'sqlite'];

const source = z
  .strictObject({
    postgresql: server('postgresql').optional(),
    mysql: server('mysql').optional(),
    mariadb: server('mariadb').optional(),
    redis: server('redis').optional(),
    mongodb: server('mongodb').optional(),
    directory: directory.optional(),
    sqlite: z.strictObject({ path }).optional(),
  })
  .refine((entry) => Object.keys(entry).length === 1, `must have exactly one of ${kinds.join(', ')}`);
export type SourceSettings = z.output<typeof source>;

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
      ...serverTypes.flatMap((type) => (entry[type] ? unreadable(type, entry[type]) : [])),
      ...(entry.directory ? holding(entry.directory.path, spool) : []),
    ].map((line) => `${path}: sources.${name}.${line}`),
  );
  return problems.length === 0 ? { config: parsed.data } : { problems };
}

function unreadable(type: ServerType, { passwordFile, caFile }: ServerSettings): string[] {
  return Object.entries({ passwordFile, caFile }).flatMap(([field, file]) => {
    if (file === undefined) return [];
    try {
      accessSync(file, constants.R_OK);
      return [];
    } catch (error) {
      return [`${type}.${field} cannot be read: ${(error as Error).message}`];
    }
  });
}

function holding(directoryPath: string, spool: string): string[] {
  if (!`${resolve(spool)}/`.startsWith(`${directoryPath}/`)) return [];
  return [`directory.path holds the spool folder ${spool}: move the spool by HOLDFAST_AGENT_SPOOL`];
}
