import { ListChecks, Pause, Play } from 'lucide-react';
import { useNavigate, useParams } from 'react-router';
import {
  useEnablePolicy,
  usePolicy,
  useRunPolicy,
  useTestPolicy,
  type Member,
  type Policy,
} from '../../data/policies.ts';
import { typeNames } from '../../data/type-names.ts';
import { Badge, Button, ErrorNotice, Loaded, Page, PageHeader, StateBadge, Tabs, toast } from '../../kit/index.ts';
import { MembersPanel } from './members-panel.tsx';
import { PolicyForm } from './policy-form.tsx';
import { PolicySettings } from './policy-settings.tsx';
import { PolicySummary } from './policy-summary.tsx';
import { PolicyTestResult } from './policy-test-result.tsx';
import { RunsPanel } from './runs-panel.tsx';

const crumbs = [{ label: 'Server policies', to: '/policies' }];

export default function PolicyPage(): React.JSX.Element {
  const { id = '' } = useParams();
  return <Page>{id === 'new' ? <NewPolicy /> : <Shown id={id} />}</Page>;
}

function NewPolicy(): React.JSX.Element {
  const navigate = useNavigate();
  return (
    <>
      <PageHeader
        title="Add policy"
        crumbs={crumbs}
        lead="All databases of a server that match, at each of its times."
      />
      <PolicyForm policy={null} onSaved={({ id }) => void navigate(`/policies/${id}`)} />
    </>
  );
}

function Shown({ id }: { id: string }): React.JSX.Element {
  const policy = usePolicy(id);
  return (
    <Loaded query={policy} loading={<PageHeader title="Policy" crumbs={crumbs} />}>
      {({ server_policy: found, databases }) => <PolicyView policy={found} members={databases} />}
    </Loaded>
  );
}

function PolicyView({ policy, members }: { policy: Policy; members: readonly Member[] }): React.JSX.Element {
  const { id, name, type, enabled } = policy;
  const test = useTestPolicy(id);
  const run = useRunPolicy(id);
  const enable = useEnablePolicy(id);
  const unanswered = members.filter((one) => one.vanished_at !== null && one.vanish_expected === null).length;
  return (
    <>
      <PageHeader
        title={name}
        crumbs={crumbs}
        badge={
          <>
            <Badge>{typeNames[type]}</Badge>
            <StateBadge state={enabled ? 'enabled' : 'paused'} />
          </>
        }
        actions={
          <>
            <Button
              tone="primary"
              icon={Play}
              busy={run.isPending}
              onClick={() =>
                run.mutate(undefined, { onSuccess: () => toast.good('A run was asked for.'), onError: toast.bad })
              }
            >
              Run now
            </Button>
            <Button icon={ListChecks} busy={test.isPending} onClick={() => test.mutate()}>
              Test
            </Button>
            <Button
              icon={enabled ? Pause : Play}
              busy={enable.isPending}
              onClick={() => enable.mutate(!enabled, { onError: toast.bad })}
            >
              {enabled ? 'Pause' : 'Resume'}
            </Button>
          </>
        }
      />
      {test.error && <ErrorNotice error={test.error} title="The test could not be made" />}
      {test.data && <PolicyTestResult test={test.data} />}
      <PolicySummary policy={policy} />
      <Tabs
        label="Policy"
        tabs={[
          {
            id: 'databases',
            label: unanswered > 0 ? `Databases (${unanswered} to answer)` : 'Databases',
            content: <MembersPanel policyId={id} members={members} />,
          },
          { id: 'runs', label: 'Runs', content: <RunsPanel policyId={id} members={members} /> },
          { id: 'settings', label: 'Settings', content: <PolicySettings policy={policy} /> },
        ]}
      />
    </>
  );
}
