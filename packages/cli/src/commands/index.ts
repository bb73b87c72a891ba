import type { Commands } from '../command.ts';
import { alertCommands } from './alerts.ts';
import { applyCommands } from './apply.ts';
import { auditCommands } from './audit.ts';
import { backupCommands } from './backups.ts';
import { databaseCommands } from './databases.ts';
import { destinationCommands } from './destinations.ts';
import { downloadCommands } from './download.ts';
import { loginCommands } from './login.ts';
import { notificationCommands } from './notifications.ts';
import { policyCommands } from './policies.ts';
import { protectionCommands } from './protection.ts';
import { restoreCommands } from './restore.ts';
import { scheduleCommands } from './schedules.ts';
import { serverCommands } from './servers.ts';
import { tokenCommands } from './tokens.ts';
import { verifyCommands } from './verify.ts';

/** Every command, in the order of the help. */
export const commands: readonly Commands[] = [
  loginCommands,
  databaseCommands,
  destinationCommands,
  scheduleCommands,
  backupCommands,
  restoreCommands,
  downloadCommands,
  verifyCommands,
  protectionCommands,
  alertCommands,
  notificationCommands,
  policyCommands,
  serverCommands,
  tokenCommands,
  auditCommands,
  applyCommands,
];
