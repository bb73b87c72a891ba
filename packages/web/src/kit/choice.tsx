import { classes } from './classes.ts';
import { FieldNotes, useTied, type FieldProps } from './field.tsx';

export interface ChoiceProps extends Omit<FieldProps, 'optional'> {
  checked: boolean;
  onChange: (checked: boolean) => void;
}

function Choice({
  isSwitch = false,
  checked,
  onChange,
  label,
  hint,
  error,
  name,
  disabled,
}: ChoiceProps & { isSwitch?: boolean }): React.JSX.Element {
  const tied = useTied({ hint, error });
  return (
    <div className={classes('choice', isSwitch && 'choice--switch')}>
      <input
        {...tied}
        type="checkbox"
        role={isSwitch ? 'switch' : undefined}
        name={name}
        checked={checked}
        disabled={disabled}
        onChange={({ target }) => onChange(target.checked)}
      />
      <label htmlFor={tied.id}>{label}</label>
      <FieldNotes id={tied.id} hint={hint} error={error} />
    </div>
  );
}

/** Takes effect when its form is sent. */
export function Checkbox(props: ChoiceProps): React.JSX.Element {
  return <Choice {...props} />;
}

/** Takes effect at once. */
export function Switch(props: ChoiceProps): React.JSX.Element {
  return <Choice {...props} isSwitch />;
}
