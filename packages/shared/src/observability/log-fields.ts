import { AsyncLocalStorage } from 'node:async_hooks';

/** What lines of a log say of what they concern: ids and numbers. */
export type LogFields = Readonly<Record<string, string | number | null>>;

const storage = new AsyncLocalStorage<LogFields>();

/** Does work of which every line that is logged meanwhile, by whichever logger, has these fields, beside those of the work around it. */
export const withLogFields = <T>(fields: LogFields, work: () => T): T =>
  storage.run({ ...storage.getStore(), ...fields }, work);

export const currentLogFields = (): LogFields => storage.getStore() ?? {};
