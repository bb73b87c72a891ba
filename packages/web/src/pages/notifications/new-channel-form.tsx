import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useCreateChannel, type Channel } from '../../data/notifications.ts';
import { Button, Card, Form, FormActions, LinkButton } from '../../kit/index.ts';
import { fieldErrors } from '../plan/field-errors.ts';
import { ChannelFields } from './channel-fields.tsx';
import { newChannelOf, newForm } from './form.ts';
import { RuleFields } from './rule-fields.tsx';

export function NewChannelForm({ onMade }: { onMade: (channel: Channel) => void }): React.JSX.Element {
  const navigate = useNavigate();
  const [form, setForm] = useState(newForm);
  const create = useCreateChannel();
  const errors = fieldErrors(create.error);
  const submit = (): void =>
    create.mutate(newChannelOf(form), {
      onSuccess: (channel) => {
        onMade(channel);
        void navigate(`/notifications/${channel.id}`);
      },
    });
  return (
    <Form label="Channel" error={create.error} onSubmit={submit}>
      <Card title="Where it leads">
        <ChannelFields
          value={form}
          change={(change) => setForm({ ...form, ...change })}
          errors={errors}
          known={null}
          isNew
        />
      </Card>
      <Card title="What it is told">
        <RuleFields value={form.rules} onChange={(rules) => setForm({ ...form, rules })} errors={errors} />
      </Card>
      <FormActions>
        <Button type="submit" tone="primary" busy={create.isPending}>
          Add channel
        </Button>
        <LinkButton to="/notifications">Cancel</LinkButton>
      </FormActions>
    </Form>
  );
}
