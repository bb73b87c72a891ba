import { releaseAtEnd } from '../resources.ts';
import { until } from '../until.ts';
import { imageProcess } from './image.ts';
import { launch, type Exit } from './service.ts';

/** The agent of a remote server in a process of its own. It listens on nothing. */
export interface AgentProcess {
  pid: number;
  /** Sends a signal (SIGTERM unless told) and waits until the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  output(): string;
  exited: Promise<Exit>;
}

/** Starts an agent. @param env the whole environment of the process, but for PATH */
export function launchAgent(env: Record<string, string>): AgentProcess {
  const { parameters, env: imageEnvironment } = imageProcess('agent');
  const { child, output, exited } = launch(parameters, { ...imageEnvironment, ...env });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> => {
    child.kill(signal);
    return await exited;
  };
  releaseAtEnd(async () => {
    await stop('SIGKILL');
  });
  return { pid: child.pid ?? 0, stop, output, exited };
}

/** As `launchAgent`, and waits until it has started. @throws Error with what it printed, when it does not */
export async function startAgent(env: Record<string, string>): Promise<AgentProcess> {
  const agent = launchAgent(env);
  await until(
    'the agent to start',
    30,
    () => agent.output().includes('agent started'),
    () => agent.output(),
  );
  return agent;
}
