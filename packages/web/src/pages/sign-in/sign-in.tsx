import { ApiError } from '@holdfast/client';
import { LogIn } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Navigate, useSearchParams } from 'react-router';
import { useSession, useSignIn } from '../../data/session.ts';
import { Button, Card, Code, Form, TextField } from '../../kit/index.ts';
import './sign-in.css';
import { pageAfter } from './page-after.ts';

/** What is wrong with the token itself, at its field; anything else is said of the form. */
function refusalOfToken(error: unknown): string | undefined {
  const refused = error instanceof ApiError && (error.status === 401 || error.status === 422);
  return refused ? 'This token is not valid: it was not copied whole, has expired or was revoked.' : undefined;
}

export default function SignInPage(): React.JSX.Element {
  const { data: session } = useSession();
  const [search] = useSearchParams();
  const [token, setToken] = useState('');
  const [missing, setMissing] = useState(false);
  const signIn = useSignIn();
  useEffect(() => {
    document.title = 'Sign in · Holdfast';
  }, []);
  if (session) return <Navigate to={pageAfter(search.get('from'))} replace />;
  const field = refusalOfToken(signIn.error);
  const submit = (): void => {
    const text = token.trim();
    setMissing(text === '');
    if (text !== '' && !signIn.isPending) signIn.mutate({ token: text });
  };
  return (
    <main className="sign-in">
      <div className="sign-in__head">
        <img className="sign-in__mark" src="/icon.svg" alt="" />
        <h1>Sign in to Holdfast</h1>
        <p className="soft">Backs up databases and proves that they come back.</p>
      </div>
      <Card>
        <Form label="Sign in" onSubmit={submit} error={signIn.error} saidByFields={field !== undefined}>
          <TextField
            label="API token"
            name="token"
            type="password"
            autoComplete="current-password"
            code
            focused
            value={token}
            onChange={setToken}
            error={missing ? 'Paste a token: it begins with hf_.' : field}
          />
          <Button type="submit" tone="primary" icon={LogIn} busy={signIn.isPending}>
            Sign in
          </Button>
        </Form>
      </Card>
      <p className="soft small">
        <Code>npm start</Code> prints a token at its first start, and a further one with{' '}
        <Code>npm start -- --new-token</Code>. In production it is made on the server by{' '}
        <Code>{'node services/api/src/admin.ts create-token --account … --name … --scopes all'}</Code>; later ones on
        the page Tokens. The page keeps no token: signing in gives this browser a session that ends by itself.
      </p>
    </main>
  );
}
