import { HoldfastError } from '@holdfast/shared/domain';

/**
 * Runs something for at most `seconds`, also when it does not heed its signal.
 * @throws HoldfastError timed_out
 */
export async function withinSeconds<T>(
  seconds: number,
  outer: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timedOut = new HoldfastError('timed_out', `There was no answer within ${seconds} seconds.`);
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(timedOut);
    limit.abort(timedOut);
  }, seconds * 1000);
  try {
    return await Promise.race([run(AbortSignal.any([outer, limit.signal])), promise]);
  } finally {
    clearTimeout(timer);
  }
}
