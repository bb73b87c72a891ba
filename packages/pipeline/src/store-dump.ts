import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HoldfastError, type ObjectRetention, type ObjectStore } from '@holdfast/shared/domain';
import type { Codec } from './codecs/codec.ts';
import { FirstCause } from './first-cause.ts';
import { Meter, type Measure } from './meter.ts';
import { StallGuard, type StallLimits } from './stall.ts';

export interface StoreDumpOptions {
  store: ObjectStore;
  key: string;
  codecs: readonly Codec[];
  signal: AbortSignal;
  /** Where no byte moves for too long, the dump fails. */
  limits: StallLimits;
  onBytes: (plainSoFar: number) => void;
  retention?: ObjectRetention | undefined;
}

/** What went into an object, on its way from the engine. */
export interface StoredDump {
  plain: Measure;
  /** What was encrypted; null where nothing was. */
  unencrypted: Measure | null;
  stored: Measure;
}

/**
 * Streams a dump through the codecs into one object, and believes neither side: the dump must have ended by itself, the
 * store must have taken every byte, and what it then says it holds must be as long as what was sent.
 * @throws whatever failed first
 */
export async function storeDump(dump: Readable, options: StoreDumpOptions): Promise<StoredDump> {
  const { store, key } = options;
  const first = new FirstCause();
  const plain = new Meter(options.onBytes);
  const stored = new Meter();
  const { dumpSeconds, storeSeconds } = options.limits;
  const guard = new StallGuard(
    { seconds: dumpSeconds, stoodStill: 'the dump program gave no byte that the store would have taken' },
    { seconds: storeSeconds, stoodStill: 'the store took no byte of the dump' },
  );
  const unencrypted = options.codecs.some(({ name }) => name === 'age') ? new Meter() : null;
  const encoders = options.codecs.flatMap((codec) =>
    codec.name === 'age' && unencrypted ? [unencrypted, codec.encode()] : [codec.encode()],
  );
  const flow = [dump, guard, plain, ...encoders, stored];
  // Also after its end: a dump that fails late makes the whole attempt fail.
  first.watch(flow);

  const put = async (): Promise<void> => {
    await store.put(key, stored, { signal: first.signal, retention: options.retention });
    if (!stored.readableEnded) {
      throw new HoldfastError('upload_unverified', `The store stopped taking ${key} before its end.`);
    }
  };
  await first.join(options.signal, () => [pipeline(flow, { signal: first.signal }), put()]);

  if (plain.measure.size === 0) throw new HoldfastError('dump_failed', 'The dump program ended without giving a byte.');
  const held = await store.head(key, { signal: options.signal });
  if (held?.size !== stored.measure.size) {
    const found = held ? `${held.size} bytes` : 'nothing';
    throw new HoldfastError(
      'upload_unverified',
      `The store holds ${found} of ${key} where ${stored.measure.size} bytes were sent.`,
    );
  }
  return { plain: plain.measure, unencrypted: unencrypted?.measure ?? null, stored: stored.measure };
}
