import type { ObjectStore } from '@holdfast/shared/domain';
import { contentOf, failureOf, streamOf, collect } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';

const signal = new AbortController().signal;

async function listen(answer: (response: ServerResponse) => void): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function stop({ server }: { server: Server }): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

const operations: Record<string, (store: ObjectStore) => Promise<unknown>> = {
  put: (store) => store.put('x', streamOf(contentOf(100)), { signal }),
  head: (store) => store.head('x'),
  get: (store) => store.get('x', { signal }),
  list: (store) => collect(store.list('')),
  listUploads: (store) => collect(store.listUploads('')),
  delete: (store) => store.delete('x'),
  abortUpload: (store) => store.abortUpload({ key: 'x', uploadId: 'u', startedAt: new Date(0) }),
};

describe('a store that sends its client elsewhere', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`is not followed by any request when it answers ${status}`, async () => {
      const inside = await listen((response) => response.end('<secret/>'));
      let visits = 0;
      inside.server.on('connection', () => (visits += 1));
      let asked = 0;
      let target = '';
      const outside = await listen((response) => {
        asked += 1;
        const endpoint = new URL(target).host;
        const headers = { location: target, 'x-amz-bucket-region': 'eu-west-9', 'content-type': 'application/xml' };
        response.writeHead(status, headers);
        response.end(
          `<Error><Code>${status === 301 ? 'PermanentRedirect' : 'TemporaryRedirect'}</Code><Message>m</Message><Endpoint>${endpoint}</Endpoint><Region>eu-west-9</Region></Error>`,
        );
      });
      const options = { requestAttempts: 1, checkTimeoutMs: 2000 };
      const endpoint = `http://127.0.0.1:${outside.port}`;
      const server = { endpoint, region: 'us-east-1', accessKey: 'a', secretKey: 's', bucket: 'backups' };
      for (target of [`http://127.0.0.1:${inside.port}/latest`, 'http://169.254.169.254/latest/meta-data/']) {
        for (const [name, run] of Object.entries(operations)) {
          const store = openS3Store(s3Destination(server), testSettings, options);
          const before = asked;
          const error = await failureOf(run(store));
          expect(error, `${name} to ${target}`).to.include({ code: 'configuration' });
          expect((error as Error).message, name)
            .to.match(/region/)
            .and.not.include('secret');
          expect(asked, name).to.be.above(before);
          await store.close();
        }
        const probed = openS3Store(s3Destination(server), testSettings, options);
        expect((await probed.probe(signal)).ok).to.equal(false);
        await probed.close();
      }
      expect(visits).to.equal(0);
      await stop(outside);
      await stop(inside);
    });
  }
});
