import { RdbFault } from './fault.ts';
import { length, skipString } from './strings.ts';
import type { Steps, Window } from './window.ts';

/** Whose format a file is in: from RDB 12 on the two went different ways with the same numbers. */
export type Dialect = 'redis' | 'valkey';

/** How to read over a value of one type, and what people call it. */
export interface ValueType {
  name: 'string' | 'list' | 'set' | 'sorted set' | 'hash' | 'stream' | 'module';
  skip: (window: Window) => Steps;
}

/** `count` times what the given steps read, after the count itself. */
const many = (...parts: readonly ((window: Window) => Steps)[]) =>
  function* (window: Window): Steps {
    for (let left = yield* length(window); left > 0; left--) for (const part of parts) yield* part(window);
  };
const all = (...parts: readonly ((window: Window) => Steps)[]) =>
  function* (window: Window): Steps {
    for (const part of parts) yield* part(window);
  };
const fixed =
  (count: number) =>
  (window: Window): Steps =>
    window.skip(count);
function* number(window: Window): Steps {
  yield* length(window);
}
/** A score in digits: 253 to 255 stand for what is no number or has no end. */
function* scoreText(window: Window): Steps {
  const size = yield* window.byte();
  if (size < 253) yield* window.skip(size);
}
const text = skipString;
const time = fixed(8);
const streamId = fixed(16);

const pending = many(streamId, time, number);
const consumer = (times: number): ((window: Window) => Steps) => many(text, fixed(8 * times), many(streamId));
function stream(version: 1 | 2 | 3): ValueType {
  const position = all(number, number);
  // The second version tells the first entry, the largest deleted one and how many were ever added.
  const bounds = version === 1 ? all() : all(position, position, number);
  const entriesRead = version === 1 ? all() : number;
  const groups = many(text, position, entriesRead, pending, consumer(version === 3 ? 2 : 1));
  return { name: 'stream', skip: all(many(text, text), number, position, bounds, groups) };
}

/** What a module's value consists of, each part named by the number in front of it. */
const moduleParts: readonly (((window: Window) => Steps) | null)[] = [null, number, number, fixed(4), fixed(8), text];

/** Reads over the parts of a module's value, behind the module's id. */
export function* skipModuleParts(window: Window): Steps {
  for (;;) {
    const kind = yield* length(window);
    const part = moduleParts[kind];
    if (part === null) return;
    if (!part) throw new RdbFault(`there is no part ${kind} in the values of modules`);
    yield* part(window);
  }
}

const types = new Map<number, ValueType>([
  [0, { name: 'string', skip: text }],
  [1, { name: 'list', skip: many(text) }],
  [2, { name: 'set', skip: many(text) }],
  [3, { name: 'sorted set', skip: many(text, scoreText) }],
  [4, { name: 'hash', skip: many(text, text) }],
  [5, { name: 'sorted set', skip: many(text, fixed(8)) }],
  [7, { name: 'module', skip: all(number, skipModuleParts) }],
  [9, { name: 'hash', skip: text }],
  [10, { name: 'list', skip: text }],
  [11, { name: 'set', skip: text }],
  [12, { name: 'sorted set', skip: text }],
  [13, { name: 'hash', skip: text }],
  [14, { name: 'list', skip: many(text) }],
  [15, stream(1)],
  [16, { name: 'hash', skip: text }],
  [17, { name: 'sorted set', skip: text }],
  [18, { name: 'list', skip: many(number, text) }],
  [19, stream(2)],
  [20, { name: 'set', skip: text }],
  [21, stream(3)],
]);

const dialects: Readonly<Record<Dialect, ReadonlyMap<number, ValueType>>> = {
  redis: new Map<number, ValueType>([
    // Hashes whose fields expire; those of the release candidates of 7.4 do not begin with the first of those times.
    [22, { name: 'hash', skip: many(number, text, text) }],
    [23, { name: 'hash', skip: text }],
    [24, { name: 'hash', skip: all(time, many(number, text, text)) }],
    [25, { name: 'hash', skip: all(time, text) }],
  ]),
  valkey: new Map<number, ValueType>([[22, { name: 'hash', skip: many(text, text, time) }]]),
};

/** @returns undefined for a type that is not known */
export const valueType = (type: number, dialect: Dialect): ValueType | undefined =>
  types.get(type) ?? dialects[dialect].get(type);
