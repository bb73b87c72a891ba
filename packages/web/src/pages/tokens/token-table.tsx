import { Trash2 } from 'lucide-react';
import { useSession } from '../../data/session.ts';
import type { Token } from '../../data/tokens.ts';
import { Badge, Button, DataTable, Inline, RelativeTime, Soft, useNow, type Column } from '../../kit/index.ts';
import { stateOf, type TokenState } from './scopes.ts';

interface Row extends Token {
  state: TokenState;
  isOwn: boolean;
  onRevoke: () => void;
}

const words: Record<TokenState, { word: string; tone: 'good' | 'neutral' }> = {
  valid: { word: 'Valid', tone: 'good' },
  expired: { word: 'Expired', tone: 'neutral' },
  revoked: { word: 'Revoked', tone: 'neutral' },
};

const orNever = (at: string | null): React.JSX.Element => (at === null ? <Soft>never</Soft> : <RelativeTime at={at} />);

const columns: readonly Column<Row>[] = [
  {
    key: 'name',
    header: 'Name',
    sortBy: ({ name }) => name,
    cell: ({ name, isOwn }) => (
      <Inline>
        <strong>{name}</strong>
        {isOwn && <Badge tone="info">You</Badge>}
      </Inline>
    ),
  },
  {
    key: 'state',
    header: 'State',
    sortBy: ({ state }) => state,
    cell: ({ state }) => <Badge tone={words[state].tone}>{words[state].word}</Badge>,
  },
  {
    key: 'scopes',
    header: 'May',
    cell: ({ scopes }) => (scopes.includes('admin') ? 'everything' : scopes.join(', ')),
  },
  {
    key: 'used',
    header: 'Last used',
    sortBy: ({ last_used_at: used }) => used,
    cell: ({ last_used_at: used }) => orNever(used),
  },
  {
    key: 'ends',
    header: 'Ends',
    sortBy: ({ expires_at: ends }) => ends,
    cell: ({ expires_at: ends }) => orNever(ends),
  },
  {
    key: 'actions',
    header: '',
    align: 'end',
    cell: ({ name, state, onRevoke }) =>
      state === 'valid' && (
        <Button size="s" icon={Trash2} label={`Revoke ${name}`} onClick={onRevoke}>
          Revoke
        </Button>
      ),
  },
];

export function TokenTable({
  tokens,
  onRevoke,
}: {
  tokens: readonly Token[];
  onRevoke: (token: Token) => void;
}): React.JSX.Element {
  const own = useSession().data?.token.id;
  const now = useNow();
  const rows = tokens.map((token) => ({
    ...token,
    state: stateOf(token, now),
    isOwn: token.id === own,
    onRevoke: () => onRevoke(token),
  }));
  return <DataTable label="Tokens" columns={columns} rows={rows} rowKey={({ id }) => id} />;
}
