import { ShieldCheck } from 'lucide-react';
import type { Destination } from '../../data/destinations.ts';
import { Badge, Code, Inline, Soft } from '../../kit/index.ts';

/** Where a destination is: the bucket or the folder. */
export function Place({ destination }: { destination: Destination }): React.JSX.Element {
  if (destination.type === 'local') return <Soft>A folder of the service&rsquo;s machine</Soft>;
  const at = destination.type === 's3' ? destination.s3_region : destination.s3_endpoint;
  return (
    <Inline>
      <Code>{destination.s3_bucket_name}</Code>
      <Soft small>{at}</Soft>
    </Inline>
  );
}

/** What guards the backups of a destination, as badges. */
export function Guards({ destination }: { destination: Destination }): React.JSX.Element {
  if (destination.type === 'local') return <Badge tone="warn">Not off-site</Badge>;
  const { object_lock: lock, has_deletion_keys: ownKeys, capabilities } = destination;
  const badges = [
    lock && `Locked ${lock.days} d`,
    capabilities?.versioning === true && 'Versions',
    ownKeys && 'Keys that cannot delete',
  ].filter((badge) => typeof badge === 'string');
  if (badges.length === 0) return <Soft>None</Soft>;
  return (
    <Inline>
      {badges.map((badge) => (
        <Badge key={badge} tone="good" icon={ShieldCheck}>
          {badge}
        </Badge>
      ))}
    </Inline>
  );
}
