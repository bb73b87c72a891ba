import { CodeBlock, Soft, Stack } from '../../kit/index.ts';

const command = (token: string): string =>
  `install -d -m 0700 /etc/holdfast /var/lib/holdfast-agent
install -m 0600 /dev/stdin /etc/holdfast/agent.token <<'TOKEN'
${token}
TOKEN
HOLDFAST_AGENT_URL=${location.origin} \\
HOLDFAST_AGENT_TOKEN_FILE=/etc/holdfast/agent.token \\
HOLDFAST_AGENT_CONFIG=/etc/holdfast/agent.json \\
HOLDFAST_AGENT_SPOOL=/var/lib/holdfast-agent \\
node /opt/holdfast/services/agent/src/main.ts`;

const configuration = `{
  "sources": {
    "shop": {
      "postgresql": {
        "host": "127.0.0.1", "user": "backup", "database": "shop",
        "passwordFile": "/etc/holdfast/shop.password"
      }
    },
    "site": { "directory": { "path": "/srv/site", "ignore": ["*.log"] } }
  }
}`;

/** How the agent is started on its machine. @param token null once it cannot be shown any more */
export function AgentSetUp({ token }: { token: string | null }): React.JSX.Element {
  return (
    <Stack>
      <p>
        1. On that machine, say in <code>/etc/holdfast/agent.json</code> what may be backed up, each under the name that
        its database has in Holdfast.
      </p>
      <CodeBlock label="Configuration of the agent" text={configuration} />
      <p>2. Start the agent with its token. It listens on nothing, and needs only this address.</p>
      <CodeBlock label="Command line of the agent" text={command(token ?? '<the token that was shown once>')} />
      <p>
        <Soft>3. Add its databases here, backed up by this agent, with a bucket as their destination.</Soft>
      </p>
    </Stack>
  );
}
