import { CircleAlert } from 'lucide-react';
import { useId, type ReactNode } from 'react';
import './field.css';

export interface FieldProps {
  label: string;
  /** What to write here, under the label. */
  hint?: ReactNode;
  /** What is wrong with it; of ApiError.fields all that is said is shown. */
  error?: string | readonly string[] | undefined;
  optional?: boolean;
  disabled?: boolean;
  /** As the API names it; also what browsers remember it by. */
  name?: string;
}

/** The attributes that tie a control to its label, hint and error. */
export interface Tied {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

const errorText = (error: FieldProps['error']): string => (typeof error === 'string' ? error : (error ?? []).join(' '));

export function useTied({ hint, error }: Pick<FieldProps, 'hint' | 'error'>): Tied {
  const id = useId();
  const wrong = errorText(error) !== '';
  const describedBy = [hint !== undefined && `${id}-hint`, wrong && `${id}-error`].filter(Boolean).join(' ');
  return { id, 'aria-describedby': describedBy || undefined, 'aria-invalid': wrong || undefined };
}

export function FieldNotes({
  id,
  hint,
  error,
}: { id: string } & Pick<FieldProps, 'hint' | 'error'>): React.JSX.Element {
  const text = errorText(error);
  return (
    <>
      {hint !== undefined && (
        <span id={`${id}-hint`} className="field__hint">
          {hint}
        </span>
      )}
      {text !== '' && (
        <span id={`${id}-error`} className="field__error">
          <CircleAlert size={14} aria-hidden />
          {text}
        </span>
      )}
    </>
  );
}

/** A label, a control, a hint and an error. */
export function Field({
  tied,
  label,
  optional = false,
  hint,
  error,
  children,
}: Omit<FieldProps, 'name'> & { tied: Tied; children: ReactNode }): React.JSX.Element {
  return (
    <div className="field">
      <label className="field__label" htmlFor={tied.id}>
        {label} {optional && <span className="field__optional">(optional)</span>}
      </label>
      {children}
      <FieldNotes id={tied.id} hint={hint} error={error} />
    </div>
  );
}
