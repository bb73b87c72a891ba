import { Link } from 'react-router';
import type { DatabaseProtection } from '../../data/protection.ts';
import { typeNames } from '../../data/type-names.ts';
import {
  countOf,
  DataTable,
  formatDuration,
  Progress,
  RelativeTime,
  Soft,
  StateBadge,
  type Column,
  type Tone,
} from '../../kit/index.ts';
import { statesByUrgency } from './tiles.tsx';

const columns: readonly Column<DatabaseProtection>[] = [
  {
    key: 'name',
    header: 'Database',
    sortBy: ({ database }) => database.name,
    cell: ({ database: { id, name, type } }) => (
      <>
        <Link to={`/databases/${id}`}>{name}</Link>
        <br />
        <Soft small>{typeNames[type]}</Soft>
      </>
    ),
  },
  {
    key: 'state',
    header: 'State',
    sortBy: ({ state }) => statesByUrgency.indexOf(state),
    cell: ({ state }) => <StateBadge state={state} />,
  },
  { key: 'why', header: 'Why, and what to do', wide: true, cell: (row) => <Why row={row} /> },
  {
    key: 'newest',
    header: 'Newest good backup',
    sortBy: ({ newest_good: newest }) => newest?.age_seconds ?? null,
    cell: (row) => <Age row={row} />,
  },
  {
    key: 'next',
    header: 'Next slot',
    sortBy: ({ next_slot_at: next }) => next,
    cell: ({ next_slot_at: next }) => (next === null ? <Soft>none</Soft> : <RelativeTime at={next} />),
  },
];

function Why({ row: { reasons } }: { row: DatabaseProtection }): React.JSX.Element {
  const [worst, ...others] = reasons;
  if (!worst) return <Soft>–</Soft>;
  return (
    <div className="reason">
      <span>{worst.message}</span>
      <Soft small>
        {worst.action}
        {others.length > 0 && ` And ${countOf(others.length, 'more reason')}.`}
      </Soft>
    </div>
  );
}

/** The share of the allowed age, and the colour of what is left of it. */
function toneOf(share: number): Tone {
  if (share > 1) return 'bad';
  return share > 0.8 ? 'warn' : 'good';
}

function Age({ row: { newest_good: newest, objectives } }: { row: DatabaseProtection }): React.JSX.Element {
  if (!newest) return <Soft>none</Soft>;
  const share = newest.age_seconds / objectives.rpo_seconds;
  const [age, allowed] = [formatDuration(newest.age_seconds), formatDuration(objectives.rpo_seconds)];
  return (
    <Progress
      meter
      label={`Age of the newest good backup: ${age} of ${allowed} allowed`}
      value={share}
      tone={toneOf(share)}
      text={`${age} old`}
      aside={`of ${allowed}`}
    />
  );
}

/** The worst first. */
export function ProtectionTable({ rows }: { rows: readonly DatabaseProtection[] }): React.JSX.Element {
  const worstFirst = rows.toSorted(
    (a, b) =>
      statesByUrgency.indexOf(a.state) - statesByUrgency.indexOf(b.state) ||
      a.database.name.localeCompare(b.database.name, 'en', { numeric: true }),
  );
  return (
    <DataTable
      label="Databases by protection"
      columns={columns}
      rows={worstFirst}
      rowKey={({ database }) => database.id}
    />
  );
}
