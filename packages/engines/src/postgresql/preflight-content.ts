import type { PreflightFinding } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import { finding, listed, type Look } from './preflight-look.ts';

/** Extensions that refuse to be created unless the server was started with their library. */
const preloaded: ReadonlySet<string> = new Set(['citus', 'pg_cron', 'pgaudit', 'timescaledb']);

/** Whether the server has what the backup's content refers to. */
export async function contentFindings(look: Look): Promise<PreflightFinding[]> {
  const { content } = look.subject;
  if (content === null) {
    const message =
      'The backup has no content manifest: which extensions, roles and tablespaces it needs shows only while it is restored.';
    return [finding('note', 'content', message)];
  }
  return [...(await extensions(look)), ...(await roles(look)), ...(await tablespaces(look))];
}

interface Available {
  name: string;
  version: string;
  /** Whether the user may create it. */
  allowed: boolean;
}

async function extensions({ session, subject }: Look): Promise<PreflightFinding[]> {
  const needed = (subject.content?.items ?? []).filter(({ kind, name }) => kind === 'extension' && name !== 'plpgsql');
  if (needed.length === 0) return [];
  const rows = await session.query<Available>(
    `select e.name, e.default_version as version,
       (select rolsuper from pg_roles where rolname = current_user)
         or coalesce((select bool_or(not v.superuser or v.trusted) from pg_available_extension_versions v
           where v.name = e.name and v.version = e.default_version), false) as allowed
     from pg_available_extensions e where e.name = any ($1)`,
    [needed.map(({ name }) => name)],
  );
  const [loaded] = await session.query<{ setting: string }>(
    `select setting from pg_settings where name = 'shared_preload_libraries'`,
  );
  const available = new Map(rows.map((row) => [row.name, row]));
  return needed.flatMap(({ name, digest }) => {
    const found = available.get(name);
    const extension = `extension ${escapeIdentifier(name)}`;
    if (!found) {
      return finding('blocker', 'extension', `The server does not have ${extension}: install its package there.`);
    }
    const findings: PreflightFinding[] = [];
    if (!found.allowed) {
      const message = `Only a superuser may create ${extension}: restore as one.`;
      findings.push(finding('blocker', 'privilege', message));
    }
    if (loaded && preloaded.has(name) && !loaded.setting.split(/[\s,]+/).includes(name)) {
      const message = `The server was started without the library of ${extension}: add it to shared_preload_libraries and restart it.`;
      findings.push(finding('blocker', 'extension', message));
    }
    if (digest !== null && digest !== found.version) {
      const message = `The source has ${extension} in version ${digest}, the server makes ${found.version}.`;
      findings.push(finding('note', 'extension', message));
    }
    return findings;
  });
}

async function roles(look: Look): Promise<PreflightFinding[]> {
  const { session, subject, request } = look;
  const needed = subject.content?.needs?.roles ?? [];
  if (request.ownership === 'skip' || needed.length === 0) return [];
  const missing = await session.query<{ name: string }>(
    `select name from unnest($1::text[]) name
     where name <> all ($2) and not exists (select from pg_roles where rolname = name) order by 1`,
    [needed, subject.roles ?? []],
  );
  if (missing.length === 0) return await foreignRoles(look, needed);
  const names = missing.map(({ name }) => escapeIdentifier(name));
  const them = `The backup’s objects belong to roles, or are granted to some, that the server does not have: ${listed(names)}.`;
  const message = `${them} Restore the roles of the backup, too, or CREATE ROLE ${names[0]}; and so on, or give everything to the connecting user (ownership "skip").`;
  // A part of a backup may not need them.
  return [finding(request.selection ? 'warning' : 'blocker', 'owner', message)];
}

/** The content names owners and those with privileges alike; only what belongs to somebody needs membership. */
async function foreignRoles({ session, connection }: Look, needed: readonly string[]): Promise<PreflightFinding[]> {
  const foreign = await session.query<{ name: string }>(
    `select rolname as name from pg_roles where rolname = any ($1) and not pg_has_role(oid, 'MEMBER') order by 1`,
    [needed],
  );
  if (foreign.length === 0) return [];
  const names = foreign.map(({ name }) => escapeIdentifier(name));
  const message = `Objects of the backup that belong to one of these roles cannot be given to it by the user, who is no member of it: ${listed(names)}. GRANT ${names[0]} TO ${escapeIdentifier(connection.user)}; and so on, or give everything to the connecting user (ownership "skip").`;
  return [finding('warning', 'owner', message)];
}

async function tablespaces({ session, subject }: Look): Promise<PreflightFinding[]> {
  const needed = subject.content?.needs?.tablespaces ?? [];
  const missing = await session.query<{ name: string }>(
    'select name from unnest($1::text[]) name where not exists (select from pg_tablespace where spcname = name) order by 1',
    [needed],
  );
  if (missing.length === 0) return [];
  const names = listed(missing.map(({ name }) => escapeIdentifier(name)));
  const message = `The server does not have tablespaces that the backup’s tables lie in: ${names}. Without them all tables will lie in the database’s own tablespace; CREATE TABLESPACE makes them.`;
  return [finding('warning', 'tablespace', message)];
}
