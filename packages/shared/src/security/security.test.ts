import { inspect } from 'node:util';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { HoldfastError } from '../domain/errors.ts';
import { ForgottenSecret, Secret } from '../domain/secret.ts';
import { LinkSigner } from './signed-links.ts';
import { longestForm, redact } from './redact.ts';
import { SecretBox } from './secret-box.ts';
import { hashToken, newApiToken } from './tokens.ts';

const keys = [
  { id: 'new', key: Buffer.alloc(32, 1) },
  { id: 'old', key: Buffer.alloc(32, 2) },
] as const;

describe('sealed secrets', () => {
  const box = new SecretBox(keys);

  it('open to what was sealed, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(box.open(box.seal(new Secret(text), 'a.1'), 'a.1').reveal()).to.equal(text.toWellFormed());
      }),
    );
  });

  it('that were forgotten, or do not open, fail where they would be used, and keep nothing else from being hidden', () => {
    const forgotten = new ForgottenSecret('The password was forgotten: set it again.');
    expect(() => forgotten.reveal())
      .to.throw(HoldfastError, 'set it again')
      .with.property('code', 'secret_forgotten');
    const sealed = box.seal(new Secret('x'), 'a.1');
    const away = new SecretBox([{ id: 'other', key: Buffer.alloc(32, 9) }]).openOrKeep(sealed, 'a.1', 'password');
    expect(() => away.reveal())
      .to.throw(/password.*HOLDFAST_SECRET_KEYS/)
      .with.property('code', 'secret_unreadable');
    expect(redact('hunter2 said it', [forgotten, away, new Secret('hunter2')])).to.equal('[redacted] said it');
    expect(longestForm([forgotten, away, new Secret('hunter2')])).to.equal(7);
  });

  it('do not open in another row or column', () => {
    const sealed = box.seal(new Secret('s'), 'databases.1.password');
    expect(() => box.open(sealed, 'databases.2.password')).to.throw('No configured key opens');
  });

  it('do not open after any change', () => {
    const sealed = box.seal(new Secret('secret'), 'c');
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('A', 'b', '7'), (at, replacement) => {
        const changed = sealed.slice(0, at) + replacement + sealed.slice(at + 1);
        const bytes = (text: string) =>
          text
            .split('.')
            .map((part) => Buffer.from(part, 'base64url').toString('hex'))
            .join('.');
        fc.pre(bytes(changed) !== bytes(sealed));
        expect(() => box.open(changed, 'c')).to.throw();
      }),
    );
  });

  it('open after rotation by the older key, and say which key is missing', () => {
    const older = new SecretBox([keys[1]]).seal(new Secret('s'), 'c');
    expect(box.open(older, 'c').reveal()).to.equal('s');
    expect(() => new SecretBox([keys[0]]).open(older, 'c')).to.throw('key "old"');
  });

  it('stay hidden when printed, logged or serialised', () => {
    const secret = new Secret('hunter2');
    for (const shown of [String(secret), JSON.stringify({ secret }), inspect({ secret }), secret.toString()]) {
      expect(shown).not.to.contain('hunter2');
    }
  });
});

describe('download links', () => {
  const signer = new LinkSigner([{ id: 'k', key: Buffer.alloc(32, 3) }]);
  const claims = {
    backupId: '0199f0c4-0000-7000-8000-000000000001',
    fileId: '0199f0c4-0000-7000-8000-000000000002',
    expires: 1000,
  };

  it('open until they expire and not a moment longer', () => {
    const token = signer.sign(claims);
    expect(signer.verify(token, new Date(999_999))).to.deep.equal(claims);
    expect(signer.verify(token, new Date(1_000_000))).to.equal(null);
  });

  it('are refused after any change, under another key, and when they are not tokens at all', () => {
    const token = signer.sign(claims);
    const other = new LinkSigner([{ id: 'k', key: Buffer.alloc(32, 4) }]);
    expect(other.verify(token, new Date(0))).to.equal(null);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat(token.length - 1).map((at) => token.slice(0, at) + '!' + token.slice(at + 1)),
        ),
        (bad) => {
          expect(signer.verify(bad, new Date(0))).to.equal(null);
        },
      ),
    );
  });
});

describe('a download link after a rotation of keys', () => {
  it('opens while the key that signed it is kept, and new ones are signed by the first', () => {
    const [newer, older] = keys;
    const claims = { backupId: '0199f0c4-0000-7000-8000-000000000001', fileId: 'manifest', expires: 1000 } as const;
    const both = new LinkSigner([newer, older]);
    expect(both.verify(new LinkSigner([older]).sign(claims), new Date(0))).to.deep.equal(claims);
    expect(new LinkSigner([newer]).verify(both.sign(claims), new Date(0))).to.deep.equal(claims);
    expect(new LinkSigner([newer]).verify(new LinkSigner([older]).sign(claims), new Date(0))).to.equal(null);
  });
});

describe('API tokens', () => {
  it('are random, and stored only as a hash', () => {
    const [a, b] = [newApiToken(), newApiToken()];
    expect(a.reveal()).not.to.equal(b.reveal());
    expect(hashToken(a))
      .to.match(/^[0-9a-f]{64}$/)
      .and.not.contain(a.reveal());
  });
});
