import type { Heard } from '../bed/receiver.ts';
import type { WatchCheck, Watched } from './watched.ts';

/** Something that happened and that has to be told. */
interface Fact {
  type: string;
  /** What the message must hold. */
  words: string;
}

/** Each backup and restore that ended, and each alert's beginning and end, was told under one id, and nothing that is not so. */
export const told: WatchCheck = (watched) => {
  const facts = factsOf(watched);
  const sources = new Map(watched.messages.map((message) => [message.id, message.sources]));
  const byId = Map.groupBy(watched.heard, ({ id }) => id);
  const idsOf = new Map<string, string[]>();
  for (const [id, heard] of byId) {
    if (!heard.some(({ taken }) => taken)) continue;
    for (const source of sources.get(id) ?? []) idsOf.set(source, [...(idsOf.get(source) ?? []), id]);
  }
  return [
    ...[...facts.keys()].flatMap((source) => {
      const ids = idsOf.get(source) ?? [];
      if (ids.length === 1) return [];
      return [ids.length === 0 ? `nobody was told: ${source}` : `told under ${ids.length} ids: ${source}`];
    }),
    ...[...byId].flatMap(([id, heard]) => wrongIn(id, heard, sources.get(id), facts)),
    ...watched.messages.flatMap(({ id, status }) => {
      if (status === 'error') return [`the message ${id} was given up`];
      const isTaken = byId.get(id)?.some(({ taken }) => taken) ?? false;
      return status === 'done' && !isTaken ? [`the message ${id} is done, and the receiver never took it`] : [];
    }),
  ];
};

function wrongIn(
  id: string,
  heard: readonly Heard[],
  sources: readonly string[] | undefined,
  facts: ReadonlyMap<string, Fact>,
): string[] {
  const [first] = heard;
  if (!first || !sources) return [`the message ${id} is of no delivery`];
  if (heard.some(({ body }) => body !== first.body)) return [`the message ${id} says two things`];
  if (heard.some(({ signed }) => !signed)) return [`the message ${id} is not signed by the channel's secret`];
  const { type } = JSON.parse(first.body) as { type: string };
  return sources.flatMap((source) => {
    const fact = facts.get(source);
    if (!fact) return [`the message ${id} tells what is not so: ${source}`];
    const isRight = fact.type === type && wordsOf(first.body).includes(fact.words);
    return isRight ? [] : [`the message ${id} tells something else than ${source}: ${first.body}`];
  });
}

/** Everything that a message says to people. */
function wordsOf(body: string): string {
  const { data } = JSON.parse(body) as { data: { events: { text: string; link: string | null }[] } };
  return data.events.map(({ text, link }) => `${text} ${link}`).join('\n');
}

/** What happened, by what its event is made of. What somebody cancelled is no news. */
function factsOf({ backups, restores, alerts, channelMadeAt }: Watched): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  for (const [word, rows] of [['backup', backups] as const, ['restore', restores] as const]) {
    for (const { id, status, error } of rows) {
      if ((status !== 'done' && status !== 'error') || error?.code === 'cancelled') continue;
      const type = `${word}.${status === 'done' ? 'done' : 'failed'}`;
      facts.set(`${word} ${id} ${status}`, { type, words: error?.message ?? (word === 'backup' ? id : '') });
    }
  }
  // An alert's words may change while it is open.
  const isTold = (at: string | null): boolean => at !== null && Date.parse(at) >= channelMadeAt;
  for (const { id, raised_at: raised, cleared_at: cleared } of alerts) {
    if (isTold(raised)) facts.set(`alert ${id} raised`, { type: 'alert.raised', words: '' });
    if (isTold(cleared)) facts.set(`alert ${id} cleared`, { type: 'alert.cleared', words: '' });
  }
  return facts;
}
