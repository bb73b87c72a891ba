import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { dumpOf, newDatabase } from '@holdfast/testing/engines';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { archiveMajor } from './archive-header.ts';

/** The header that pg_dump writes since 16, where the compression is one byte. */
function header(version: string, format = [1, 16, 0]): Buffer {
  const integer = (value: number): number[] => [0, value, 0, 0, 0];
  const text = (value: string): number[] => [...integer(value.length), ...Buffer.from(value)];
  return Buffer.from([
    ...Buffer.from('PGDMP'),
    ...format,
    4,
    8,
    1,
    0,
    ...Array.from({ length: 7 }, () => integer(1)).flat(),
    ...text('database'),
    ...text('17.1'),
    ...text(version),
  ]);
}

describe('archiveMajor', () => {
  it('sees the version of the real pg_dump and leaves the archive as it was', async () => {
    const engine = createEngines({ clientFolders: [] }).get('postgresql');
    const connection = await newDatabase('empty');
    const { tool } = await engine.probe(connection, { signal: new AbortController().signal });
    const archive = await dumpOf(engine, connection);
    const input = Readable.from([archive]);
    expect(await archiveMajor(input)).to.equal(Number.parseInt(tool.version, 10));
    expect(await buffer(input)).to.deep.equal(archive);
  });

  it('sees newer versions', async () => {
    expect(await archiveMajor(Readable.from([header('18.4 (Debian 18.4-1)')]))).to.equal(18);
  });

  it('sees nothing in what is no archive or is cut off, and puts it back', async () => {
    for (const content of [Buffer.from('-- SQL'), header('18.4').subarray(0, 20), header('18.4').subarray(0, 60)]) {
      const input = Readable.from([content]);
      expect(await archiveMajor(input)).to.equal(null);
      expect(await buffer(input)).to.deep.equal(content);
    }
    expect(await archiveMajor(Readable.from([]))).to.equal(null);
  });

  it('waits for an input that comes late, and fails with one that fails', async () => {
    const late = new PassThrough();
    setTimeout(() => late.end(header('16.0')), 20);
    expect(await archiveMajor(late)).to.equal(16);
    const failing = new PassThrough();
    setTimeout(() => failing.destroy(new Error('damaged')), 20);
    const failed = await archiveMajor(failing).catch((error: unknown) => error);
    expect(failed).to.be.an('error').with.property('message', 'damaged');
  });
});
