import { ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { levels, useVerify, type Backup, type Level } from '../../data/backups.ts';
import { Button, Dialog, Form, FormActions, lookOf, RadioGroup, toast } from '../../kit/index.ts';

const hints: Record<Level, string> = {
  stored: 'Reads every object in full and compares size and digest.',
  readable: 'Decrypts, decompresses and reads the dump to its end.',
  restorable: 'Restores it into a scratch database, which is dropped afterwards.',
  identical: 'Restores it and compares every table with what was backed up.',
};

/** Asks for a verification of a backup. @param busy one waits or runs already */
export function VerifyNow({ db, backup, busy }: { db: string; backup: Backup; busy: boolean }): React.JSX.Element {
  const [open, setOpen] = useState(false);
  const [level, setLevel] = useState<Level>('identical');
  const verify = useVerify(db);
  const close = (): void => {
    setOpen(false);
    verify.reset();
  };
  const start = (): void =>
    verify.mutate(
      { id: backup.id, level },
      {
        onSuccess: () => {
          toast.good('The verification was asked for.');
          close();
        },
      },
    );
  return (
    <>
      <Button icon={ShieldCheck} disabled={busy} onClick={() => setOpen(true)}>
        {busy ? 'Being verified' : 'Verify now'}
      </Button>
      <Dialog isOpen={open} onClose={close} title="Verify this backup">
        <Form label="Verification" onSubmit={start} error={verify.error}>
          <RadioGroup
            label="Up to which level"
            value={level}
            onChange={setLevel}
            options={levels.map((value) => ({ value, label: lookOf(value).word, hint: hints[value] }))}
          />
          <FormActions>
            <Button type="submit" tone="primary" busy={verify.isPending}>
              Verify
            </Button>
            <Button onClick={close}>Cancel</Button>
          </FormActions>
        </Form>
      </Dialog>
    </>
  );
}
