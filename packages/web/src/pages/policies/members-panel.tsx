import { Link } from 'react-router';
import { useAnswerVanished, type Member } from '../../data/policies.ts';
import {
  Button,
  Card,
  Code,
  DataTable,
  EmptyState,
  Inline,
  RelativeTime,
  Soft,
  StateBadge,
  toast,
  type Column,
} from '../../kit/index.ts';

export interface MembersPanelProps {
  policyId: string;
  members: readonly Member[];
}

const columnsOf = (policyId: string): readonly Column<Member>[] => [
  {
    key: 'name',
    header: 'Database',
    sortBy: ({ name }) => name,
    cell: ({ id, name }) => <Link to={`/databases/${id}`}>{name}</Link>,
  },
  {
    key: 'database',
    header: 'On the server',
    sortBy: (row) => row.database,
    cell: (row) => <Code>{row.database}</Code>,
  },
  { key: 'state', header: 'State', cell: (row) => <MemberState member={row} /> },
  {
    key: 'answer',
    header: '',
    align: 'end',
    cell: (row) => row.vanished_at !== null && <Question policyId={policyId} member={row} />,
  },
];

/** The databases that the policy covers, and the question of those that are gone. */
export function MembersPanel({ policyId, members }: MembersPanelProps): React.JSX.Element {
  return (
    <Card flush>
      <DataTable
        label="Databases of the policy"
        columns={columnsOf(policyId)}
        rows={members}
        rowKey={({ id }) => id}
        empty={<EmptyState title="No database yet">The first run lists the server and covers what matches.</EmptyState>}
      />
    </Card>
  );
}

function MemberState({ member }: { member: Member }): React.JSX.Element {
  const { vanished_at: vanishedAt, vanish_expected: expected } = member;
  if (vanishedAt === null) return <StateBadge state="ok" word="Covered" />;
  return (
    <Inline>
      {expected === true ? (
        <StateBadge state="cancelled" word="Dropped on purpose" />
      ) : (
        <StateBadge state="missed" word="Gone from the server" />
      )}
      <Soft small>
        since <RelativeTime at={vanishedAt} />
      </Soft>
    </Inline>
  );
}

function Question({ policyId, member }: { policyId: string; member: Member }): React.JSX.Element {
  const answer = useAnswerVanished(policyId);
  const say = (expected: boolean): void => answer.mutate({ db: member.id, expected }, { onError: toast.bad });
  const { database, vanish_expected: said } = member;
  return (
    <Inline>
      {said !== true && (
        <Button size="s" busy={answer.isPending} label={`${database} was dropped on purpose`} onClick={() => say(true)}>
          Dropped on purpose
        </Button>
      )}
      {said !== false && (
        <Button
          size="s"
          tone="quiet"
          busy={answer.isPending}
          label={`${database} should be there`}
          onClick={() => say(false)}
        >
          Should be there
        </Button>
      )}
    </Inline>
  );
}
