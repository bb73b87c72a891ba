import { expect } from 'chai';
import { contentDisposition } from './disposition.ts';
import { wantsEqualParts } from './provider.ts';
import { checkedTarget } from './target.ts';
import { digestTag, isProven, verifyStored } from './verify.ts';

const md5 = '5d41402abc4b2a76b9719d911017c592';
const stored = { key: 'x', size: 5, etag: md5, modifiedAt: new Date(0), digest: md5, retention: null };

describe('the check of what a store holds', () => {
  it('takes an ETag for a digest only where it is one', () => {
    expect(digestTag(`"${md5.toUpperCase()}"`, undefined)).to.equal(md5);
    expect(digestTag(`"${md5}-12"`, 'AES256')).to.equal(`${md5}-12`);
    expect(digestTag(`"${md5}"`, 'aws:kms')).to.equal(null);
    expect(digestTag('"CKih16GjycICEAE="', undefined)).to.equal(null);
    expect(digestTag(undefined, undefined)).to.equal(null);
  });

  it('refuses nothing, another size and another digest', () => {
    expect(verifyStored(stored, { size: 5, etag: md5 }, 'x')).to.equal(stored);
    expect(verifyStored(stored, { size: 5, etag: null }, 'x')).to.equal(stored);
    expect(() => verifyStored(null, { size: 5, etag: md5 }, 'x')).to.throw('does not have it');
    expect(() => verifyStored(stored, { size: 6, etag: md5 }, 'x')).to.throw('holds 5 bytes');
    expect(() => verifyStored(stored, { size: 5, etag: md5.replace('5', '6') }, 'x')).to.throw('checksum');
  });

  it("does not compare a digest of the parts with one of the whole, as some providers' is", () => {
    expect(verifyStored(stored, { size: 5, etag: `${md5}-3` }, 'x')).to.equal(stored);
    expect(isProven(stored, { size: 5, etag: `${md5}-3` })).to.equal(false);
  });

  it('refuses a lock that is not told of, is shorter or weaker than what was asked for', () => {
    const retention = { mode: 'compliance', until: new Date('2027-01-01T00:00:00.900Z') } as const;
    const expected = { size: 5, etag: md5, retention };
    const locked = (mode: 'compliance' | 'governance', until: string) => ({
      ...stored,
      retention: { mode, until: new Date(until) },
    });
    // Stores keep whole seconds.
    const same = locked('compliance', '2027-01-01T00:00:00Z');
    expect(verifyStored(same, expected, 'x')).to.equal(same);
    const longer = locked('compliance', '2028-01-01T00:00:00Z');
    expect(verifyStored(longer, expected, 'x')).to.equal(longer);
    expect(() => verifyStored(stored, expected, 'x')).to.throw('does not say that "x" is locked');
    for (const wrong of [locked('compliance', '2026-12-31T23:59:59Z'), locked('governance', '2027-01-01T00:00:00Z')]) {
      expect(() => verifyStored(wrong, expected, 'x')).to.throw('instead of compliance until 2027-01-01T00:00:00.900Z');
    }
  });

  it('takes an object for ours without an answer only by its digest', () => {
    expect(isProven(stored, { size: 5, etag: md5 })).to.equal(true);
    expect(isProven({ ...stored, digest: null }, { size: 5, etag: md5 })).to.equal(false);
    expect(isProven({ ...stored, digest: null }, { size: 5, etag: null })).to.equal(false);
    expect(isProven(null, { size: 5, etag: md5 })).to.equal(false);
  });
});

describe("an S3 destination's settings", () => {
  const settings = { bucket: 'b-1', region: null, endpoint: null, pathStyle: false, prefix: '', maxParts: 10_000 };

  it('have a region and a host by default', () => {
    expect(checkedTarget(settings)).to.include({ region: 'us-east-1', host: 's3.us-east-1.amazonaws.com' });
  });

  const wrong = [
    { bucket: 'arn:aws:s3:us-west-2:123456789012:accesspoint/x' },
    { bucket: 'a/b' },
    { bucket: '' },
    { region: 'x@evil.example/' },
    { region: '' },
    { endpoint: 'ftp://host' },
    { endpoint: 'not a url' },
    { endpoint: 'http://user:password@host' },
    { endpoint: 'http://host/?x=1' },
    { prefix: 'no-slash' },
    { maxParts: 0 },
    { maxParts: 10_001 },
  ];
  for (const change of wrong) {
    it(`are refused with ${JSON.stringify(change)}`, () => {
      expect(() => checkedTarget({ ...settings, ...change }))
        .to.throw()
        .with.property('code', 'configuration');
    });
  }

  it('ask for equal parts at Cloudflare R2', () => {
    expect(wantsEqualParts(new URL('https://abc.r2.cloudflarestorage.com'))).to.equal(true);
    expect(wantsEqualParts(new URL('https://r2.cloudflarestorage.com.evil.example'))).to.equal(false);
    expect(wantsEqualParts(null)).to.equal(false);
  });
});

describe('the name of a download', () => {
  it('cannot leave its header', () => {
    expect(contentDisposition('a"; x="\r\nSet-Cookie: b')).to.equal(
      `attachment; filename="a__ x=___Set-Cookie_ b"; filename*=UTF-8''a%22%3B%20x%3D%22%0D%0ASet-Cookie%3A%20b`,
    );
  });
});
