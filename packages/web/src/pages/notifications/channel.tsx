import { useState } from 'react';
import { useParams } from 'react-router';
import { useChannel } from '../../data/notifications.ts';
import { Loaded, Page, PageHeader } from '../../kit/index.ts';
import { ChannelView } from './channel-view.tsx';
import { NewChannelForm } from './new-channel-form.tsx';

const crumbs = [{ label: 'Notifications', to: '/notifications' }];

export default function ChannelPage(): React.JSX.Element {
  const { channel: id = '' } = useParams();
  // The secret of a webhook is shown on the page that it is made on, and then never again.
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <Page>
      {id === 'new' ? (
        <>
          <PageHeader title="Add notification channel" crumbs={crumbs} />
          <NewChannelForm onMade={({ signing_secret: made }) => setSecret(made)} />
        </>
      ) : (
        <Shown key={id} id={id} secret={secret} onSecret={setSecret} />
      )}
    </Page>
  );
}

interface ShownProps {
  id: string;
  secret: string | null;
  onSecret: (secret: string | null) => void;
}

function Shown({ id, ...secret }: ShownProps): React.JSX.Element {
  const channel = useChannel(id);
  return (
    <Loaded query={channel} loading={<PageHeader title="Notification channel" crumbs={crumbs} />}>
      {(found) => <ChannelView channel={found} crumbs={crumbs} {...secret} />}
    </Loaded>
  );
}
