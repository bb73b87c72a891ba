import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react';
import { Fragment, useState, type ReactNode } from 'react';
import { ScrollRegion } from './scroll-region.tsx';
import { Skeleton } from './skeleton.tsx';
import './table.css';

export interface Column<Row> {
  key: string;
  /** '' for a column of actions. */
  header: string;
  cell: (row: Row) => ReactNode;
  align?: 'start' | 'end';
  /** Holds sentences: on a phone they take the whole width, without the header. */
  wide?: boolean;
  /** Makes the column sortable by what it returns; null sorts last. */
  sortBy?: (row: Row) => string | number | null;
}

export interface DataTableProps<Row> {
  /** What the table holds, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  /** Undefined while loading. */
  rows: readonly Row[] | undefined;
  rowKey: (row: Row) => string;
  /** What stands under a row over the whole width; null for none. */
  details?: (row: Row) => ReactNode;
  /** Shown instead of a table without rows: an EmptyState. */
  empty?: ReactNode;
}

interface Sorting {
  key: string;
  descending: boolean;
}

function sorted<Row>(rows: readonly Row[], column: Column<Row> | undefined, descending: boolean): readonly Row[] {
  const { sortBy } = column ?? {};
  if (!sortBy) return rows;
  return rows.toSorted((a, b) => {
    const [left, right] = [sortBy(a), sortBy(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : String(left).localeCompare(String(right), 'en', { numeric: true });
    return descending ? -order : order;
  });
}

/** Rows and columns; on a phone every row is a small card. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  details,
  empty,
}: DataTableProps<Row>): React.JSX.Element {
  const [sorting, setSorting] = useState<Sorting | null>(null);
  if (rows === undefined) return <Skeleton lines={4} label={`Loading ${label.toLowerCase()}`} padded />;
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  const column = columns.find(({ key }) => key === sorting?.key);
  const sort = (key: string): void =>
    setSorting((now) => (now?.key === key ? { key, descending: !now.descending } : { key, descending: false }));
  return (
    <ScrollRegion label={`${label}, scrolled`} className="table-scroll">
      <table className="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((each) => (
              <HeaderCell key={each.key} column={each} sorting={sorting} onSort={sort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, column, sorting?.descending ?? false).map((row) => (
            <Fragment key={rowKey(row)}>
              <tr>
                {columns.map(({ key, header, align, wide, cell }) => (
                  <td key={key} data-label={header} data-align={align} data-wide={wide}>
                    <div className="table__cell">{cell(row)}</div>
                  </td>
                ))}
              </tr>
              <Details content={details?.(row)} columns={columns.length} />
            </Fragment>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function HeaderCell<Row>({
  column: { key, header, align, sortBy },
  sorting,
  onSort,
}: {
  column: Column<Row>;
  sorting: Sorting | null;
  onSort: (key: string) => void;
}): React.JSX.Element {
  if (header === '')
    return (
      <th scope="col">
        <span className="hidden-visually">Actions</span>
      </th>
    );
  if (!sortBy)
    return (
      <th scope="col" data-align={align}>
        {header}
      </th>
    );
  const mine = sorting?.key === key ? sorting : null;
  const Icon = mine === null ? ChevronsUpDown : mine.descending ? ArrowDown : ArrowUp;
  return (
    <th scope="col" data-align={align} aria-sort={mine ? (mine.descending ? 'descending' : 'ascending') : undefined}>
      <button type="button" className="table__sort" onClick={() => onSort(key)}>
        {header}
        <Icon size={14} aria-hidden />
      </button>
    </th>
  );
}

function Details({ content, columns }: { content: ReactNode; columns: number }): React.JSX.Element | null {
  if (content === null || content === undefined || content === false) return null;
  return (
    <tr className="table__details">
      <td colSpan={columns}>{content}</td>
    </tr>
  );
}
