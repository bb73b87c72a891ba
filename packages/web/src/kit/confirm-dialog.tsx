import { useState, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Form, FormActions } from './form.tsx';
import { TextField } from './text-field.tsx';

export interface ConfirmDialogProps {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  /** What will happen, and whether it can be undone. */
  children: ReactNode;
  /** A verb and its object: `Delete backup`. */
  confirmLabel: string;
  tone?: 'primary' | 'danger';
  /** Has to be typed before it can be confirmed: the name of what is lost. */
  typed?: string;
  /** The dialog closes when it is fulfilled, and says why when it is not. */
  onConfirm: () => Promise<unknown>;
}

export function ConfirmDialog({ isOpen, onClose, title, ...rest }: ConfirmDialogProps): React.JSX.Element {
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title={title} alert>
      <Question onClose={onClose} {...rest} />
    </Dialog>
  );
}

/** Begins anew each time the dialog opens. */
function Question({
  onClose,
  children,
  confirmLabel,
  tone = 'danger',
  typed,
  onConfirm,
}: Omit<ConfirmDialogProps, 'isOpen' | 'title'>): React.JSX.Element {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  const ready = typed === undefined || text === typed;
  return (
    <Form error={error} onSubmit={() => void (ready && !busy && confirm())}>
      <div>{children}</div>
      {typed !== undefined && (
        <TextField label={`Type ${typed} to confirm`} value={text} onChange={setText} code focused />
      )}
      <FormActions>
        <Button type="submit" tone={tone} busy={busy} disabled={!ready}>
          {confirmLabel}
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </FormActions>
    </Form>
  );
}
