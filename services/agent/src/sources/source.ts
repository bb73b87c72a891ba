import type { Dump, EngineContext, EngineType, RestoreReport, RestoreRequest } from '@holdfast/shared/domain';

/** What the configuration of this machine says about one registered database; the service cannot change it. */
export interface Source {
  readonly type: EngineType;
  /** Ends without an error only when the content is whole. */
  dump(context: EngineContext): Promise<Dump>;
  /** Whatever fails, the old content stays whole. Resolves only when `input` ended without an error. */
  restore(request: RestoreRequest, input: Dump['stream'], context: EngineContext): Promise<RestoreReport>;
  /** Removes what a killed restore left beside the target, never the target itself. */
  cleanUpRestore(restoreId: string, context: EngineContext): Promise<void>;
}
