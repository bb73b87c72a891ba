import type { EntitySchemaOptions } from 'typeorm';

export type ForeignKey = NonNullable<EntitySchemaOptions<unknown>['foreignKeys']>[number];

/** A reference that keeps what it points to from being deleted. */
export const restricted = (
  name: string,
  target: string,
  columnNames: string[],
  referencedColumnNames = ['id'],
): ForeignKey => ({ name, target, columnNames, referencedColumnNames, onDelete: 'RESTRICT' });

/** A restricted reference that cannot leave the account. */
export const withinAccount = (name: string, target: string, columnName: string): ForeignKey =>
  restricted(name, target, ['accountId', columnName], ['accountId', 'id']);
