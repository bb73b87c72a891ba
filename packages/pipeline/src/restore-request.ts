import type { ContentTarget, Restore, RestoreRequest } from '@holdfast/shared/domain';

/** A restore that brings content, in place or into a new database; an undoing brings none. */
export type ContentRestore = Omit<Restore, 'target'> & { target: ContentTarget };

/** What the engine is asked for, the same in each attempt. */
export function requestOf({
  id,
  target,
  ownership,
  selection,
  keepHours,
}: Pick<ContentRestore, 'id' | 'target' | 'ownership' | 'selection' | 'keepHours'>): RestoreRequest {
  return { restoreId: id, target, ownership, selection, keepFormer: target.mode === 'in_place' && keepHours > 0 };
}
