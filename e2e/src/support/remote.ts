import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseAtEnd } from '@holdfast/testing/resources';
import { startAgent, type AgentProcess, type Holdfast } from '@holdfast/testing/services';

/** A machine with an agent: its folder, what its configuration names, and its token. */
export interface RemoteServer {
  id: number;
  folder: string;
  token: string;
  env: Record<string, string>;
  start(): Promise<AgentProcess>;
}

let servers = 0;

/** Registers a remote server and writes its agent's files. @param sources by name, as in the agent's configuration */
export async function remoteServer(
  { client, api }: Holdfast,
  sourcesIn: (folder: string) => Record<string, unknown>,
): Promise<RemoteServer> {
  servers += 1;
  const body = { server: { name: `server ${servers}` } };
  const { server } = await client.expect<{ server: { id: number; token: string } }>(201, 'POST', '/api/servers', body);
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-remote-'));
  releaseAtEnd(async () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'site'));
  const config = join(folder, 'agent.json');
  const tokenFile = join(folder, 'token');
  writeFileSync(config, JSON.stringify({ sources: sourcesIn(folder) }));
  writeFileSync(tokenFile, `${server.token}\n`, { mode: 0o600 });
  const env = {
    HOLDFAST_AGENT_URL: api.url,
    HOLDFAST_AGENT_TOKEN_FILE: tokenFile,
    HOLDFAST_AGENT_CONFIG: config,
    HOLDFAST_AGENT_SPOOL: join(folder, 'spool'),
    HOLDFAST_GRACE_SECONDS: '1',
  };
  return { id: server.id, folder, token: server.token, env, start: () => startAgent(env) };
}

/** Registers what a remote server backs up. @returns its id */
export async function registerRemote(
  { client }: Holdfast,
  fields: { name: string; type: 'files' | 'postgresql'; server_id: number; destination_id: number },
): Promise<string> {
  const body = { database: fields };
  return (await client.expect<{ database: { id: string } }>(201, 'POST', '/api/databases', body)).database.id;
}
