import type { EventEmitter } from 'node:events';
import type { DataSource } from 'typeorm';
import type { Change } from '@holdfast/shared/domain';
import type { ChangeRepository, Listening } from './repositories/index.ts';

/** What the server's triggers tell (see the migration). */
interface Told {
  channel: string;
  payload?: string;
}

export class Changes implements ChangeRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async listen(heard: (change: Change) => void, lost: () => void): Promise<Listening> {
    const runner = this.#dataSource.createQueryRunner();
    const client = (await runner.connect()) as EventEmitter;
    const hear = ({ payload }: Told): void => heard(JSON.parse(payload ?? '') as Change);
    let isOver = false;
    const lose = (): void => {
      if (isOver) return;
      isOver = true;
      lost();
    };
    client.on('notification', hear).once('end', lose).once('error', lose);
    // The connection goes back to the pool, where nobody listens.
    const leave = (): void => {
      isOver = true;
      client.off('notification', hear).off('end', lose).off('error', lose);
    };
    try {
      await runner.query('listen holdfast_changes');
    } catch (error) {
      leave();
      await runner.release();
      throw error;
    }
    return {
      stop: async () => {
        const wasOver = isOver;
        leave();
        if (!wasOver) await runner.query('unlisten holdfast_changes').catch(() => undefined);
        await runner.release().catch(() => undefined);
      },
    };
  }
}
