import { Compass } from 'lucide-react';
import { EmptyState, LinkButton, Page, PageHeader } from '../kit/index.ts';

export default function NotFoundPage(): React.JSX.Element {
  return (
    <Page>
      <PageHeader title="Nothing here" />
      <EmptyState
        title="There is no page at this address"
        icon={Compass}
        actions={<LinkButton to="/">Go to the overview</LinkButton>}
      >
        It may have been moved, or the address was copied in part.
      </EmptyState>
    </Page>
  );
}
