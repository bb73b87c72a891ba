import { startS3 } from '@holdfast/testing/s3';
import { contentOf, failureOf, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { s3Destination, testSettings } from '../testing.ts';
import { AddressGuard } from '@holdfast/shared/security';
import { openS3Store } from './index.ts';

const signal = new AbortController().signal;
const closed = { ...testSettings, allowedNetworks: [] };

describe('the guard of custom endpoints', () => {
  const guard = new AddressGuard([]);

  for (const address of [
    '127.0.0.1', '127.8.9.1', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254',
    '100.100.100.200', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00:ec2::254', 'fc00::1', 'ff02::1',
    '::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '64:ff9b::7f00:1', '2002:7f00:1::1',
  ]) {
    it(`closes ${address}`, () => expect(guard.allows(address)).to.equal(false));
  } // prettier-ignore

  for (const address of ['8.8.8.8', '172.32.0.1', '192.169.0.1', '100.63.0.1', '2606:4700::1111', '::ffff:8.8.8.8']) {
    it(`opens ${address}`, () => expect(guard.allows(address)).to.equal(true));
  }

  it('opens what the operator allows, and only that', () => {
    const opened = new AddressGuard(['10.1.0.0/16', 'fd12::/16']);
    expect(opened.allows('10.1.2.3')).to.equal(true);
    expect(opened.allows('::ffff:10.1.2.3')).to.equal(true);
    expect(opened.allows('fd12::1')).to.equal(true);
    expect(opened.allows('10.2.0.1')).to.equal(false);
    expect(opened.allows('127.0.0.1')).to.equal(false);
  });

  for (const host of ['127.0.0.1', '127.1', '0x7f.1', '2130706433', 'localhost', '[::ffff:127.0.0.1]', 'name.test']) {
    it(`sends nothing to an endpoint at ${host} that is this machine`, async () => {
      const server = await startS3();
      const names: LookupFunction = (_name, options, callback) => lookup('127.0.0.1', options, callback);
      const destination = s3Destination(server, { endpoint: `http://${host}:${server.port}` });
      const store = openS3Store(destination, closed, { lookup: names });
      const error = await failureOf(store.put('x', streamOf(contentOf(1)), { signal }));
      expect(error).to.include({ code: 'store_forbidden_address' });
      expect((error as Error).message).to.include('HOLDFAST_ALLOWED_NETWORKS');
      expect(await failureOf(store.get('x', { signal }))).to.include({ code: 'store_forbidden_address' });
      expect((await store.probe(signal)).problems[0]).to.include('HOLDFAST_ALLOWED_NETWORKS');
      expect(server.openConnections()).to.equal(0);
      expect(server.requests).to.deep.equal({});
      await store.close();
      await server.stop();
    });
  }

  it('closes a name of which only one address is closed', async () => {
    const both: LookupFunction = (_name, _options, callback) =>
      callback(null, [
        { address: '8.8.8.8', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    const error = await new Promise((resolve) => {
      guard.guard(both)('name.test', {}, resolve);
    });
    expect(error).to.include({ code: 'store_forbidden_address' });
  });

  it('looks at the address of each connection, not only of the first', async () => {
    const server = await startS3();
    let address = '127.0.0.1';
    const moving: LookupFunction = (_name, options, callback) => lookup(address, options, callback);
    const endpoint = `http://moving.test:${server.port}`;
    const settings = { ...testSettings, allowedNetworks: ['127.0.0.1/32'] };
    const store = openS3Store(s3Destination(server, { endpoint }), settings, { lookup: moving });
    expect(await store.head('x')).to.equal(null);
    address = '127.0.0.2';
    await server.restart();
    expect(await failureOf(store.head('x'))).to.include({ code: 'store_forbidden_address' });
    await store.close();
    await server.stop();
  });
});
