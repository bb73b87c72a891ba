import type { Fact } from './table.ts';

interface Lost {
  forgotten?: readonly string[] | undefined;
  unreadable?: readonly string[] | undefined;
}

/** What of an object was forgotten with the key that sealed it, where anything was. */
export const forgottenFact = ({ forgotten }: Lost): Fact => [
  'forgotten',
  forgotten && `${forgotten.join(', ')}: the key that sealed it is lost; set it again`,
];

/** What of an object no configured key of the service opens, where there is anything. */
export const unreadableFact = ({ unreadable }: Lost): Fact => [
  'unreadable',
  unreadable && `${unreadable.join(', ')}: no configured key opens it; put the key back, or set it again`,
];
