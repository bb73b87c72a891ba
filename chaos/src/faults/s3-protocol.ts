import type { Effect, RequestKind } from '../bed/s3.ts';
import type { FaultKind } from './kind.ts';

const refused: Effect = { type: 'answer', status: 500, code: 'InternalError' };
const busy: Effect = { type: 'answer', status: 503, code: 'SlowDown' };
const inside: Effect = { type: 'errorInside200', code: 'InternalError' };
const foreign: Effect = { type: 'foreign200', body: '<html>It works!</html>' };
const before: Effect = { type: 'dropBefore' };
const after: Effect = { type: 'dropAfter' };
const slow: Effect = { type: 'slow', ms: 1500 };
const lost: Effect = { type: 'loseByte' };
const stalled: Effect = { type: 'stall' };
const untagged: Effect = { type: 'noEtag' };
const mistagged: Effect = { type: 'wrongEtag' };
const cut: Effect = { type: 'cutBody', bytes: 300 };

const effects: readonly (readonly [RequestKind, readonly Effect[]])[] = [
  ['putObject', [refused, busy, inside, foreign, before, after, slow, lost, untagged, mistagged, stalled]],
  ['createUpload', [refused, busy, inside, foreign, before, after, slow]],
  ['uploadPart', [refused, busy, before, after, slow, untagged, mistagged, stalled]],
  ['completeUpload', [refused, inside, foreign, before, after, slow, lost, untagged]],
  ['headObject', [refused, busy, before, slow]],
  ['getObject', [refused, busy, before, slow, cut]],
  ['listObjects', [refused, inside, foreign, before, slow]],
  ['listUploads', [refused, inside, before]],
  ['deleteObject', [refused, busy, before, after, slow]],
  ['abortUpload', [refused, before, after]],
];

/** The store answers one kind of request wrongly, a few times. */
const protocol: FaultKind = {
  name: 'S3 protocol',
  weight: 16,
  leastMs: 300,
  mostMs: 3000,
  aim: () => 's3 protocol',
  strike: async ({ s3, journal }, _target, random) => {
    const [kind, possible] = random.pick(effects) ?? ['putObject', [refused]];
    const effect = random.pick(possible) ?? refused;
    const times = random.int(1, 4);
    journal.write('S3 answers wrongly', { kind, effect, times });
    await s3.addFault({ kind, effect, times });
    return () => s3.clearFaults();
  },
};

export const s3Faults: readonly FaultKind[] = [protocol];
