import type { Answer } from '@holdfast/client';

/** What the API shows, by the names of this program. */
export type Database = Answer<'/api/databases', 'get'>['databases'][number];
export type Destination = Answer<'/api/backup-destinations', 'get'>['data'][number];
export type Schedule = Answer<'/api/databases/{db}/schedules', 'get'>['schedules'][number];
export type Slot = Answer<'/api/databases/{db}/schedules/{id}/slots', 'get'>['slots'][number];
export type Backup = Answer<'/api/backups/{id}', 'get'>['database_backup'];
export type Restore = Answer<'/api/databases/{db}/backup_restorations/{rid}', 'get'>['backup_restoration'];
export type Verification = Answer<'/api/verifications/{id}', 'get'>['verification'];
export type Policy = Answer<'/api/server-policies', 'get'>['server_policies'][number];
export type PolicyRun = Answer<'/api/server-policies/{id}/runs', 'get'>['policy_runs'][number];
export type Server = Answer<'/api/servers', 'get'>['servers'][number];
export type Token = Answer<'/api/tokens', 'get'>['tokens'][number];
export type Alert = Answer<'/api/alerts', 'get'>['alerts'][number];
export type Channel = Answer<'/api/notification-channels', 'get'>['channels'][number];
export type Delivery = Answer<'/api/notification-deliveries', 'get'>['deliveries'][number];
export type ProtectionOverview = Answer<'/api/protection', 'get'>;
export type Protection = ProtectionOverview['databases'][number];
