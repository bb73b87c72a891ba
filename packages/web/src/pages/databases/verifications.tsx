import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { isUnderWay, useCancelVerification, type Verification } from '../../data/backups.ts';
import {
  DataTable,
  Duration,
  formatTime,
  lookOf,
  RelativeTime,
  Soft,
  Stack,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { Failure } from './failure.tsx';
import { UnderWay } from './under-way.tsx';
import { causeWords, madeAt, outcomeOf, secondsOf } from './words.ts';

const columns: readonly Column<Verification>[] = [
  { key: 'time', header: 'Asked for', cell: ({ created_at: at }) => <RelativeTime at={at} absolute /> },
  { key: 'cause', header: 'By', cell: ({ cause }) => causeWords[cause] },
  { key: 'level', header: 'To prove', cell: ({ level }) => lookOf(level).word },
  {
    key: 'reached',
    header: 'Proven',
    cell: (one) =>
      one.status === 'done' ? (
        one.reached === null ? (
          <StateBadge state="damaged" word="Nothing" />
        ) : (
          <StateBadge state={one.reached} />
        )
      ) : (
        <StateBadge state={outcomeOf(one)} />
      ),
  },
  { key: 'took', header: 'Took', align: 'end', cell: (one) => <Duration seconds={secondsOf(one, one.ended_at)} /> },
];

const ofBackup = (db: string): Column<Verification> => ({
  key: 'backup',
  header: 'Backup',
  cell: ({ backup_id: id }) => <Link to={`/databases/${db}/backups/${id}`}>{formatTime(madeAt(id))}</Link>,
});

const hasFailed = ({ error }: Verification): boolean => error !== null && error.code !== 'cancelled';
const detailsOf = (db: string) => (one: Verification) =>
  (isUnderWay(one) || hasFailed(one) || one.findings.length > 0) && <Details db={db} verification={one} />;

export interface VerificationsProps {
  db: string;
  verifications: readonly Verification[];
  /** Whether they are of more than one backup. */
  withBackup?: boolean;
  empty: ReactNode;
}

/** What verifications proved, and why that is less than was asked for. */
export function Verifications({ db, verifications, withBackup = false, empty }: VerificationsProps): React.JSX.Element {
  return (
    <DataTable
      label="Verifications"
      columns={withBackup ? [...columns.slice(0, 1), ofBackup(db), ...columns.slice(1)] : columns}
      rows={verifications}
      rowKey={({ id }) => id}
      details={detailsOf(db)}
      empty={empty}
    />
  );
}

function Details({ db, verification }: { db: string; verification: Verification }): React.JSX.Element {
  const cancel = useCancelVerification(db);
  const { error, findings, id } = verification;
  const busy = isUnderWay(verification);
  return (
    <Stack gap="s">
      {busy && (
        <UnderWay
          what="verification"
          work={verification}
          consequence="Nothing more is proven of the backup. Its scratch database is dropped."
          onCancel={() => cancel.mutateAsync(id)}
        />
      )}
      {hasFailed(verification) && error && <Failure error={error} settled={!busy} />}
      {findings.map(({ code, message }) => (
        <Soft small key={`${code} ${message}`}>
          {message}
        </Soft>
      ))}
    </Stack>
  );
}
