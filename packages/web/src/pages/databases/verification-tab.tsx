import { ShieldCheck } from 'lucide-react';
import { Link } from 'react-router';
import { isUnderWay, useBackups, useDatabaseVerifications } from '../../data/backups.ts';
import { useSchedules } from '../../data/schedules.ts';
import { Card, EmptyState, KeyValues, Loaded, RelativeTime, Soft, Stack } from '../../kit/index.ts';
import { Ladder } from './ladder.tsx';
import { ladderOf } from './figures.ts';
import { Verifications } from './verifications.tsx';
import { VerifyNow } from './verify-now.tsx';
import { provingInWords } from '../plan/proving.ts';
import { cronWords } from './words.ts';

/** How backups are verified by themselves, what is proven of the newest one, and what all verifications found. */
export function VerificationTab({ db }: { db: string }): React.JSX.Element {
  const verifications = useDatabaseVerifications(db);
  return (
    <Stack>
      <Policies db={db} />
      <Newest db={db} />
      <Loaded query={verifications}>
        {(list) => (
          <Card title="Verifications" flush>
            <Verifications
              db={db}
              verifications={list}
              withBackup
              empty={
                <EmptyState title="Nothing was verified yet" icon={ShieldCheck}>
                  Verify the newest backup now, or let a schedule do it.
                </EmptyState>
              }
            />
          </Card>
        )}
      </Loaded>
    </Stack>
  );
}

function Policies({ db }: { db: string }): React.JSX.Element {
  const schedules = useSchedules(db);
  return (
    <Card title="By schedule">
      <Loaded query={schedules}>
        {(list) =>
          list.length === 0 ? (
            <Soft>No schedule: backups are verified by hand, and what is kept is read again from time to time.</Soft>
          ) : (
            <KeyValues
              items={list.map((schedule) => [
                cronWords(schedule.cron, schedule.timezone),
                provingInWords(schedule.verification),
              ])}
            />
          )
        }
      </Loaded>
    </Card>
  );
}

function Newest({ db }: { db: string }): React.JSX.Element | null {
  const { data } = useBackups(db);
  const { data: verifications = [] } = useDatabaseVerifications(db);
  const newest = data?.pages.flat().find(({ status }) => status === 'done');
  if (!newest) return null;
  const own = verifications.filter(({ backup_id: of }) => of === newest.id);
  return (
    <Card title="Newest backup" actions={<VerifyNow db={db} backup={newest} busy={own.some(isUnderWay)} />}>
      <p>
        <Link to={`/databases/${db}/backups/${newest.id}`}>
          <RelativeTime at={newest.created_at} absolute />
        </Link>
      </p>
      <Ladder rungs={ladderOf(newest, own)} />
    </Card>
  );
}
