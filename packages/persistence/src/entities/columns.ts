import type { EntitySchemaColumnOptions } from 'typeorm';

type Column = EntitySchemaColumnOptions;

export const uuidKey: Column = { type: 'uuid', primary: true };
export const numberKey: Column = { type: 'integer', primary: true, generated: 'increment' };

export const uuid: Column = { type: 'uuid' };
export const text: Column = { type: 'text' };
/** Text in the order of its bytes. */
export const bytewise: Column = { type: 'text', collation: 'C' };
export const integer: Column = { type: 'integer' };
export const flag: Column = { type: 'boolean' };
export const json: Column = { type: 'jsonb' };
export const instant: Column = { type: 'timestamp with time zone' };
/** Set by the database's clock when the row is inserted. */
export const insertedAt: Column = { ...instant, default: () => 'now()' };

/** An integer up to 2^53, which the driver would hand over as text. */
export const bytes: Column = {
  type: 'bigint',
  transformer: {
    to: (value: unknown) => value,
    from: (value: string | null) => (value === null ? null : Number(value)),
  },
};

export const optional = (column: Column): Column => ({ ...column, nullable: true });

/** A column that is ours alone: statements use it, objects of the domain do not have it. */
export const hidden = (column: Column): Column => ({ ...column, select: false });
