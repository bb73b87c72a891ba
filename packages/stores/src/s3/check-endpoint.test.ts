import { failureOf } from '@holdfast/testing/stores';
import { HoldfastError } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { checkEndpoint } from './check-endpoint.ts';

const none = { allowedNetworks: [] };

/** Resolves every name to these addresses. */
const to =
  (...addresses: string[]): LookupFunction =>
  (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
const nowhere: LookupFunction = (_name, _options, callback) =>
  callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '');

describe('the check of an endpoint before anything connects to it', () => {
  for (const host of [
    '127.0.0.1', '127.0.0.1.', '127.1', '2130706433', '017700000001', '0x7f000001', '0x7f.0.0.1', '10.0.0.1', '172.16.9.9',
    '192.168.0.1', '169.254.169.254', '2852039166', '0xa9fea9fe', '0.0.0.0', '0', '100.64.0.1', '224.0.0.1', '255.255.255.255',
    '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]', '[fe80::1]',
    '[fd00:ec2::254]', '[ff02::1]', '[64:ff9b::a9fe:a9fe]', '[2002:7f00:1::]', 'localhost', 'LOCALHOST', 'localhost.',
    'bucket.localhost', '１２７.0.0.1',
  ]) {
    it(`refuses ${host}`, async () => {
      for (const scheme of ['http', 'https']) {
        // The real resolver, as an address must never be asked for.
        const error = await failureOf(checkEndpoint(`${scheme}://${host}:9000`, none));
        expect(error, scheme).to.include({ code: 'store_forbidden_address' });
        expect((error as Error).message).to.include('HOLDFAST_ALLOWED_NETWORKS');
      }
    });
  } // prettier-ignore

  it('refuses a name that leads inside now, also by one address of several', async () => {
    for (const addresses of [['10.1.2.3'], ['::1'], ['::ffff:192.168.1.1'], ['8.8.8.8', '169.254.169.254']]) {
      const error = await failureOf(checkEndpoint('https://s3.example.com', none, to(...addresses)));
      expect(error, addresses.join()).to.include({ code: 'store_forbidden_address' });
    }
  });

  it('lets public addresses and names pass', async () => {
    for (const host of ['8.8.8.8', '[2606:4700::1111]', '[::ffff:8.8.8.8]'])
      await checkEndpoint(`http://${host}`, none);
    await checkEndpoint('https://s3.example.com', none, to('8.8.8.8', '2606:4700::1111'));
    await checkEndpoint('https://localhost.example.com', none, to('8.8.8.8'));
  });

  it('lets a name pass that does not resolve now, or not in time', async () => {
    await checkEndpoint('https://not-yet.example.com', none, nowhere);
    await checkEndpoint('https://slow.example.com', none, () => undefined);
  });

  it('lets pass what the operator allows, and only that', async () => {
    const allowed = { allowedNetworks: ['10.1.0.0/16', '169.254.7.0/24'] };
    await checkEndpoint('http://10.1.2.3:9000', allowed);
    await checkEndpoint('http://169.254.7.1', allowed);
    await checkEndpoint('http://minio.internal:9000', allowed, to('10.1.9.9'));
    expect(await failureOf(checkEndpoint('http://10.2.0.1', allowed))).to.be.instanceOf(HoldfastError);
    expect(await failureOf(checkEndpoint('http://localhost', allowed, lookup))).to.be.instanceOf(HoldfastError);
    await checkEndpoint('http://localhost:9000', { allowedNetworks: ['127.0.0.0/8', '::1/128'] });
  });

  it('refuses what is no endpoint at all', async () => {
    for (const text of [
      '',
      'x',
      'ftp://x',
      'http://u:p@x.example',
      'https://x.example/?q',
      'http://[fe80::1%25eth0]',
    ]) {
      expect(await failureOf(checkEndpoint(text, none, nowhere)), text).to.include({ code: 'configuration' });
    }
  });
});
