import { ExternalLink } from 'lucide-react';
import { useSession } from '../../data/session.ts';
import { LinkButton, Loaded, Page, PageHeader } from '../../kit/index.ts';
import './queues.css';

/** It is of our own origin, behind the same session. */
const permissions = 'allow-same-origin allow-scripts allow-forms allow-popups';

export default function QueuesPage(): React.JSX.Element {
  const session = useSession();
  return (
    <Page>
      <PageHeader
        title="Queues"
        lead="Work that waits, runs or failed, as the workers’ queue sees it. What counts is in the database: a lost queue is filled again from there."
        actions={
          session.data && (
            <LinkButton href={session.data.links.board} icon={ExternalLink} newTab>
              Open alone
            </LinkButton>
          )
        }
      />
      <Loaded query={session}>
        {(who) =>
          who && <iframe className="board" src={who.links.board} sandbox={permissions} title="Queues in Bull Board" />
        }
      </Loaded>
    </Page>
  );
}
