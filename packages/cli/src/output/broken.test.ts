import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { endOfOutput } from './broken.ts';

const program = join(import.meta.dirname, '../../bin/holdfast.mjs');

/** Runs `holdfast apply --schema`, whose output is longer than what a pipe holds of it when it is cut. */
async function ended(stdout: number | 'cut'): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, [program, 'apply', '--schema'], {
    stdio: ['ignore', stdout === 'cut' ? 'pipe' : stdout, 'pipe'],
  });
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdout?.destroy();
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err };
}

describe('standard output that takes no more', () => {
  it('ends the program badly, in words where the disk is full and without any where the reader went', async () => {
    const device = openSync('/dev/full', 'w');
    const [full, cut] = await Promise.all([ended(device), ended('cut')]);
    closeSync(device);
    expect(full).to.deep.equal({ code: 1, err: 'Standard output could not be written: there is no space left.\n' });
    expect(cut).to.deep.equal({ code: 141, err: '' });
  });

  it('says another problem as the system does', () => {
    expect(endOfOutput(Object.assign(new Error('EODD: odd'), { code: 'EODD' })).text).to.contain('EODD: odd');
  });
});
