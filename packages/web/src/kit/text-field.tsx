import { classes } from './classes.ts';
import { Field, useTied, type FieldProps } from './field.tsx';
import { useFreshError } from './fresh-error.ts';

export interface TextFieldProps extends FieldProps {
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'password' | 'email' | 'url' | 'search' | 'date' | 'time' | 'datetime-local';
  placeholder?: string;
  /** More than one line. */
  rows?: number;
  /** What is written is read by machines: names of hosts, paths, commands. */
  code?: boolean;
  autoComplete?: string;
  required?: boolean;
  /** Takes the focus when it appears: the first field of a dialog. */
  focused?: boolean;
}

export function TextField({
  value,
  onChange,
  type = 'text',
  placeholder,
  rows,
  code = false,
  autoComplete = 'off',
  required = false,
  name,
  disabled,
  focused = false,
  error: refused,
  ...rest
}: TextFieldProps): React.JSX.Element {
  const [error, answered] = useFreshError(refused);
  const field = { ...rest, error };
  const tied = useTied(field);
  const common = {
    ...tied,
    name,
    value,
    placeholder,
    disabled,
    required,
    autoComplete,
    spellCheck: false,
    autoCapitalize: 'none',
    ref: (element: HTMLElement | null) => {
      if (focused && element?.dataset['began'] === undefined) element?.focus();
      if (element) element.dataset['began'] = '';
    },
    className: classes('input', code && 'input--code'),
    onChange: (event: { target: { value: string } }) => {
      answered();
      onChange(event.target.value);
    },
  };
  return (
    <Field tied={tied} {...field}>
      {rows === undefined ? <input type={type} {...common} /> : <textarea rows={rows} {...common} />}
    </Field>
  );
}
