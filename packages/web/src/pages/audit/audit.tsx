import { FileKey } from 'lucide-react';
import { useState } from 'react';
import { useAudit, type AuditFilter } from '../../data/audit.ts';
import {
  Button,
  Card,
  EmptyState,
  Form,
  FormActions,
  FormRow,
  Loaded,
  Page,
  PageHeader,
  Pagination,
  TextField,
} from '../../kit/index.ts';
import { AuditTable } from './audit-table.tsx';
import { Verification } from './verification.tsx';

const everything: AuditFilter = { action: '', object: '' };

export default function AuditPage(): React.JSX.Element {
  const [filter, setFilter] = useState(everything);
  return (
    <Page>
      <PageHeader
        title="Audit log"
        lead="Who did what, to which object, from where. Entries are only ever added, and each holds the hash of the one before it."
      />
      <Verification />
      <Filter onFilter={setFilter} />
      <Entries key={`${filter.action}/${filter.object}`} filter={filter} />
    </Page>
  );
}

function Filter({ onFilter }: { onFilter: (filter: AuditFilter) => void }): React.JSX.Element {
  const [action, setAction] = useState('');
  const [object, setObject] = useState('');
  return (
    <Card>
      <Form label="Filter" onSubmit={() => onFilter({ action: action.trim(), object: object.trim() })}>
        <FormRow>
          <TextField label="Action" optional placeholder="token.create" code value={action} onChange={setAction} />
          <TextField label="Object’s id" optional code value={object} onChange={setObject} />
        </FormRow>
        <FormActions>
          <Button type="submit">Filter</Button>
          <Button
            tone="quiet"
            onClick={() => {
              setAction('');
              setObject('');
              onFilter(everything);
            }}
          >
            Show all
          </Button>
        </FormActions>
      </Form>
    </Card>
  );
}

function Entries({ filter }: { filter: AuditFilter }): React.JSX.Element {
  /** Where each page that was seen begins, the newest first. */
  const [starts, setStarts] = useState<readonly (string | null)[]>([null]);
  const query = useAudit(filter, starts.at(-1) ?? null);
  return (
    <Loaded query={query}>
      {({ entries, next }) =>
        entries.length === 0 ? (
          <Card>
            <EmptyState title="No such entries" icon={FileKey}>
              Sign-ins, and every change of databases, backups, destinations, tokens and keys are written down here.
            </EmptyState>
          </Card>
        ) : (
          <Card flush>
            <AuditTable entries={entries} />
            <Pagination
              label="Entries"
              text={`Page ${starts.length}`}
              onPrevious={starts.length > 1 ? () => setStarts(starts.slice(0, -1)) : null}
              onNext={next === null ? null : () => setStarts([...starts, String(next)])}
            />
          </Card>
        )
      }
    </Loaded>
  );
}
