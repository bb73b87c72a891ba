import { HoldfastError } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { readCommand } from './command.ts';
import { explain } from './explain.ts';
import { exits, UsageError } from './usage.ts';

const place = ['--folder', '/backups'];
const problem = (...given: string[]): string => {
  try {
    readCommand(given);
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError);
    return (error as Error).message;
  }
  return 'accepted';
};

describe('the recovery command', () => {
  it('reads where the backups are and what to do', () => {
    expect(readCommand(['list', ...place])).to.deep.equal({
      name: 'list',
      database: null,
      identityFiles: [],
      json: false,
      place: { type: 'folder', path: '/backups' },
    });
    const bucket = ['--bucket', 'b', '--prefix', 'a/b', '--endpoint', 'http://x', '--path-style'];
    expect(readCommand(['show', 'latest:shop', ...bucket, '--json'])).to.deep.include({
      backup: 'latest:shop',
      json: true,
      place: { type: 'bucket', bucket: 'b', prefix: 'a/b/', endpoint: 'http://x', region: null, pathStyle: true },
    });
    const url = ['--url', 'postgres://me@[::1]:6000/copy'];
    expect(readCommand(['restore', 'abcd', ...place, ...url, '--schema', 'a', '--table', 'b.c', '--table', 'b.d']))
      .to.have.property('target')
      .that.deep.include({
        host: '::1',
        port: 6000,
        user: 'me',
        database: 'copy',
        inPlace: false,
        tables: ['b.c', 'b.d'],
      });
    for (const help of [[], ['--help'], ['list', '--help']]) expect(readCommand(help)).to.equal(null);
  });

  it('refuses an option that takes one value and is given several times, and takes all of any other', () => {
    for (const [name, ...given] of [
      ['--database', 'list', ...place, '--database', 'a', '--database', 'b'],
      ['--folder', 'list', ...place, '--folder=/other'],
      ['--to', 'download', 'a', ...place, '--to', '/x', '--to', '/y'],
    ] as const) {
      expect(problem(...given)).to.contain(`${name} takes one value`);
    }
    const lists = ['--schema', 'a', '--schema', 'b', '--identity', 'k', '--identity', 'l'];
    const read = readCommand(['restore', 'a', ...place, ...lists, '--json', '--json']);
    expect(read).to.deep.nested.include({ identityFiles: ['k', 'l'], 'target.schemas': ['a', 'b'] });
  });

  it('names the option that brings a key where none opens a backup, and ends as documented', () => {
    const closed = explain(new HoldfastError('key_missing', 'It is encrypted.'));
    expect(closed).to.include({ exit: exits.keyMissing }).and.to.have.property('text').that.contains('--identity FILE');
    const codes = ['integrity', 'object_missing', 'content_differs', 'cancelled', 'store_failed'] as const;
    const ends = codes.map((code) => explain(new HoldfastError(code)).exit);
    expect([...ends, explain(new UsageError('x')).exit]).to.deep.equal([3, 3, 3, 130, 1, 2]);
  });

  it('says what is wrong, and repeats nothing that may be a secret', () => {
    for (const [given, said] of [
      [['explode', ...place], 'must be a command'],
      [['list'], 'either --folder DIR or --bucket B'],
      [['list', ...place, '--bucket', 'b'], 'either --folder DIR or --bucket B'],
      [['list', ...place, '--region', 'x'], '--region belongs to a bucket'],
      [['list', ...place, '--host', 'x'], 'list takes no --host'],
      [['list', 'x', ...place], 'list takes no backup'],
      [['show', ...place], 'needs a backup'],
      [['show', 'a', 'b', ...place], 'too much'],
      [['download', 'a', ...place], '--to'],
      [['restore', 'a', ...place, '--in-place'], '--database'],
      [['restore', 'a', ...place, '--in-place', '--database', 'x', '--schema', 'y'], 'cannot replace a whole'],
      [['restore', 'a', ...place, '--database', 'host=evil'], 'plain name'],
      [['restore', 'a', ...place, '--database', 'x', '--to', '/y'], 'not both'],
      [['restore', 'a', ...place, '--to', ''], '--to must be'],
      [['restore', 'a', ...place, '--port', '0'], 'port'],
      [['restore', 'a', ...place, '--sslmode', 'maybe'], '--sslmode must be one of'],
      [['restore', 'a', ...place, '--url', 'http://x'], '--url must look like'],
    ] as const) {
      expect(problem(...given), given.join(' ')).to.contain(said);
    }
    for (const given of [
      ['restore', 'a', ...place, '--password=hunter2'],
      ['restore', 'a', ...place, '--password', 'hunter2'],
      ['restore', 'a', ...place, '--url', 'postgres://me:hunter2@host/x'],
    ]) {
      const said = problem(...given);
      expect(said).to.not.equal('accepted');
      expect(said).to.not.contain('hunter2');
    }
  });
});
