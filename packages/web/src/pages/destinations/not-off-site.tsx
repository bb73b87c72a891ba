import type { Destination } from '../../data/destinations.ts';
import { Callout } from '../../kit/index.ts';

/** Said under the choice of a destination where the chosen one is a folder. @param chosen its id */
export function NotOffSite({
  destinations,
  chosen,
}: {
  destinations: readonly Destination[];
  chosen: string;
}): React.JSX.Element | null {
  if (destinations.find(({ id }) => String(id) === chosen)?.type !== 'local') return null;
  return (
    <Callout tone="warn" title="On the machine of the service: not off-site">
      What takes this machine takes these backups with it. A bucket elsewhere keeps them.
    </Callout>
  );
}
