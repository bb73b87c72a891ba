import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useSession } from '../../data/session.ts';
import { useRevokeToken, useTokens, type Token } from '../../data/tokens.ts';
import { Button, Card, ConfirmDialog, Loaded, Page, PageHeader, toast } from '../../kit/index.ts';
import { NewTokenDialog } from './new-token.tsx';
import { TokenTable } from './token-table.tsx';

export default function TokensPage(): React.JSX.Element {
  const query = useTokens();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  return (
    <Page>
      <PageHeader
        title="Tokens"
        lead="Programs and people are let in by tokens. What is kept of one is a hash: a lost token is replaced, not found."
        actions={
          <Button icon={Plus} tone="primary" onClick={() => setMaking(true)}>
            New token
          </Button>
        }
      />
      <Loaded query={query}>
        {(tokens) => (
          <Card flush>
            <TokenTable tokens={tokens} onRevoke={setRevoking} />
          </Card>
        )}
      </Loaded>
      <NewTokenDialog isOpen={making} onClose={() => setMaking(false)} />
      <Revocation token={revoking} onClose={() => setRevoking(null)} />
    </Page>
  );
}

function Revocation({ token, onClose }: { token: Token | null; onClose: () => void }): React.JSX.Element {
  const own = useSession().data?.token.id;
  const revoke = useRevokeToken();
  return (
    <ConfirmDialog
      isOpen={token !== null}
      onClose={onClose}
      title={`Revoke “${token?.name ?? ''}”?`}
      confirmLabel="Revoke token"
      onConfirm={async () => {
        if (!token) return;
        await revoke.mutateAsync(token.id);
        toast.good(`The token “${token.name}” is revoked.`);
      }}
    >
      Whoever uses it is refused at once, and its sessions end. This cannot be undone.
      {token !== null && token.id === own && <strong> It is your own: you will be signed out.</strong>}
    </ConfirmDialog>
  );
}
