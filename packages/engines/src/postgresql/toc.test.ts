import { Readable } from 'node:stream';
import { brotliDecompressSync } from 'node:zlib';
import { dumpOf, failureOf, newDatabase } from '@holdfast/testing/engines';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { readToc } from './toc.ts';

/** A whole archive of pg_dump 18 (format 1.16), which no package of this system has: four tables, a key, a large object. */
const newest = [
  'GxISAJ4HtnO0kOwIDw3ZxZ9FABzL+4hcVFMnyGazgUWpD3gcCTzd5qxJYyjk0XE9NUBAAkj/mc5eV5bpb5BzJKmYcTZREb1aU5srICgXKJGTye',
  '7eJSkQSEBHf1BGITvVdVVAStbIWpS2r4GrNdSmCxDR+sVzfchJudDshPJgPJoAowApqAAk4QYAxFHfy/PT9AxiKvKhHWXr7GI5WKBh8h6TUCxZ',
  '8QRbS7UDzouWKNnohqCvTBL/tqUIj7PCqYvAItgUjSG5Rm7nbrCYB85tweTMyqcQtOBBQTGba9hJiQY3VAGY7oiNdAXrIVMPg/7HyqdwyRa5iY',
  '8HDnOnxeL4eXpxHN0h+CQCOAgEieeWDyAbB3RoLwt/wpQKFAJzXMIkVFamE3ukz6mIiGykLGDaVmGlzs4kcWznFzGMlyfQyq2dRacstGf91GY5',
  'GlMj7/LtRhl9PM+f7Lf/nV3Dhzb8wFDh6qDWswYSHW30XcDsUirKvXlf+khMBTpiQIgNTEkmV6ZTbBkUVUtJJ+JMEVrFaiPhdPzImVJ+ND2qkS',
  'jLMKDm0LSMnQR6+lDxYIY5JNiJXiVxtdgnh+JMAwddNkKFqEZxFrjuzNV0eMBHqkCf+eZLQlxQqo8F2eV5xOXQ8LKrZSpZozFf2nL/JhrtFcML',
  'wsGt+vKMLhThduuyK+BXTQMf6+SywDOYS+MBt4K3X5iTrYn+ummlMS3Qe5+OBAGHSiWSzubAREeYnGMXs5yMUqttLZ6LaAbX1HkFfqL7rpdjsd',
  '38roBvKT7qWbecuPP0CEFvcsIy9oGI5BdrXsQ2JtvHp3DOSXK2Tvqxaivf0wsdWJn8cKtNzShUFdwbYrN/aAbVSRlnukhmCoiSeOsgrQLQMM8Y',
  'zuTOfWOlmnL2g9Zcbc/9k5At3Xa1YYu9jTebNdr2wXFaf8To5OyrvPspu3FILaKstdn84N90gQvFg1rnavlFmZpIZmk6LyobTwamBtOxPiGkR7',
  'ZNQnlO2bnXD+ndmA5e6mG508GXSYlCy2g5wYGxqk2Rt/Z0iicLWEOHhykcLwS+Tebm23AjeLPP47HYaTqfoINA2GauIuM6sCPw80ZwPed37nfz',
  'xf+sJVZAP2iHGOc2ndggbHBrfo0KheDLAGiFSD8K/VewgkzIq5OmfsgwX29YA5IL+duHfmFlX8Ct1OS7WZrYm/CvxzXK4z+TU8e1sSltk27vze',
  'FHrFevNdo5ahZt1nWKJvojmTjG3mly3W6fU9jt2ld4zwpQcG7Xb+R1rZrQHvAj0QcN0aYO+d/2SZaFBLlRhUst9vBhPX3CWG+3+v8pQboF7eFA',
  'rNGAfqlQoLzWUoUpl5vrxXAPYjnx4sziieSWPiilWJUBqqba5TOFBgM8wVVH92odHK1uRibW127V6ejy2vqSQuuV5fPPyioSDKI2eVZetpKJE3',
  'NPy/WiNw2ayfH6jwsJCrzG6GBbH9iy4KclkyCglXnWWTMhpP3lWgYQwuVojCs=',
].join('');

describe('the table of contents of an archive', () => {
  let archive: Buffer;
  before(async () => {
    archive = await dumpOf(createEngines({ clientFolders: [] }).get('postgresql'), await newDatabase('sample'));
  });

  it('is found however the archive comes in pieces, and all of it is put back', async () => {
    const whole = await readToc(Readable.from([archive], { objectMode: false }));
    for (const size of [100, 1000, 65_536]) {
      const pieces = function* (): Generator<Buffer> {
        for (let at = 0; at < archive.length; at += size) yield archive.subarray(at, at + size);
      };
      const input = Readable.from(pieces(), { objectMode: false });
      expect(await readToc(input)).to.deep.equal(whole);
      const back: Buffer[] = [];
      for await (const chunk of input) back.push(chunk as Buffer);
      expect(Buffer.concat(back).equals(archive)).to.equal(true);
    }
  });

  it('is read in the newest format, too', async () => {
    const input = Readable.from([brotliDecompressSync(Buffer.from(newest, 'base64'))], { objectMode: false });
    const entries = await readToc(input);
    const lines = entries.map(({ kind, schema, tag }) => `${kind} ${schema ?? '-'} ${tag}`);
    expect(lines).to.include.members([
      'SCHEMA - shop',
      'TABLE shop items',
      'TABLE DATA shop items',
      'SEQUENCE OWNED BY shop items_id_seq',
      'FK CONSTRAINT public parts parts_item_fkey',
      'TABLE ATTACH public readings_1',
    ]);
    const table = entries.find(({ kind, tag }) => kind === 'TABLE' && tag === 'items');
    const data = entries.find(({ kind, tag }) => kind === 'TABLE DATA' && tag === 'items');
    expect(data?.needs).to.deep.equal([table?.id]);
  });

  it('is refused of what is no archive, is cut off, or has a format that is not known', async () => {
    const refused = async (bytes: Buffer): Promise<string> =>
      (await failureOf(readToc(Readable.from([bytes], { objectMode: false })), 'restore_failed')).message;
    expect(await refused(Buffer.from('no archive at all'))).to.contain('no archive');
    expect(await refused(archive.subarray(0, 2000))).to.contain('ends before');
    const newer = Buffer.from(archive);
    newer.writeUInt8(99, 6);
    expect(await refused(newer)).to.contain('1.99');
  });
});
