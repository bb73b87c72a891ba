import type { SentinelDeps } from './deps.ts';

/** Brings the alerts in line with the rows, and says in the log what began and what is over. */
export async function watch({ persistence, logger }: SentinelDeps): Promise<void> {
  const { raised, cleared } = await persistence.alerts.update();
  for (const { kind, subjectType, subjectId, message } of raised) {
    logger.error({ alert: kind, subjectType, subjectId }, message);
  }
  for (const { kind, subjectType, subjectId } of cleared) {
    logger.info({ alert: kind, subjectType, subjectId }, 'the alert is over');
  }
}
