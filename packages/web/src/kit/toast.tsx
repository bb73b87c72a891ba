import { CircleAlert, CircleCheck, Info, X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { Button } from './button.tsx';
import { messageOf } from './error-notice.tsx';
import './toast.css';

interface Toast {
  id: number;
  tone: 'good' | 'bad' | 'info';
  message: string;
}

let shown: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

const dismiss = (id: number): void => change(shown.filter((each) => each.id !== id));

function show(tone: Toast['tone'], message: string): void {
  last += 1;
  const id = last;
  change([...shown, { id, tone, message }].slice(-4));
  if (tone !== 'bad') setTimeout(() => dismiss(id), 6000);
}

/** Says what has just happened, wherever one is. Bad news stays until it is closed. */
export const toast = {
  good: (message: string): void => show('good', message),
  info: (message: string): void => show('info', message),
  /** @param error an error, or a sentence */
  bad: (error: unknown): void => show('bad', typeof error === 'string' ? error : messageOf(error)),
};

const icons = { good: CircleCheck, bad: CircleAlert, info: Info };

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Where toasts appear: once, in the shell. */
export function Toaster(): React.JSX.Element {
  const toasts = useSyncExternalStore(subscribe, () => shown);
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite">
      {toasts.map(({ id, tone, message }) => {
        const Icon = icons[tone];
        return (
          <div className="toast" data-tone={tone} key={id}>
            <Icon size={16} aria-hidden />
            <span className="toast__text">{message}</span>
            <Button tone="quiet" size="s" icon={X} label="Close message" onClick={() => dismiss(id)} />
          </div>
        );
      })}
    </section>
  );
}
