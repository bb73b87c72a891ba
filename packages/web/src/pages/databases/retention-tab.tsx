import { Archive } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import {
  useRetentionPreview,
  useSaveRetention,
  useSchedules,
  type RetentionDecision,
  type Schedule,
} from '../../data/schedules.ts';
import {
  Badge,
  Button,
  Callout,
  Card,
  countOf,
  DataTable,
  EmptyState,
  Form,
  FormActions,
  Loaded,
  RelativeTime,
  SelectField,
  Soft,
  Stack,
  toast,
  type Column,
} from '../../kit/index.ts';
import { fieldErrors } from '../plan/field-errors.ts';
import { KeepingFields } from '../plan/keeping-fields.tsx';
import { keepingOf, rulesInWords, rulesOf, type Keeping } from '../plan/keeping.ts';
import { cronWords } from './words.ts';

/** What retention would do now with the backups of a schedule, by its own rules or by others. */
export function RetentionTab({ db }: { db: string }): React.JSX.Element {
  const schedules = useSchedules(db);
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <Loaded query={schedules}>
      {(list) => {
        const schedule = list.find(({ id }) => id === chosen) ?? list[0];
        if (!schedule) return <NoSchedule />;
        return (
          <Stack>
            {list.length > 1 && (
              <SelectField
                label="Schedule"
                value={schedule.id}
                onChange={setChosen}
                options={list.map(({ id, cron, timezone }) => ({ value: id, label: cronWords(cron, timezone) }))}
              />
            )}
            <OfSchedule key={schedule.id} schedule={schedule} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

function NoSchedule(): React.JSX.Element {
  return (
    <Card>
      <EmptyState title="Everything is kept" icon={Archive}>
        Rules about what is kept belong to a schedule, and this database has none. Backups that were asked for by hand
        stay until somebody deletes them.
      </EmptyState>
    </Card>
  );
}

const columns = (db: string): readonly Column<RetentionDecision>[] => [
  {
    key: 'backup',
    header: 'Backup',
    cell: ({ id, at }) => (
      <Link to={`/databases/${db}/backups/${id}`}>
        <RelativeTime at={at} absolute />
      </Link>
    ),
  },
  {
    key: 'action',
    header: 'What becomes of it',
    cell: ({ action }) => (action === 'keep' ? <Badge tone="good">Kept</Badge> : <Badge tone="warn">Deleted</Badge>),
  },
  {
    key: 'why',
    header: 'Why',
    cell: ({ reasons }) => (
      <ul>
        {reasons.map(({ code, message }) => (
          <li key={`${code} ${message}`}>{message}</li>
        ))}
      </ul>
    ),
  },
  {
    key: 'until',
    header: 'Kept until',
    cell: ({ action, expires_at: until }) => (action === 'keep' && until ? <RelativeTime at={until} absolute /> : '–'),
  },
];

function OfSchedule({ schedule }: { schedule: Schedule }): React.JSX.Element {
  const { id, database_id: db, policy_id: policy } = schedule;
  /** Rules that are tried; null: the schedule's own. */
  const [tried, setTried] = useState<Keeping | null>(null);
  const preview = useRetentionPreview(db, id, tried && rulesOf(tried));
  const save = useSaveRetention(db, id);
  const submit = (): void => {
    if (tried === null) return;
    save.mutate(rulesOf(tried), {
      onSuccess: () => {
        toast.good('The rules were saved.');
        setTried(null);
      },
    });
  };
  return (
    <Stack>
      <Card
        title={tried ? 'Other rules' : 'Rules'}
        actions={
          policy === null &&
          tried === null && (
            <Button size="s" onClick={() => setTried(keepingOf(schedule.retention))}>
              Try other rules
            </Button>
          )
        }
      >
        <p>
          {tried ? 'Kept now' : 'Kept'}: {rulesInWords(schedule.retention)}.
        </p>
        <Soft small>
          These rules are about the backups that this schedule makes. Those that were asked for by hand stay until
          somebody deletes them.
        </Soft>
        {tried && (
          <Form label="Rules to try" onSubmit={submit} error={save.error}>
            <KeepingFields value={tried} errors={fieldErrors(preview.error ?? save.error)} onChange={setTried} />
            <FormActions>
              <Button type="submit" tone="primary" busy={save.isPending}>
                Use these rules
              </Button>
              <Button onClick={() => setTried(null)}>Cancel</Button>
            </FormActions>
          </Form>
        )}
      </Card>
      {tried && rulesInWords(rulesOf(tried)) === 'everything' ? (
        <Callout tone="good">Without a rule nothing is ever deleted.</Callout>
      ) : (
        <Loaded query={preview}>{({ backups }) => <Preview db={db} backups={backups} />}</Loaded>
      )}
    </Stack>
  );
}

function Preview({ db, backups }: { db: string; backups: readonly RetentionDecision[] }): React.JSX.Element {
  const gone = backups.filter(({ action }) => action === 'delete').length;
  const all = countOf(backups.length, 'backup');
  return (
    <>
      {backups.length > 0 && (
        <Callout tone={gone > 0 ? 'warn' : 'good'} announce>
          {gone > 0
            ? `Of ${all}, ${gone} would be deleted at the next look. A deletion can be taken back for a while.`
            : `${all}: all would be kept.`}
        </Callout>
      )}
      <Card title="What would be done now" flush>
        <DataTable
          label="Retention preview"
          columns={columns(db)}
          rows={backups}
          rowKey={({ id }) => id}
          empty={
            <EmptyState title="No backups of this schedule yet" icon={Archive}>
              Rules are about the backups that the schedule makes; those that were asked for by hand stay.
            </EmptyState>
          }
        />
      </Card>
    </>
  );
}
