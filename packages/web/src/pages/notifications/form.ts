import type { Channel, ChannelChange, NewChannel } from '../../data/notifications.ts';
import { newRules, type Rules } from './rules.ts';

export type ChannelType = Channel['type'];
type MailProtection = NonNullable<Channel['email']>['encryption'];

/** A channel as its form holds it. Secrets are never filled in: they are not shown again. */
export interface ChannelForm {
  name: string;
  type: ChannelType;
  url: string;
  token: string;
  host: string;
  /** Null: the usual one. */
  port: number | null;
  protection: MailProtection;
  user: string;
  password: string;
  from: string;
  /** An address a line. */
  to: string;
  certificates: string;
  rules: Rules;
}

export const newForm = (): ChannelForm => ({
  name: '',
  type: 'email',
  url: '',
  token: '',
  host: '',
  port: null,
  protection: 'starttls',
  user: '',
  password: '',
  from: '',
  to: '',
  certificates: '',
  rules: newRules(),
});

export function formOf({ name, type, email, rules }: Channel): ChannelForm {
  const form = { ...newForm(), name, type, rules };
  if (!email) return form;
  const { host, port, encryption: protection, user, from, to, ca_certificate: certificates } = email;
  return {
    ...form,
    host,
    port,
    protection,
    from,
    user: user ?? '',
    to: to.join('\n'),
    certificates: certificates ?? '',
  };
}

const lines = (text: string): string[] => text.split(/[\n,;]/).flatMap((line) => line.trim() || []);

function mailOf(form: ChannelForm, isNew: boolean): NonNullable<NewChannel['email']> {
  const { host, port, protection, user, password, certificates } = form;
  // Without a user nobody signs in, and a password that is there would be refused.
  const signIn = user === '' ? (isNew ? {} : { user: null, password: null }) : { user, ...(password && { password }) };
  return {
    host: host.trim(),
    ...(port !== null && { port }),
    encryption: protection,
    ...signIn,
    from: form.from.trim(),
    to: lines(form.to),
    ...(certificates.trim() === '' ? (isNew ? {} : { ca_certificate: null }) : { ca_certificate: certificates }),
  };
}

/** What of its type was written; of what is never shown, only where something was. */
const specificOf = (form: ChannelForm, isNew: boolean): Pick<NewChannel, 'url' | 'token' | 'email'> => ({
  ...(form.type === 'email' ? { email: mailOf(form, isNew) } : form.url !== '' && { url: form.url.trim() }),
  ...(form.type === 'ntfy' && form.token !== '' && { token: form.token }),
});

export const newChannelOf = (form: ChannelForm): NewChannel => ({
  name: form.name.trim(),
  type: form.type,
  ...specificOf(form, true),
  rules: form.rules,
});

export const changeOf = (form: ChannelForm): ChannelChange => ({
  name: form.name.trim(),
  ...specificOf(form, false),
  rules: form.rules,
});
