import { expect } from 'chai';
import { Secret, type Scope } from '@holdfast/shared/domain';
import { openWorld, unusedName, type World } from './testing/world.ts';

describe('accounts and their tokens', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const newToken = (expiresAt: Date | null = null) =>
    world.accounts.createToken(world.account.id, { name: 'cli', scopes: ['backups:read', 'admin'], expiresAt });
  const moveUse = (id: string, seconds: number) =>
    world.sql('update holdfast.api_tokens set last_used_at = now() - make_interval(secs => $2) where id = $1', [
      id,
      seconds,
    ]);

  it('are found by number and by name, and a name is given once', async () => {
    const name = unusedName();
    const account = await world.accounts.create(name);
    expect(await world.accounts.find(account.id)).to.deep.equal(account);
    expect(await world.accounts.findByName(name)).to.deep.equal(account);
    expect(await world.accounts.find(-1)).to.equal(null);
    expect(await world.accounts.findByName('a\0b')).to.equal(null);
    const again = await world.accounts.create(name).catch((error: Error) => error);
    expect(again).to.deep.include({ name: 'HoldfastError', code: 'configuration' });
  });

  it('keep a hash of a token, never the token', async () => {
    const { token, secret } = await newToken();
    const rows = JSON.stringify(await world.sql('select * from holdfast.api_tokens'));
    expect(rows).to.contain(token.id).and.not.contain(secret.reveal()).and.not.contain(secret.reveal().slice(3));
    expect(token).to.not.have.property('hash');
    expect(await world.accounts.authenticate(secret)).to.not.have.property('hash');
  });

  it('know a token by its secret alone', async () => {
    const { token, secret } = await newToken();
    expect(await world.accounts.authenticate(secret)).to.deep.include({
      id: token.id,
      accountId: world.account.id,
      scopes: ['backups:read', 'admin'],
    });
    expect(await world.accounts.authenticate(new Secret(`${secret.reveal()}x`))).to.equal(null);
    expect(await world.accounts.authenticate(new Secret(token.id))).to.equal(null);
  });

  it('do not know a token that has expired', async () => {
    const { token, secret } = await newToken(new Date(Date.now() + 3_600_000));
    expect(await world.accounts.authenticate(secret)).to.include({ id: token.id });
    await world.sql(`update holdfast.api_tokens set expires_at = now() - interval '1 second' where id = $1`, [
      token.id,
    ]);
    expect(await world.accounts.authenticate(secret)).to.equal(null);
  });

  it('do not know a token that was revoked by its own account', async () => {
    const { token, secret } = await newToken();
    expect(await world.accounts.revokeToken(world.account.id + 1, token.id, 'none')).to.equal(null);
    expect(await world.accounts.revokeToken(world.account.id, 'no-id', 'none')).to.equal(null);
    expect(await world.accounts.authenticate(secret)).to.include({ id: token.id });
    expect(await world.accounts.revokeToken(world.account.id, token.id, 'none')).to.equal('revoked');
    expect(await world.accounts.authenticate(secret)).to.equal(null);
    const revoked = await world.accounts.findToken(world.account.id, token.id);
    expect(revoked?.revokedAt).to.be.instanceOf(Date);
    expect(await world.accounts.revokeToken(world.account.id, token.id, 'none')).to.equal('revoked');
    expect(await world.accounts.findToken(world.account.id, token.id)).to.deep.equal(revoked);
    expect(await world.accounts.findToken(world.account.id + 1, token.id)).to.equal(null);
  });

  it('keep the last token that may administer, also from two that revoke each other at once', async () => {
    const { accounts } = world;
    for (let round = 0; round < 5; round += 1) {
      const { id } = await accounts.create(unusedName());
      const make = (scopes: Scope[], expiresAt: Date | null = null) =>
        accounts.createToken(id, { name: 't', scopes, expiresAt }).then(({ token }) => token.id);
      const tokens = [await make(['admin']), await make(['admin'])];
      const expired = await make(['admin'], new Date(0));
      const reader = await make(['backups:read']);
      const answers = await Promise.all(tokens.map((token) => accounts.revokeToken(id, token, 'an_admin')));
      expect(answers).to.have.members(['last_admin', 'revoked']);
      const last = tokens[answers.indexOf('last_admin')] ?? '';
      for (const other of [expired, reader]) {
        expect(await accounts.revokeToken(id, other, 'an_admin')).to.equal('revoked');
      }
      expect(await accounts.revokeToken(id, last, 'an_admin')).to.equal('last_admin');
      expect(await accounts.revokeToken(id, last, 'none')).to.equal('revoked');
    }
  });

  it('record the use of a token at most once a minute', async () => {
    const { token, secret } = await newToken();
    const used = async (): Promise<number> => (await world.accounts.authenticate(secret))?.lastUsedAt?.getTime() ?? 0;
    const first = await used();
    expect(first).to.be.greaterThan(0);
    await moveUse(token.id, 50);
    expect(await used()).to.be.within(first - 60_000, first - 40_000);
    await moveUse(token.id, 61);
    expect(await used()).to.be.at.least(first);
  });
});
