import type { Code } from './split.ts';

const quoted = '`(?:[^`]|``)*`';
/** Where a statement of a dump that makes a view, a trigger, an event or a routine names whom it acts for. */
const definer = new RegExp(
  String.raw`^((?:/\*!\d+ CREATE\*/ |CREATE )?(?:/\*!\d+ )?)DEFINER=${quoted}(?:@${quoted})? ?`,
  'gm',
);
/** The dump program names the database where an object was made under another default than the database's now. */
const alterDatabase = new RegExp(`^ALTER DATABASE ${quoted} (?=CHARACTER SET )`, 'gm');
const name = `(?:${quoted}|"(?:[^"]|"")*"|[\\w$\\u0080-\\uffff]+)`;
/** MariaDB keeps what makes a trigger as it was written, also where that names the database of the trigger and its table. */
const trigger = new RegExp(
  String.raw`^(/\*!50003 CREATE\*/ (?:/\*!50017 .*?\*/ )?/\*!50003 TRIGGER\s+(?:IF\s+NOT\s+EXISTS\s+)?)(?:${name}\s*\.\s*)?(${name}\s+(?:BEFORE|AFTER)\s(?:${quoted}|[^\x60])*?\sON\s+)(?:${name}\s*\.\s*)?(?=${name})`,
  'gim',
);
const eventLine = /^\/\*!50106 CREATE\*\/.*$/gm;
/** Strings and names are read over, as they may hold the same words. */
const eventStatus = /`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'|( ON COMPLETION (?:NOT )?PRESERVE )ENABLE\b/g;
const makesSomething = /^(?:DELIMITER|CREATE|\/\*!5000[13] CREATE)/m;

/** Code that says nothing of the database that it came from. */
export const unbound = ({ head, triggers, code }: Code): Code => ({
  head,
  triggers: triggers.replaceAll(alterDatabase, 'ALTER DATABASE ').replaceAll(trigger, '$1$2'),
  code: code.replaceAll(alterDatabase, 'ALTER DATABASE '),
});

/** Code whose views, triggers, routines and events act for whoever executes it. */
export const withoutDefiners = ({ head, triggers, code }: Code): Code => ({
  head,
  triggers: triggers.replaceAll(definer, '$1'),
  code: code.replaceAll(definer, '$1'),
});

/** Whom views, triggers, routines and events act for, as written in SQL. */
export function definersOf({ triggers, code }: Code): string[] {
  const found = `${triggers}\n${code}`.match(definer) ?? [];
  return [...new Set(found.map((text) => text.slice(text.indexOf('DEFINER=') + 'DEFINER='.length).trim()))];
}

/** Code whose events do not run. */
export const withoutEvents = ({ head, triggers, code }: Code): Code => ({
  head,
  triggers,
  code: code.replaceAll(eventLine, (line) => {
    let isDone = false;
    return line.replaceAll(eventStatus, (all, before: string | undefined) => {
      if (before === undefined || isDone) return all;
      isDone = true;
      return `${before}DISABLE`;
    });
  }),
});

/** Events of the code that would run. */
export const liveEvents = (code: Code): number =>
  (code.code.match(eventLine) ?? []).length - (code.code.match(/^\/\*!50106 CREATE\*\/.* DISABLE\b/gm) ?? []).length;

/** One script of all; empty where there is nothing to make. */
export const scriptOf = ({ head, triggers, code }: Code): string =>
  makesSomething.test(code) || makesSomething.test(triggers) ? `${head}\n${code}\n${triggers}` : '';
