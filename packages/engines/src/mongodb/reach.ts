import { connect } from 'node:net';
import type { Connection } from '@holdfast/shared/domain';

const connectMs = 10_000;

/**
 * Sees that something listens. The driver and the programs would try a refused connection again and again until their time
 * is over, and then say that it is over.
 * @throws what the system says, or the signal's reason
 */
export function reach({ host, port }: Connection, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: connectMs });
    const onAbort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => {
      const late = new Error(`no answer in ${connectMs / 1000} seconds`);
      socket.destroy(Object.assign(late, { code: 'ETIMEDOUT' }));
    });
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
  });
}
