import { randomBytes } from 'node:crypto';
import type { Bed } from '../bed/bed.ts';
import { sourceUser } from '../bed/bed.ts';
import type { Api } from './api.ts';

export const localFolder = 'store';
export const s3Prefix = 'chaos/';

export interface Registered {
  id: string;
  /** On the source's server, and of the registration. */
  name: string;
}

export interface Destinations {
  local: number;
  s3: number;
}

export async function createDestinations(api: Api, bed: Bed): Promise<Destinations> {
  const create = async (fields: Record<string, unknown>): Promise<number> => {
    const { status, body } = await api.ask('POST', '/api/backup-destinations', fields);
    if (status !== 201) throw new Error(`No destination was made: ${JSON.stringify(body)}`);
    return (body as { data: { id: number } }).data.id;
  };
  return {
    local: await create({ label: 'local', type: 'local', path: localFolder }),
    s3: await create({
      label: 'S3',
      type: 'custom_s3',
      s3_access_key: bed.s3.accessKey,
      s3_secret_key: bed.s3.secretKey,
      s3_bucket_name: bed.s3.bucket,
      custom_s3_endpoint: `http://127.0.0.1:${bed.s3Proxy.port}`,
      path_style_endpoint: true,
      s3_prefix: s3Prefix,
    }),
  };
}

/** A channel that is told of everything, from now on. */
export async function createChannel(api: Api, { receiver, receiverProxy, secrets }: Bed): Promise<void> {
  const path = randomBytes(18).toString('base64url');
  const { status, body } = await api.ask('POST', '/api/notification-channels', {
    name: 'receiver',
    type: 'webhook',
    url: `http://127.0.0.1:${receiverProxy.port}/${path}`,
    rules: { events: ['alert', 'backup', 'restore'], most_per_hour: 3600 },
  });
  if (status !== 201) throw new Error(`No channel was made: ${JSON.stringify(body)}`);
  receiver.signingSecret = (body as { channel: { signing_secret: string } }).channel.signing_secret;
  secrets['path of the webhook'] = path;
  secrets['signing secret of the webhook'] = receiver.signingSecret.replace(/^whsec_/, '');
}

/** A schedule with hours to go until it makes anything, so that a database can be protected at the end. @returns its id */
export async function scheduleDaily(api: Api, { id }: Registered): Promise<string> {
  const cron = `0 ${(new Date().getUTCHours() + 12) % 24} * * *`;
  const { status, body } = await api.ask('POST', `/api/databases/${id}/schedules`, { cron, timezone: 'UTC' });
  if (status !== 201) throw new Error(`No schedule was made: ${JSON.stringify(body)}`);
  return (body as { schedule: { id: string } }).schedule.id;
}

export async function register(
  api: Api,
  bed: Bed,
  name: string,
  destinationId: number,
  objectives: { rpo_seconds: number } | null = null,
): Promise<Registered> {
  const database = {
    name,
    type: 'postgresql',
    host: '127.0.0.1',
    port: bed.sourceProxy.port,
    user: sourceUser,
    password: bed.sourcePassword,
    database: name,
    destination_id: destinationId,
    objectives,
  };
  const { status, body } = await api.ask('POST', '/api/databases', { database });
  if (status !== 201) throw new Error(`${name} was not registered: ${JSON.stringify(body)}`);
  return { id: (body as { database: { id: string } }).database.id, name };
}
