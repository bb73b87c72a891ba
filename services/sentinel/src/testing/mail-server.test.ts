import type { AddressInfo } from 'node:net';
import { selfSigned } from '@holdfast/testing/tls';
import { SMTPServer } from 'smtp-server';

interface Mail {
  from: string;
  to: string[];
  isSecure: boolean;
  user: string | undefined;
  text: string;
}

/** A mail server that offers STARTTLS, asks for a password, and keeps what it is given. */
export interface MailServer {
  port: number;
  certificate: string;
  password: string;
  mails: Mail[];
  stop(): Promise<void>;
}

export async function startMailServer(offersTls = true): Promise<MailServer> {
  const { certificate, key } = selfSigned();
  const password = 'the-password-of-the-mail-server';
  const mails: Mail[] = [];
  const server = new SMTPServer({
    cert: certificate,
    key,
    authMethods: ['PLAIN', 'LOGIN'],
    disabledCommands: offersTls ? [] : ['STARTTLS'],
    onAuth: ({ username, password: given }, _session, done) =>
      given === password ? done(null, { user: username }) : done(new Error('The password is wrong.')),
    onData: (stream, { envelope, secure, user }, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), isSecure: secure, user, text });
        done(null, 'kept');
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    certificate,
    password,
    mails,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
