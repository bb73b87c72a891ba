import { expect } from 'chai';
import { openApi, type TestApi } from '../harness.test.ts';
import { trustedProxies } from './trusted-proxies.ts';

describe('trusted proxies', () => {
  it('are those in the networks, and nothing else', () => {
    const trusts = trustedProxies(['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8']);
    const inside = ['10.0.0.1', '10.255.255.255', '192.0.2.7', 'fd00::1', '::ffff:10.1.2.3'];
    const outside = [
      '11.0.0.1',
      '192.0.2.8',
      '127.0.0.1',
      '::1',
      'fe80::1',
      '::ffff:11.0.0.1',
      '',
      'unknown',
      '10.0.0',
    ];
    for (const address of inside) expect(trusts(address), address).to.equal(true);
    for (const address of outside) expect(trusts(address), address).to.equal(false);
    expect(trustedProxies([])('127.0.0.1')).to.equal(false);
    expect(trustedProxies(['0.0.0.0/0'])('198.51.100.1')).to.equal(true);
  });

  describe('in front of the API', () => {
    let api: TestApi;
    afterEach(() => api.stop());

    const firstLink = async (forwarded: Record<string, string>): Promise<string> => {
      const { token } = await api.tenant('ada');
      const { json } = await api.request('GET', '/api/backup-destinations', { token, headers: forwarded });
      return (json['links'] as { first: string }).first;
    };
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'backups.example.com' };

    it('say what links begin with', async () => {
      api = await openApi({ HOLDFAST_TRUSTED_PROXIES: '127.0.0.0/8' });
      expect(await firstLink(forwarded)).to.match(/^https:\/\/backups\.example\.com\/api\/backup-destinations\?/);
    });

    it('are not believed when they are not trusted', async () => {
      api = await openApi({ HOLDFAST_TRUSTED_PROXIES: '10.0.0.0/8' });
      expect(await firstLink(forwarded)).to.match(new RegExp(`^${api.url}/api/`));
    });

    it('cannot lead links to anything but HTTP', async () => {
      api = await openApi({ HOLDFAST_TRUSTED_PROXIES: '127.0.0.0/8' });
      const script = await firstLink({ 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'x.example' });
      expect(script).to.match(/^http:\/\/x\.example\/api\//);
    });

    it('cannot lead links to what is no host', async () => {
      api = await openApi({ HOLDFAST_TRUSTED_PROXIES: '127.0.0.0/8' });
      const link = await firstLink({ 'x-forwarded-host': 'a b/\\c' });
      expect(link).to.match(new RegExp(`^${api.url}/api/`));
    });
  });
});
