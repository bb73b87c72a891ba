import { expect } from 'chai';
import type { Look } from '../../../data/new-database.ts';
import { errorsOfLook, newConnection, registrationOf, suggestedName } from './connection.ts';

describe('the connection of a database in a form', () => {
  it('is registered with what was written alone, under the name of its database', () => {
    const connection = { ...newConnection(), type: 'postgresql', host: ' db ', user: 'u', database: 'shop' } as const;
    expect(registrationOf(connection)).to.deep.equal({
      name: 'shop',
      type: 'postgresql',
      host: 'db',
      user: 'u',
      database: 'shop',
      options: { sslmode: 'prefer' },
    });
  });

  it('leaves the fields of other kinds out', () => {
    const written = {
      host: 'db',
      user: 'u',
      password: 'p',
      authSource: 'admin',
      globals: true,
      ignore: '*.log\n\n cache/',
    };
    const path = { ...newConnection(), ...written, database: '/srv/site' };
    expect(registrationOf({ ...path, type: 'files' })).to.deep.equal({
      name: 'site',
      type: 'files',
      database: '/srv/site',
      options: { ignore: ['*.log', 'cache/'] },
    });
    expect(registrationOf({ ...path, type: 'sqlite' }))
      .to.have.property('options')
      .that.deep.equals({});
    expect(registrationOf({ ...path, type: 'files', name: 'remote', server: '3' })).to.deep.equal({
      name: 'remote',
      type: 'files',
      server_id: 3,
    });
    expect(registrationOf({ ...path, type: 'mysql' }).options).to.deep.equal({ sslmode: 'prefer' });
  });

  it('suggests the name of what is one database and else that of the host', () => {
    expect(suggestedName({ ...newConnection(), type: 'redis', host: 'cache.example.org' })).to.equal(
      'cache.example.org',
    );
    expect(suggestedName({ ...newConnection(), type: 'sqlite', database: '/srv/app/app.db' })).to.equal('app.db');
  });

  it('shows what a look found at the field that it is about', () => {
    const look = { ok: false, server_version: null, size_bytes: null, tables: null, missing_privileges: [] };
    const failed: Look = { ...look, warnings: [], tool: null, error: { code: 'auth_failed', message: 'No.' } };
    expect(errorsOfLook(failed)).to.deep.equal({ password: ['No.'] });
    expect(errorsOfLook({ ...failed, error: { code: 'server_busy', message: 'Wait.' } })).to.deep.equal({});
  });
});
