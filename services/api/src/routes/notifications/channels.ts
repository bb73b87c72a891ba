import { isIP } from 'node:net';
import { randomBytes } from 'node:crypto';
import { isUnreadable, Secret, type Channel, type MailSettings } from '@holdfast/shared/domain';
import { z } from 'zod';
import { looksLikeUuid } from '../../http/fields.ts';
import { invalid, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { channelView, presentChannel } from '../../presenters/notification.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';
import type { Owner } from '../databases/owned.ts';
import { channelChange, newChannel, refuseForeign, requireAllowed, toMail, toRules } from './fields.ts';

export const path = '/api/notification-channels';

const shown = z.strictObject({ channel: channelView });
/** For so long a webhook that has a new secret is signed with the former one as well. */
const formerSecretHours = 24;

const list = route({
  method: 'GET',
  path,
  dialect,
  scope: 'backups:read',
  summary: 'The notification channels, newest first.',
  answers: 200,
  response: z.strictObject({ channels: z.array(channelView) }),
  handler: async ({ deps, accountId }) => ({
    channels: (await deps.persistence.channels.list(accountId)).map((channel) => presentChannel(channel)),
  }),
});

const create = route({
  method: 'POST',
  path,
  dialect,
  scope: 'admin',
  audit: 'notification_channel.create',
  summary: 'Adds a notification channel. The secret of a webhook is shown here and never again.',
  answers: 201,
  creates: true,
  body: newChannel,
  response: shown,
  handler: async (call) => {
    const { body, deps, accountId } = call;
    const { name, type, url, token, enabled = true } = body;
    refuseForeign(type, body);
    if (type !== 'email' && url === undefined)
      throw invalid({ url: ['The url field is required.'] }, { url: ['required'] });
    if (type === 'email' && !body.email)
      throw invalid({ email: ['The email field is required.'] }, { email: ['required'] });
    const mail = body.email && toMail(body.email, undefined, Boolean(body.email.password));
    const rules = await toRules(call, body.rules);
    await checkAddresses(call, { url, mail });
    const signingSecret = type === 'webhook' ? newSigningSecret() : null;
    const secrets = {
      ...(url === undefined ? {} : { url: new Secret(url) }),
      ...(token ? { token } : {}),
      ...(body.email?.password ? { password: body.email.password } : {}),
      ...(signingSecret ? { signingSecret } : {}),
    };
    const settings = mail ? { mail } : {};
    const created = await deps.persistence.channels.create(accountId, {
      name,
      type,
      settings,
      secrets,
      rules,
      enabled,
    });
    if (created === 'name_taken') throw nameTaken();
    return { channel: presentChannel(created, signingSecret?.reveal() ?? null) };
  },
});

const show = route({
  method: 'GET',
  path: `${path}/:channel`,
  dialect,
  scope: 'backups:read',
  summary: 'One notification channel.',
  answers: 200,
  response: shown,
  handler: async (call) => ({ channel: presentChannel(await ownedChannel(call)) }),
});

const change = route({
  method: 'PATCH',
  path: `${path}/:channel`,
  dialect,
  scope: 'admin',
  audit: 'notification_channel.change',
  summary:
    'Changes what is given of a notification channel and leaves the rest. What waits for one that is switched off is not sent any more.',
  answers: 200,
  body: channelChange,
  response: shown,
  finds: (call) => ownedChannel(call),
  handler: async (call, channel) => {
    const { body, deps, accountId } = call;
    const { name, enabled, url, token } = body;
    refuseForeign(channel.type, body);
    const password = body.email?.password;
    const hasPassword = password === undefined ? channel.secrets.password !== undefined : password !== null;
    const mail = body.email && toMail(body.email, channel.settings.mail, hasPassword);
    await checkAddresses(call, { url, mail });
    const signingSecret = body.rotate_secret ? newSigningSecret() : null;
    // What does not open cannot sign beside the new one.
    const former = isUnreadable(channel.secrets.signingSecret) ? null : (channel.secrets.signingSecret ?? null);
    const until = new Date(deps.clock.now().getTime() + formerSecretHours * 3_600_000);
    const settings = {
      ...channel.settings,
      ...(mail ? { mail } : {}),
      ...(signingSecret ? { formerSecretUntil: until.toISOString() } : {}),
    };
    const secrets = {
      ...(url === undefined ? {} : { url: new Secret(url) }),
      ...(token === undefined ? {} : { token }),
      ...(password === undefined ? {} : { password }),
      ...(signingSecret ? { signingSecret, formerSigningSecret: former } : {}),
    };
    const updated = await deps.persistence.channels.update(accountId, channel.id, {
      ...(name === undefined ? {} : { name }),
      ...(enabled === undefined ? {} : { enabled }),
      ...(body.rules ? { rules: await toRules(call, body.rules, channel.rules) } : {}),
      settings,
      secrets,
    });
    if (updated === 'name_taken') throw nameTaken();
    if (!updated) throw noChannel();
    return { channel: presentChannel(updated, signingSecret?.reveal() ?? null) };
  },
});

const remove = route({
  method: 'DELETE',
  path: `${path}/:channel`,
  dialect,
  scope: 'admin',
  audit: 'notification_channel.delete',
  summary: 'Removes a notification channel with the record of what was sent to it.',
  answers: 204,
  handler: async (call) => {
    const { id, name } = await ownedChannel(call);
    call.note({ object: { name } });
    if (!(await call.deps.persistence.channels.delete(call.accountId, id))) throw noChannel();
    return undefined;
  },
});

/** The account's channel that a path names. @throws Problem 404, the same whether it is unknown or another account's */
export async function ownedChannel(call: Owner & { params: { channel: string } }): Promise<Channel> {
  const { channel: id } = call.params;
  const found = looksLikeUuid(id) && (await call.deps.persistence.channels.findOwned(call.accountId, id));
  if (!found) throw noChannel();
  return found;
}

async function checkAddresses(
  owner: Owner,
  { url, mail }: { url: string | undefined; mail: MailSettings | undefined },
): Promise<void> {
  if (url !== undefined) await requireAllowed(owner, 'url', url);
  if (mail)
    await requireAllowed(owner, 'email.host', `https://${isIP(mail.host) === 6 ? `[${mail.host}]` : mail.host}`);
}

/** As the Standard Webhooks specification has it: 256 random bits. */
const newSigningSecret = (): Secret => new Secret(`whsec_${randomBytes(32).toString('base64')}`);

const noChannel = () => notFound('This notification channel does not exist.');
const nameTaken = () => invalid({ name: ['The name field is the name of another channel of this account.'] });

export const channelRoutes = [list, create, show, change, remove];
