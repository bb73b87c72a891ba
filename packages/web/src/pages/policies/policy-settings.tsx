import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useDeletePolicy, type Policy } from '../../data/policies.ts';
import { Button, Card, ConfirmDialog, Stack, toast } from '../../kit/index.ts';
import { PolicyForm } from './policy-form.tsx';

export function PolicySettings({ policy }: { policy: Policy }): React.JSX.Element {
  const [asked, setAsked] = useState(false);
  const navigate = useNavigate();
  const remove = useDeletePolicy(policy.id);
  return (
    <Stack>
      <PolicyForm policy={policy} onSaved={() => toast.good('The policy was saved, also for its databases.')} />
      <Card title="Delete">
        <p>
          Its databases and their backups stay. Their schedules are switched off, so that nothing comes due by surprise.
        </p>
        <div>
          <Button tone="danger" icon={Trash2} onClick={() => setAsked(true)}>
            Delete policy
          </Button>
        </div>
      </Card>
      <ConfirmDialog
        isOpen={asked}
        onClose={() => setAsked(false)}
        title={`Delete ${policy.name}?`}
        confirmLabel="Delete policy"
        typed={policy.name}
        onConfirm={async () => {
          await remove.mutateAsync();
          toast.good(`${policy.name} was deleted. Its databases stay.`);
          await navigate('/policies');
        }}
      >
        The record of its runs is lost. No database of it is backed up any more until it gets a schedule of its own.
      </ConfirmDialog>
    </Stack>
  );
}
