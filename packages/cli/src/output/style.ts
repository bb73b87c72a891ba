import { styleText } from 'node:util';

type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'strong';

const formats = { good: 'green', warning: 'yellow', bad: 'red', quiet: 'dim', strong: 'bold' } as const;

/** Colours a text where colours are shown. A state is always also a word. */
export type Style = (tone: Tone, text: string) => string;

export const noStyle: Style = (_tone, text) => text;

export const coloured: Style = (tone, text) => styleText(formats[tone], text, { validateStream: false });

const tones: Readonly<Record<string, Tone>> = {
  done: 'good',
  protected: 'good',
  running: 'good',
  ok: 'good',
  pending: 'warning',
  scheduled: 'quiet',
  planned: 'quiet',
  at_risk: 'warning',
  warning: 'warning',
  missed: 'bad',
  skipped: 'warning',
  error: 'bad',
  failed: 'bad',
  silent: 'bad',
  critical: 'bad',
  unprotected: 'bad',
  blocker: 'bad',
};

/** A state of anything in its colour. */
export const stateText = (style: Style, state: string): string =>
  style(tones[state] ?? 'quiet', state.replace('_', ' '));
