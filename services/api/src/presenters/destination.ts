import type { Destination, DestinationType } from '@holdfast/shared/domain';
import { presentTime } from './time.ts';

const typesForPeople: Record<DestinationType, string> = { s3: 'Amazon S3', custom_s3: 'Custom S3', local: 'Local' };

/** A destination as the destination dialect shows it, without its keys. */
export function presentDestination(destination: Destination) {
  return {
    id: destination.id,
    user_id: destination.accountId,
    label: destination.label,
    type: destination.type,
    type_human: typesForPeople[destination.type],
    ...kindOf(destination),
    created_at: presentTime(destination.createdAt),
    updated_at: presentTime(destination.updatedAt),
  };
}

function kindOf(destination: Destination) {
  if (destination.type === 'local') return {};
  const { bucket, pathStyle, region, endpoint } = destination.settings;
  return {
    s3_bucket_name: bucket,
    path_style_endpoint: pathStyle,
    ...(destination.type === 's3' ? { s3_region: region } : { s3_endpoint: endpoint }),
  };
}
