import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseAgentSettings } from './agent-settings.ts';

const required = {
  HOLDFAST_AGENT_URL: 'https://backup.example.com',
  HOLDFAST_AGENT_TOKEN: 'abcdefghijklmnop.hunter2',
  HOLDFAST_AGENT_CONFIG: '/etc/holdfast/agent.json',
  HOLDFAST_AGENT_SPOOL: '/var/lib/holdfast-agent',
};

function problems(environment: Record<string, string>): string[] {
  const result = parseAgentSettings(environment);
  return 'problems' in result ? result.problems : [];
}

describe('settings of the agent', () => {
  it('name every problem at once, with its variable, and never repeat the token', () => {
    const found = problems({
      HOLDFAST_AGENT_URL: 'ftp://x',
      HOLDFAST_AGENT_TOKEN: 'hunter2',
      HOLDFAST_AGENT_CONFIG: 'agent.json',
      HOLDFAST_AGENT_TOKN: 'x',
    });
    for (const name of Object.keys({ ...required, HOLDFAST_AGENT_TOKN: '' })) {
      expect(
        found.filter((line) => line.startsWith(`${name} `)),
        name,
      ).to.have.length(1);
    }
    expect(found.join()).not.to.contain('hunter2');
    expect(JSON.stringify(parseAgentSettings(required))).not.to.contain('hunter2');
  });

  it('refuse to send the token in clear to another machine, unless that is allowed', () => {
    const plain = { ...required, HOLDFAST_AGENT_URL: 'http://backup.example.com' };
    expect(problems(plain).join()).to.contain('HOLDFAST_AGENT_ALLOW_HTTP');
    expect(problems({ ...plain, HOLDFAST_AGENT_ALLOW_HTTP: 'true' })).to.deep.equal([]);
    expect(problems({ ...plain, HOLDFAST_AGENT_URL: 'http://127.example.com' })).to.have.length(1);
    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:80']) {
      expect(problems({ ...required, HOLDFAST_AGENT_URL: `http://${host}` }), host).to.deep.equal([]);
    }
  });

  it('leave alone what other services read from the same environment', () => {
    expect(problems({ ...required, HOLDFAST_HOST: '0.0.0.0' })).to.deep.equal([]);
  });

  it('are all explained in docs/agent.md, and nothing else is', () => {
    const page = readFileSync(new URL('../../../../docs/agent.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `(HOLDFAST_[A-Z_]+)`/gm)].map((match) => match[1] ?? '');
    const source = readFileSync(new URL('agent-settings.ts', import.meta.url), 'utf8');
    const known = [...source.matchAll(/^ {2}([A-Z_]+):/gm)].map((match) => match[1] ?? '');
    expect(documented).to.have.members(known);
  });
});
