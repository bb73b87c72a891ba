import { KeyRound, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useChangeChannel, useDeleteChannel, type Channel } from '../../data/notifications.ts';
import { Button, Card, ConfirmDialog, Form, FormActions, Inline, toast } from '../../kit/index.ts';
import { fieldErrors } from '../plan/field-errors.ts';
import { ChannelFields } from './channel-fields.tsx';
import { changeOf, formOf } from './form.ts';
import { RuleFields } from './rule-fields.tsx';

export interface ChannelSettingsProps {
  channel: Channel;
  onSecret: (secret: string | null) => void;
}

export function ChannelSettings({ channel, onSecret }: ChannelSettingsProps): React.JSX.Element {
  const [form, setForm] = useState(() => formOf(channel));
  const change = useChangeChannel(channel.id);
  const errors = fieldErrors(change.error);
  const submit = (): void =>
    change.mutate(changeOf(form), {
      onSuccess: (changed) => {
        setForm(formOf(changed));
        toast.good('The channel was saved. Send a test.');
      },
    });
  return (
    <>
      <Form label="Settings of the channel" error={change.error} onSubmit={submit}>
        <Card title="Where it leads">
          <ChannelFields
            value={form}
            change={(changed) => setForm({ ...form, ...changed })}
            errors={errors}
            known={channel.url}
            isNew={false}
          />
        </Card>
        <Card title="What it is told">
          <RuleFields value={form.rules} onChange={(rules) => setForm({ ...form, rules })} errors={errors} />
        </Card>
        <FormActions>
          <Button type="submit" tone="primary" busy={change.isPending}>
            Save
          </Button>
        </FormActions>
      </Form>
      <Card title={channel.type === 'webhook' ? 'Signing secret and deletion' : 'Deletion'}>
        <Inline>
          {channel.type === 'webhook' && <Rotation channel={channel} onSecret={onSecret} />}
          <Deletion channel={channel} />
        </Inline>
      </Card>
    </>
  );
}

function Rotation({ channel, onSecret }: ChannelSettingsProps): React.JSX.Element {
  const [asked, setAsked] = useState(false);
  const change = useChangeChannel(channel.id);
  return (
    <>
      <Button icon={KeyRound} onClick={() => setAsked(true)}>
        New signing secret
      </Button>
      <ConfirmDialog
        isOpen={asked}
        onClose={() => setAsked(false)}
        title="Make a new signing secret?"
        confirmLabel="Make a new secret"
        tone="primary"
        onConfirm={async () => onSecret((await change.mutateAsync({ rotate_secret: true })).signing_secret)}
      >
        Messages are signed with both for 24 hours, so that your program can change over. The new one is shown once.
      </ConfirmDialog>
    </>
  );
}

function Deletion({ channel: { id, name } }: { channel: Channel }): React.JSX.Element {
  const [asked, setAsked] = useState(false);
  const navigate = useNavigate();
  const remove = useDeleteChannel(id);
  return (
    <>
      <Button tone="danger" icon={Trash2} onClick={() => setAsked(true)}>
        Delete channel
      </Button>
      <ConfirmDialog
        isOpen={asked}
        onClose={() => setAsked(false)}
        title={`Delete ${name}?`}
        confirmLabel="Delete channel"
        onConfirm={async () => {
          await remove.mutateAsync();
          toast.good(`${name} was deleted.`);
          await navigate('/notifications');
        }}
      >
        Nobody is told by it any more, and the record of what was sent to it is lost.
      </ConfirmDialog>
    </>
  );
}
