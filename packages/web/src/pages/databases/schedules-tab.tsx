import { CalendarClock, Pencil, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Database } from '../../data/databases.ts';
import { useRemoveSchedule, useSchedules, useSlots, useSwitchSchedule, type Schedule } from '../../data/schedules.ts';
import {
  Button,
  Card,
  Code,
  ConfirmDialog,
  EmptyState,
  Inline,
  KeyValues,
  Loaded,
  Menu,
  RelativeTime,
  Soft,
  Stack,
  Switch,
  toast,
} from '../../kit/index.ts';
import './databases.css';
import { ScheduleDialog } from './schedule-dialog.tsx';
import { PastSlots } from './past-slots.tsx';
import { rulesInWords } from '../plan/keeping.ts';
import { provingInWords } from '../plan/proving.ts';
import { cronWords } from './words.ts';

const nextShown = 5;

/** When a database is backed up, what is kept of that and how it is verified. */
export function SchedulesTab({ database }: { database: Database }): React.JSX.Element {
  const schedules = useSchedules(database.id);
  const [edited, setEdited] = useState<Schedule | 'new' | null>(null);
  const add = (
    <Button icon={Plus} tone="primary" onClick={() => setEdited('new')}>
      Add schedule
    </Button>
  );
  return (
    <>
      <Loaded query={schedules}>
        {(list) =>
          list.length === 0 ? (
            <Card>
              <EmptyState title="No schedule" icon={CalendarClock} actions={add}>
                Nothing backs this database up by itself. A schedule says when, what is kept and how it is verified.
              </EmptyState>
            </Card>
          ) : (
            <Stack>
              {list.map((schedule) => (
                <ScheduleCard key={schedule.id} schedule={schedule} onEdit={() => setEdited(schedule)} />
              ))}
              <div>{add}</div>
            </Stack>
          )
        }
      </Loaded>
      {edited !== null && (
        <ScheduleDialog
          database={database}
          schedule={edited === 'new' ? null : edited}
          onClose={() => setEdited(null)}
        />
      )}
    </>
  );
}

function ScheduleCard({ schedule, onEdit }: { schedule: Schedule; onEdit: () => void }): React.JSX.Element {
  const { id, database_id: db, cron, timezone, enabled, policy_id: policy } = schedule;
  const [removes, setRemoves] = useState(false);
  const remove = useRemoveSchedule(db);
  const words = cronWords(cron, timezone);
  return (
    <Card
      title={words}
      actions={
        policy === null && (
          <Inline>
            <Enabled schedule={schedule} />
            <Menu
              label={`Actions for the schedule ${words}`}
              items={[
                { id: 'edit', label: 'Edit', icon: Pencil, onAction: onEdit },
                { id: 'delete', label: 'Delete', icon: Trash2, tone: 'danger', onAction: () => setRemoves(true) },
              ]}
            />
          </Inline>
        )
      }
    >
      {policy !== null && (
        <Soft>
          This schedule follows <Link to={`/policies/${policy}`}>the policy of its server</Link> and is changed there.
        </Soft>
      )}
      <Facts schedule={schedule} enabled={enabled} />
      <PastSlots db={db} id={id} />
      <ConfirmDialog
        isOpen={removes}
        onClose={() => setRemoves(false)}
        title="Delete this schedule?"
        confirmLabel="Delete schedule"
        onConfirm={() => remove.mutateAsync(id)}
      >
        Nothing is backed up at these times any more. The backups that it made stay, and nothing lets them go by itself.
      </ConfirmDialog>
    </Card>
  );
}

function Enabled({ schedule: { id, database_id: db, enabled } }: { schedule: Schedule }): React.JSX.Element {
  const change = useSwitchSchedule(db);
  return (
    <Switch
      label={enabled ? 'On' : 'Paused'}
      checked={enabled}
      disabled={change.isPending}
      onChange={(wanted) => change.mutate({ id, enabled: wanted }, { onError: (error) => toast.bad(error) })}
    />
  );
}

function Facts({ schedule, enabled }: { schedule: Schedule; enabled: boolean }): React.JSX.Element {
  const late = { skip: 'Left out', once: 'One backup for all of them', all: 'One backup for each' };
  return (
    <KeyValues
      items={[
        ['Expression', <Code key="cron">{schedule.cron}</Code>],
        [
          'Next runs',
          enabled ? <NextRuns key="next" db={schedule.database_id} id={schedule.id} /> : 'None: it is paused',
        ],
        ['Kept', capital(rulesInWords(schedule.retention))],
        ['Verified', capital(provingInWords(schedule.verification))],
        ['Late runs', `${late[schedule.catch_up]}, after ${schedule.catch_up_grace_seconds} s`],
        ['While another backup runs', schedule.overlap === 'queue' ? 'Waits for it' : 'Is left out'],
        ['Pings', schedule.ping === null ? undefined : <Code key="ping">{schedule.ping.url}</Code>],
        ['Spread', schedule.jitter_seconds > 0 ? `Up to ${schedule.jitter_seconds} s later` : undefined],
      ]}
    />
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function NextRuns({ db, id }: { db: string; id: string }): React.JSX.Element {
  const slots = useSlots(db, id);
  return (
    <Loaded query={slots} loading="…">
      {({ next }) =>
        next.length === 0 ? (
          <>Being planned</>
        ) : (
          <ol className="times" aria-label="Next runs">
            {next.slice(0, nextShown).map(({ scheduled_for: planned, run_at: at }) => (
              <li key={planned}>
                <RelativeTime at={at} absolute />{' '}
                <Soft small>
                  <RelativeTime at={at} />
                </Soft>
              </li>
            ))}
          </ol>
        )
      }
    </Loaded>
  );
}
