import { expect } from 'chai';
import { newForm } from '../../destinations/form.ts';
import { newKeeping } from '../../plan/keeping.ts';
import { newProving } from '../../plan/proving.ts';
import { newTiming } from '../../plan/timing.ts';
import { newConnection } from './connection.ts';
import { draftOf, isDraft } from './draft.ts';

const keys = {
  accessKey: 'AKIA-s3cret',
  secretKey: 'key-s3cret',
  deletionAccessKey: 'AKID-s3cret',
  deletionSecretKey: 'del-s3cret',
};
const connection = { ...newConnection(), type: 'postgresql', host: 'db.example.org', password: 'pass-s3cret' } as const;
const plan = {
  going: { chosen: null, form: { ...newForm(), bucket: 'backups', ...keys } },
  timing: newTiming('UTC'),
  keeping: newKeeping(),
  proving: newProving(),
};

describe('what the wizard keeps while it is filled in', () => {
  it('is everything but the secrets, and which of them have to be typed again', () => {
    const draft = draftOf(connection, plan, []);
    expect(JSON.stringify(draft)).to.include('db.example.org').and.include('backups').and.not.include('s3cret');
    expect(draft.lacking).to.deep.equal([
      'password',
      's3_access_key',
      's3_secret_key',
      'deletion_access_key',
      'deletion_secret_key',
    ]);
    expect(isDraft(JSON.parse(JSON.stringify(draft)))).to.equal(true);
  });

  it('goes on to ask for a secret that was typed before the page was loaded, and for none that never was', () => {
    const form = { ...plan.going.form, accessKey: '', secretKey: '', deletionAccessKey: '', deletionSecretKey: '' };
    const bare = { ...plan, going: { ...plan.going, form } };
    expect(draftOf({ ...connection, password: '' }, bare, ['password']).lacking).to.deep.equal(['password']);
    expect(draftOf({ ...connection, password: '' }, bare, []).lacking).to.deep.equal([]);
  });
});
