import { Bell, BellOff, History, Send } from 'lucide-react';
import { useChangeChannel, useTestChannel, type Channel } from '../../data/notifications.ts';
import {
  Badge,
  Button,
  Callout,
  Card,
  Code,
  CodeBlock,
  KeyValues,
  LinkButton,
  PageHeader,
  RelativeTime,
  toast,
} from '../../kit/index.ts';
import { typeInWords } from './channel-fields.tsx';
import { ChannelSettings } from './channel-settings.tsx';
import { ChannelState } from './channel-state.tsx';
import { ChannelTestResult } from './channel-test-result.tsx';
import { rulesInWords } from './rules.ts';

export interface ChannelViewProps {
  channel: Channel;
  crumbs: readonly { label: string; to: string }[];
  /** That was just made; null once it cannot be shown any more. */
  secret: string | null;
  onSecret: (secret: string | null) => void;
}

export function ChannelView({ channel, crumbs, secret, onSecret }: ChannelViewProps): React.JSX.Element {
  const { id, name, type, enabled } = channel;
  const test = useTestChannel(id);
  const change = useChangeChannel(id);
  return (
    <>
      <PageHeader
        title={name}
        crumbs={crumbs}
        badge={
          <>
            <Badge>{typeInWords(type)}</Badge>
            <ChannelState channel={channel} />
          </>
        }
        actions={
          <>
            <Button tone="primary" icon={Send} busy={test.isPending} onClick={() => test.mutate()}>
              Send a test
            </Button>
            <Button
              icon={enabled ? BellOff : Bell}
              busy={change.isPending}
              onClick={() => change.mutate({ enabled: !enabled }, { onError: toast.bad })}
            >
              {enabled ? 'Switch off' : 'Switch on'}
            </Button>
            <LinkButton to={`/notifications/deliveries?channel=${id}`} icon={History}>
              Deliveries
            </LinkButton>
          </>
        }
      />
      {secret !== null && (
        <Callout tone="warn" title="The signing secret is shown only now" announce>
          <p>With it your program tells that a message is from here: see the documentation of notifications.</p>
          <CodeBlock label="Signing secret" text={secret} />
        </Callout>
      )}
      <ChannelTestResult test={test} />
      {channel.last_error !== null && channel.state === 'failing' && (
        <Callout tone="bad" title="Nothing gets through">
          {channel.last_error}
        </Callout>
      )}
      <Card>
        <KeyValues
          items={[
            ['Leads to', <Place key="place" channel={channel} />],
            ['Is told of', rulesInWords(channel.rules)],
            ['Last delivered', <RelativeTime key="last" at={channel.last_delivered_at} />],
            [
              'Failing since',
              channel.failing_since === null ? undefined : <RelativeTime key="since" at={channel.failing_since} />,
            ],
          ]}
        />
      </Card>
      <ChannelSettings channel={channel} onSecret={onSecret} />
    </>
  );
}

function Place({ channel: { url, email } }: { channel: Channel }): React.JSX.Element {
  return email ? (
    <>
      {email.to.join(', ')} by <Code>{`${email.host}:${email.port}`}</Code>
    </>
  ) : (
    <Code>{url ?? ''}</Code>
  );
}
