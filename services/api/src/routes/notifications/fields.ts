import { isIP } from 'node:net';
import { X509Certificate } from 'node:crypto';
import {
  channelTypes,
  mailProtections,
  ruleEvents,
  severities,
  type Channel,
  type ChannelRules,
  type MailSettings,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { httpUrl, isPlainText, secret, text } from '../../http/fields.ts';
import { invalid } from '../../http/problem.ts';
import type { Owner } from '../databases/owned.ts';

const mostDatabases = 100;
const mostRecipients = 20;

const rules = z.object({
  events: z.array(z.enum(ruleEvents)).min(1).max(ruleEvents.length).nullish(),
  least_severity: z.enum(severities).optional(),
  databases: z.array(text(63)).min(1).max(mostDatabases).nullish().meta({ description: 'Ids or names.' }),
  digest_minutes: z.int().min(1).max(10_080).nullish(),
  repeat_hours: z.int().min(1).max(720).nullish(),
  most_per_hour: z.int().min(1).max(3600).optional(),
});

/** One address of a mailbox, without a name: nothing of it can end a line or add a recipient. */
const address = z
  .string()
  .max(254)
  .regex(/^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, {
    error: 'must be an e-mail address such as ops@example.com',
  });

const isHost = (value: string): boolean =>
  isIP(value) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?$/.test(value);

function isCertificate(value: string): boolean {
  try {
    return new X509Certificate(value).subject !== '';
  } catch {
    return false;
  }
}

const email = z.object({
  host: z.string().refine(isHost, { error: 'must be a host name or an address' }),
  port: z.int().min(1).max(65_535).optional().meta({ description: '587, for `tls` 465, for `none` 25.' }),
  encryption: z
    .enum(mailProtections)
    .optional()
    .meta({ description: '`starttls` when absent; never less than asked.' }),
  user: text(255).nullish(),
  password: secret(1024).nullish(),
  from: address,
  to: z.array(address).min(1).max(mostRecipients),
  ca_certificate: z
    .string()
    .max(65_536)
    .refine(isCertificate, { error: 'must be certificates in the form of PEM' })
    .nullish(),
});

const emailChange = email.partial();

const changeable = {
  name: text(100).refine((value) => value.trim() === value, { error: 'must not begin or end with a space' }),
  enabled: z.boolean().optional(),
  url: httpUrl.optional().meta({ description: 'Of every type but `email`; it is kept sealed and never shown again.' }),
  token: secret(1024).nullish().meta({ description: 'Of `ntfy`, where the topic asks for one.' }),
  rules: rules.optional(),
};

export const newChannel = z.object({ ...changeable, type: z.enum(channelTypes), email: email.optional() }).meta({
  examples: [
    { name: 'on call', type: 'webhook', url: 'https://ops.example.com/holdfast', rules: { repeat_hours: 24 } },
    { name: 'phone', type: 'ntfy', url: 'https://ntfy.sh/my-topic', rules: { least_severity: 'critical' } },
    {
      name: 'mail',
      type: 'email',
      email: {
        host: 'smtp.example.com',
        user: 'holdfast',
        password: 'your_password',
        from: 'holdfast@example.com',
        to: ['ops@example.com'],
      },
      rules: { digest_minutes: 60 },
    },
  ],
});

export const channelChange = z
  .object({
    ...changeable,
    name: changeable.name.optional(),
    email: emailChange.optional(),
    rotate_secret: z
      .literal(true)
      .optional()
      .meta({ description: 'Gives a webhook a new signing secret; the former one signs beside it for 24 hours.' }),
  })
  .meta({ examples: [{ enabled: false }, { rules: { digest_minutes: 30 } }, { rotate_secret: true }] });

const usualRules: ChannelRules = {
  events: null,
  leastSeverity: 'info',
  databases: null,
  digestMinutes: null,
  repeatHours: null,
  mostPerHour: 60,
};

/** @throws Problem 422 for a database that is not the account's */
export async function toRules(
  owner: Owner,
  asked: z.output<typeof rules> = {},
  former: ChannelRules = usualRules,
): Promise<ChannelRules> {
  return {
    events: asked.events === undefined ? former.events : asked.events,
    leastSeverity: asked.least_severity ?? former.leastSeverity,
    databases: asked.databases
      ? await databaseIds(owner, asked.databases)
      : asked.databases === null
        ? null
        : former.databases,
    digestMinutes: asked.digest_minutes === undefined ? former.digestMinutes : asked.digest_minutes,
    repeatHours: asked.repeat_hours === undefined ? former.repeatHours : asked.repeat_hours,
    mostPerHour: asked.most_per_hour ?? former.mostPerHour,
  };
}

async function databaseIds(owner: Owner, asked: readonly string[]): Promise<string[]> {
  const ids = new Set<string>();
  for (const idOrName of asked) {
    const found =
      isPlainText(idOrName) && (await owner.deps.persistence.databases.findOwned(owner.accountId, idOrName));
    if (!found) {
      throw invalid({ 'rules.databases': ['The rules.databases field must name databases of this account only.'] });
    }
    ids.add(found.id);
  }
  return [...ids];
}

const usualPorts = { starttls: 587, tls: 465, none: 25 } as const;

/** What is said of a mail server over what was known of it. @throws Problem 422 */
export function toMail(
  asked: z.output<typeof emailChange>,
  former: MailSettings | undefined,
  hasPassword: boolean,
): MailSettings {
  const protection = asked.encryption ?? former?.protection ?? 'starttls';
  const [host, from, to] = [asked.host ?? former?.host, asked.from ?? former?.from, asked.to ?? former?.to];
  if (host === undefined || from === undefined || to === undefined) {
    throw invalid({ email: ['The email field must have a host, a sender (from) and recipients (to).'] });
  }
  const user = asked.user === undefined ? (former?.user ?? null) : asked.user;
  if ((user !== null) !== hasPassword) {
    throw invalid({
      'email.password': ['The email.password field must be given where the email.user field is, and only there.'],
    });
  }
  if (protection === 'none' && user !== null) {
    throw invalid({
      'email.encryption': ['The email.encryption field must be starttls or tls where a password is sent.'],
    });
  }
  const certificates = asked.ca_certificate === undefined ? (former?.certificates ?? null) : asked.ca_certificate;
  return { host, port: asked.port ?? former?.port ?? usualPorts[protection], protection, user, from, to, certificates };
}

/** What belongs to other types than the channel's. @throws Problem 422 */
export function refuseForeign(
  type: Channel['type'],
  asked: { url?: unknown; token?: unknown; email?: unknown; rotate_secret?: unknown },
): void {
  const foreign = (field: 'url' | 'token' | 'email' | 'rotate_secret', isOwn: boolean): void => {
    if (asked[field] === undefined || isOwn) return;
    throw invalid({ [field]: [`The ${field} field must be left out: a channel of the type ${type} has none.`] });
  };
  foreign('url', type !== 'email');
  foreign('token', type === 'ntfy');
  foreign('email', type === 'email');
  foreign('rotate_secret', type === 'webhook');
}

/** Looks at where a channel leads before anything is sent there. @throws Problem 422 */
export async function requireAllowed({ deps }: Owner, field: 'url' | 'email.host', url: string): Promise<void> {
  try {
    await deps.checkEndpoint(new URL(url).origin);
  } catch (error) {
    throw invalid({ [field]: [`The ${field} field is of no use here: ${(error as Error).message}`] });
  }
}
