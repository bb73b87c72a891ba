import { useEffect, useRef, type ReactNode } from 'react';
import { ErrorNotice } from './error-notice.tsx';
import './field.css';

export interface FormProps {
  onSubmit: () => void;
  /** Why it was refused: said above the actions; the first field that is marked wrong takes the focus. */
  error?: unknown;
  /** The fields say all of it, so that nothing is left to be said above the actions. */
  saidByFields?: boolean;
  label?: string;
  children: ReactNode;
}

export function Form({ onSubmit, error, saidByFields = false, label, children }: FormProps): React.JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);
  return (
    <form
      ref={form}
      className="form"
      aria-label={label}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      {Boolean(error) && !saidByFields && <ErrorNotice error={error} />}
    </form>
  );
}

/** Fields beside each other. */
export function FormRow({ children }: { children: ReactNode }): React.JSX.Element {
  return <div className="form__row">{children}</div>;
}

/** The buttons at the end of a form, the one that sends it first. */
export function FormActions({ children }: { children: ReactNode }): React.JSX.Element {
  return <div className="form__actions">{children}</div>;
}
