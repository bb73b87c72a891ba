import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { channelTypes, notificationKinds, Secret } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { webhookRequest } from './channels/webhook.ts';

const docs = readFileSync(new URL('../../../../docs/notifications.md', import.meta.url), 'utf8');

describe('docs/notifications.md', () => {
  it('names every event and every type of channel', () => {
    for (const name of [...channelTypes, ...notificationKinds]) expect(docs).to.contain(`\`${name}\``);
  });

  it('shows how to verify a signature: its example takes what we send and refuses what was changed', async () => {
    const source = /```js\n(.*?)```/s.exec(docs)?.[1] ?? '';
    const folder = await mkdtemp(join(import.meta.dirname, '.docs-'));
    const file = join(folder, 'verified.mjs');
    await writeFile(file, source);
    const { verified } = (await import(file)) as {
      verified: (secret: string, headers: Readonly<Record<string, string>>, body: string | null) => unknown;
    };
    await rm(folder, { recursive: true });
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const { headers, body } = webhookRequest(
      {
        id: 'c',
        accountId: 1,
        scheduleId: null,
        name: 'ops',
        type: 'webhook',
        settings: {},
        secrets: { url: new Secret('https://ops.example.com/'), signingSecret: new Secret(secret) },
        rules: {
          events: null,
          leastSeverity: 'info',
          databases: null,
          digestMinutes: null,
          repeatHours: null,
          mostPerHour: 60,
        },
        enabled: true,
        failingSince: null,
        lastError: null,
        lastDeliveredAt: null,
        createdAt: new Date(),
        updatedAt: new Date(),
      },
      {
        id: '019a9f3e-52b2-7c31-9d5e-3f1f0c4a7b10',
        type: 'test',
        title: 'Holdfast: a test',
        intro: 'This is a test.',
        severity: 'info',
        isQuiet: true,
        entries: [],
        more: 0,
        at: new Date(),
        link: null,
      },
      new Date(),
    );
    expect(verified(secret, headers, body)).to.have.nested.property('data.text', 'This is a test.');
    expect(() => verified(secret, headers, `${body} `)).to.throw('No matching signature');
  });
});
