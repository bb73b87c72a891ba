import { BSON } from 'mongodb';

export interface StoredCollection {
  type: 'collection' | 'view';
  options: BSON.Document;
  indexes: BSON.Document[];
  documents: Buffer[];
}

/** A refusal, with the code and name that MongoDB has for it. */
export class Refusal extends Error {
  readonly code: number;
  readonly codeName: string;

  constructor(code: number, codeName: string, message: string) {
    super(message);
    this.code = code;
    this.codeName = codeName;
  }
}

/** The databases of a server that lives in memory. Documents stay the bytes that came. */
export class MemoryStore {
  readonly #databases = new Map<string, Map<string, StoredCollection>>();

  names(): string[] {
    return [...this.#databases].filter(([, collections]) => collections.size > 0).map(([name]) => name);
  }

  collections(database: string): Map<string, StoredCollection> {
    const found = this.#databases.get(database) ?? new Map<string, StoredCollection>();
    this.#databases.set(database, found);
    return found;
  }

  /** The collection, made where it is not there. */
  collection(database: string, name: string): StoredCollection {
    const collections = this.collections(database);
    const found = collections.get(name) ?? this.create(database, name, {});
    collections.set(name, found);
    return found;
  }

  create(database: string, name: string, options: BSON.Document): StoredCollection {
    const collections = this.collections(database);
    if (collections.has(name)) throw new Refusal(48, 'NamespaceExists', `Collection ${name} already exists.`);
    const isView = 'viewOn' in options;
    const indexes = isView ? [] : [{ v: 2, key: { _id: 1 }, name: '_id_' }];
    const made: StoredCollection = { type: isView ? 'view' : 'collection', options, indexes, documents: [] };
    collections.set(name, made);
    return made;
  }

  drop(database: string, name: string): void {
    if (!this.collections(database).delete(name)) throw new Refusal(26, 'NamespaceNotFound', 'ns not found');
  }

  dropDatabase(database: string): void {
    this.#databases.delete(database);
  }

  rename(from: string, to: string, dropTarget: boolean): void {
    const split = (namespace: string): [string, string] => {
      const dot = namespace.indexOf('.');
      return [namespace.slice(0, dot), namespace.slice(dot + 1)];
    };
    const [[database, name], [, target]] = [split(from), split(to)];
    const collections = this.collections(database);
    const moved = collections.get(name);
    if (!moved) throw new Refusal(26, 'NamespaceNotFound', 'Source collection does not exist');
    if (moved.type === 'view') throw new Refusal(166, 'CommandNotSupportedOnView', 'Views cannot be renamed');
    if (collections.has(target) && !dropTarget) throw new Refusal(48, 'NamespaceExists', 'target namespace exists');
    collections.delete(name);
    collections.set(target, moved);
  }
}

/** Whether a document has exactly those values in its top-level fields. */
export function matches(document: Uint8Array, filter: BSON.Document): boolean {
  const found = BSON.deserialize(document);
  const text = (value: unknown): string => BSON.EJSON.stringify({ value });
  return Object.entries(filter).every(([field, value]) => text(found[field]) === text(value));
}
