import { RadioGroup, Stack, TextField } from '../../kit/index.ts';
import type { FieldErrors } from '../plan/field-errors.ts';
import type { ChannelForm, ChannelType } from './form.ts';
import { MailFields } from './mail-fields.tsx';

const types: readonly { value: ChannelType; label: string; hint: string }[] = [
  { value: 'email', label: 'E-mail', hint: 'By a mail server of yours.' },
  { value: 'slack', label: 'Slack', hint: 'An incoming webhook, also of Mattermost.' },
  { value: 'discord', label: 'Discord', hint: 'A webhook of a channel.' },
  { value: 'teams', label: 'Microsoft Teams', hint: 'A webhook of Workflows.' },
  { value: 'ntfy', label: 'ntfy', hint: 'A topic, for phones.' },
  { value: 'webhook', label: 'Webhook', hint: 'Signed JSON for a program of yours.' },
];

const urls: Record<Exclude<ChannelType, 'email'>, string> = {
  webhook: 'https://ops.example.com/holdfast',
  slack: 'https://hooks.slack.com/services/…',
  discord: 'https://discord.com/api/webhooks/…',
  teams: 'https://….logic.azure.com/workflows/…',
  ntfy: 'https://ntfy.sh/my-topic',
};

export const typeInWords = (type: string): string => types.find(({ value }) => value === type)?.label ?? type;

export interface ChannelFieldsProps {
  value: ChannelForm;
  change: (change: Partial<ChannelForm>) => void;
  errors: FieldErrors;
  /** What is known of the address of one that is there. */
  known: string | null;
  isNew: boolean;
}

/** Where a channel leads. */
export function ChannelFields(props: ChannelFieldsProps): React.JSX.Element {
  const { value, change, errors, known, isNew } = props;
  return (
    <Stack>
      {isNew && (
        <RadioGroup
          label="Kind of channel"
          name="type"
          look="cards"
          value={value.type}
          options={types}
          onChange={(type) => change({ type })}
          error={errors['type']}
        />
      )}
      <TextField
        label="Name"
        name="name"
        placeholder="On call"
        value={value.name}
        onChange={(name) => change({ name })}
        error={errors['name']}
      />
      {value.type === 'email' ? (
        <MailFields {...props} />
      ) : (
        <TextField
          label="URL"
          name="url"
          type="url"
          code
          placeholder={known ?? urls[value.type]}
          hint={isNew ? 'Sealed when it arrives, and never shown again.' : 'Leave empty to keep the present one.'}
          value={value.url}
          onChange={(url) => change({ url })}
          error={errors['url']}
        />
      )}
      {value.type === 'ntfy' && (
        <TextField
          label="Token"
          name="token"
          type="password"
          code
          optional
          autoComplete="new-password"
          hint={isNew ? 'Where the topic asks for one.' : 'Leave empty to keep the present one.'}
          value={value.token}
          onChange={(token) => change({ token })}
          error={errors['token']}
        />
      )}
    </Stack>
  );
}
