import { createEngines } from '@holdfast/engines';
import { loadAgentSettings, refuseConfiguration } from '@holdfast/shared/config';
import { HoldfastError } from '@holdfast/shared/domain';
import { lockFolder, runService, systemIds } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { startAgent } from './agent.ts';
import { RemoteApi } from './api.ts';
import { readConfig } from './config.ts';
import { lastReportSeconds } from './job-attempt.ts';
import { removeLeftOvers } from './left-overs.ts';
import { createSources } from './sources/index.ts';
import { Spool } from './spool.ts';

/** Seconds for everything to come to rest after the last work has ended. */
const closeSeconds = 10;
const pace = { baseSeconds: 1, capSeconds: 60, patienceSeconds: 900, idleSeconds: 60 };

const settings = loadAgentSettings();
const checked = readConfig(settings.HOLDFAST_AGENT_CONFIG, settings.HOLDFAST_AGENT_SPOOL);
if ('problems' in checked) refuseConfiguration(checked.problems);
const logger = createLogger('agent', settings.HOLDFAST_LOG_LEVEL);

try {
  // Where sources lie is said by the configuration of this machine, which nobody else can change.
  const engines = createEngines({ clientFolders: settings.HOLDFAST_CLIENTS, fileRoots: ['/'] });
  const sources = createSources(checked.config, engines);
  const spool = await Spool.open(settings.HOLDFAST_AGENT_SPOOL);
  const unlock = lockFolder(settings.HOLDFAST_AGENT_SPOOL, 'An agent');
  process.once('exit', unlock);
  await removeLeftOvers(spool, sources, logger);
  const agent = startAgent({
    api: new RemoteApi({
      url: settings.HOLDFAST_AGENT_URL,
      token: settings.HOLDFAST_AGENT_TOKEN,
      idleSeconds: pace.idleSeconds,
    }),
    sources,
    spool,
    ids: systemIds,
    logger,
    pace,
    graceSeconds: settings.HOLDFAST_GRACE_SECONDS,
  });
  logger.info({ sources: [...sources.keys()], service: settings.HOLDFAST_AGENT_URL.origin }, 'agent started');
  const graceSeconds = settings.HOLDFAST_GRACE_SECONDS + lastReportSeconds + closeSeconds;
  const refused = agent.ended.then(() => new Promise<never>(() => undefined));
  const served = runService({ logger, graceSeconds }, async (parts) => parts.add('agent', agent));
  await Promise.race([served, refused]);
  process.exit();
} catch (error) {
  const reason = error instanceof HoldfastError ? { reason: error.message } : { err: error };
  logger.fatal(reason, 'the agent cannot go on');
  process.exit(1);
}
