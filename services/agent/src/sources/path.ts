import { HoldfastError, type Connection, type DatabaseOptions, type Engine } from '@holdfast/shared/domain';
import type { Source } from './source.ts';

/** A file or directory of this machine. What is restored as a new one lies beside it: the service says names, never paths. */
export function pathSource(engine: Engine, path: string, options: DatabaseOptions = {}): Source {
  const connection: Connection = { host: '', port: 0, user: '', password: null, database: path, options };
  return {
    type: engine.type,
    dump: (context) => engine.dump(connection, context),
    restore: async (request, input, context) => {
      if (request.target.mode === 'new_database' && request.target.database.includes('/')) {
        throw new HoldfastError(
          'configuration',
          `${JSON.stringify(request.target.database)} cannot be a name beside ${path}: give a name without "/".`,
        );
      }
      return engine.restore(connection, request, input, context);
    },
    cleanUpRestore: (restoreId, context) => engine.cleanUpRestore(connection, restoreId, context),
  };
}
