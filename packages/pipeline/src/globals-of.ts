import { HoldfastError, type Engine, type EngineGlobals } from '@holdfast/shared/domain';

/** @throws HoldfastError configuration, when servers of this kind have no globals */
export function globalsOf({ type, globals }: Engine): EngineGlobals {
  if (!globals) throw new HoldfastError('configuration', `A server of the kind "${type}" has no globals to back up.`);
  return globals;
}
