import { Check } from 'lucide-react';
import { Link } from 'react-router';
import { useAcknowledge, type Alert } from '../../data/alerts.ts';
import { Button, DataTable, RelativeTime, Soft, StateBadge, toast, type Column } from '../../kit/index.ts';
import { kindInWords, subjectPage } from './subject.ts';

const columns: readonly Column<Alert>[] = [
  {
    key: 'severity',
    header: 'Severity',
    cell: ({ severity, cleared_at: cleared }) => <StateBadge state={cleared === null ? severity : 'cleared'} />,
  },
  { key: 'what', header: 'What is wrong', wide: true, cell: (alert) => <What alert={alert} /> },
  { key: 'since', header: 'Since', cell: ({ raised_at: raised }) => <RelativeTime at={raised} /> },
  { key: 'state', header: 'Seen by', cell: (alert) => <SeenBy alert={alert} /> },
];

function What({ alert: { kind, subject, message } }: { alert: Alert }): React.JSX.Element {
  const page = subjectPage(subject);
  const title = kindInWords(kind);
  return (
    <>
      <strong>{page === null ? title : <Link to={page}>{title}</Link>}</strong>
      <br />
      {message}
    </>
  );
}

function SeenBy({ alert }: { alert: Alert }): React.JSX.Element {
  const acknowledge = useAcknowledge();
  if (alert.acknowledged_at !== null) {
    return (
      <>
        {alert.acknowledged_by}
        <br />
        <Soft small>
          <RelativeTime at={alert.acknowledged_at} />
        </Soft>
      </>
    );
  }
  if (alert.cleared_at !== null) return <Soft>nobody</Soft>;
  return (
    <Button
      size="s"
      icon={Check}
      busy={acknowledge.isPending}
      label={`Acknowledge: ${kindInWords(alert.kind)}`}
      onClick={() => acknowledge.mutate(alert.id, { onError: toast.bad })}
    >
      Acknowledge
    </Button>
  );
}

/** @param alerts undefined while loading */
export function AlertList({ alerts }: { alerts: readonly Alert[] | undefined }): React.JSX.Element {
  return <DataTable label="Alerts" columns={columns} rows={alerts} rowKey={({ id }) => id} />;
}
