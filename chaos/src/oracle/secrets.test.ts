import { expect } from 'chai';
import { secretsIn } from './secrets.ts';

const secrets = { password: `a1b2c3d4e5f6a7b8c9d0/:@ %+'"\\`, key: 'q+Zr/8w==abc' };

describe('the search for secrets', () => {
  it('finds nothing where there is none', () => {
    expect(secretsIn('connection to postgres://user@host:5432 refused', secrets)).to.deep.equal([]);
  });

  const hidden: readonly [string, (secret: string) => string][] = [
    ['as it is', (secret) => secret],
    ['in a URL', (secret) => `postgres://user:${encodeURIComponent(secret)}@host`],
    ['in JSON', (secret) => JSON.stringify({ error: secret })],
    ['in base64', (secret) => Buffer.from(secret).toString('base64')],
    ['in base64 with a name in front', (secret) => `Basic ${Buffer.from(`user:${secret}`).toString('base64')}`],
    ['in base64 between other bytes', (secret) => Buffer.from(`xy${secret} and more`).toString('base64')],
    ['in base64url', (secret) => Buffer.from(`xx${secret}`).toString('base64url')],
  ];
  for (const [where, hide] of hidden) {
    for (const [name, secret] of Object.entries(secrets)) {
      it(`finds a ${name} ${where}`, () => {
        expect(secretsIn(`{"msg":"${hide(secret)}"}`, secrets)).to.deep.equal([name]);
      });
    }
  }
});
