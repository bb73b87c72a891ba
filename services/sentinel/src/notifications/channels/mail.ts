import { connect, isIP, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Channel, MailSettings } from '@holdfast/shared/domain';
import type { AddressGuard } from '@holdfast/shared/security';
import { atMost, linesOf, oneLine, plainText, type Message } from '../message.ts';

/** A mail server may take its time; one that says nothing for so long is not there. */
const silenceMs = 10_000;

/**
 * Sends a message by SMTP, over a connection to an address that the operator allows. STARTTLS, where it is asked for, is never done
 * without.
 * @returns what the server said at the end
 * @throws what nodemailer says
 */
export async function sendMail(
  { settings, secrets }: Channel,
  message: Message,
  { guard, signal }: { guard: AddressGuard; signal: AbortSignal },
): Promise<string> {
  const { mail } = settings;
  if (!mail) throw new Error('The channel has no mail server.');
  const connection = await open(mail, guard, signal);
  const end = (): void => void connection.destroy();
  signal.addEventListener('abort', end);
  const transport = createTransport({
    connection,
    host: mail.host,
    port: mail.port,
    secure: mail.protection === 'tls',
    requireTLS: mail.protection === 'starttls',
    ignoreTLS: mail.protection === 'none',
    tls: {
      ...(isIP(mail.host) === 0 ? { servername: mail.host } : {}),
      ...(mail.certificates === null ? {} : { ca: mail.certificates }),
    },
    ...(mail.user === null ? {} : { auth: { user: mail.user, pass: secrets.password?.reveal() ?? '' } }),
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    // Nothing of a message leads to a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const sent = await transport.sendMail({
      from: { name: 'Holdfast', address: mail.from },
      to: mail.to.map((address) => ({ name: '', address })),
      subject: atMost(200, oneLine(message.title)),
      // The same over all attempts, so that who gets it twice sees that it is one.
      messageId: `<${message.id}@holdfast>`,
      date: message.at,
      headers: { 'Auto-Submitted': 'auto-generated' },
      text: plainText(message),
      html: htmlOf(message),
    });
    const refused = sent.rejected.length > 0 ? ` Refused: ${sent.rejected.map(String).join(', ')}.` : '';
    return `${sent.response}${refused}`;
  } finally {
    signal.removeEventListener('abort', end);
    transport.close();
    connection.destroy();
  }
}

function open({ host, port }: MailSettings, guard: AddressGuard, signal: AbortSignal): Promise<Socket> {
  guard.checkLiteral(host);
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup: guard.guard(), signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const paragraph = (text: string): string => `<p>${escaped(text).replaceAll('\n', '<br>')}</p>`;

function htmlOf({ intro, entries, more, link }: Message): string {
  const parts = entries.map((entry) => {
    const lines = linesOf({ ...entry, link: null })
      .map(paragraph)
      .join('');
    const look = entry.link === null ? '' : `<p><a href="${escaped(entry.link)}">Look</a></p>`;
    return `<h3>${escaped(entry.heading)}</h3>${lines}${look}`;
  });
  const rest = more > 0 ? paragraph(`And ${more} more.`) : '';
  const look = entries.length === 0 && link !== null ? `<p><a href="${escaped(link)}">Look</a></p>` : '';
  return `<!doctype html><html><body>${intro === null ? '' : paragraph(intro)}${parts.join('')}${rest}${look}</body></html>`;
}
