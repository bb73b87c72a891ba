import { RotateCw } from 'lucide-react';
import { useRouteError } from 'react-router';
import { Button, ErrorNotice, Page, PageHeader } from '../kit/index.ts';

/** A page could not be loaded or shown: most often a new release has replaced its files. */
export function PageFailure(): React.JSX.Element {
  const error = useRouteError();
  const absent = error instanceof TypeError && /dynamically imported|import/i.test(error.message);
  return (
    <Page>
      <PageHeader
        title="This page could not be shown"
        actions={
          <Button icon={RotateCw} onClick={() => location.reload()}>
            Load again
          </Button>
        }
      />
      {absent ? (
        <p>Its files could not be loaded: the server cannot be reached, or it has been updated since. Load it again.</p>
      ) : (
        <ErrorNotice error={error} />
      )}
    </Page>
  );
}
