import type { Protection } from '../../data/protection.ts';
import { Callout, RelativeTime } from '../../kit/index.ts';

type Service = Protection['services'][number];

/** What does not happen while a service is silent. */
const consequences: Readonly<Record<string, string>> = {
  scheduler: 'no schedule starts a backup, and nothing is deleted when its time has come',
  worker: 'no backup, restore or verification runs',
  sentinel: 'nobody is told when something goes wrong',
  api: 'this page may stop at any time',
};

export function SilentServices({ services }: { services: readonly Service[] }): React.JSX.Element {
  return (
    <>
      {services
        .filter(({ state }) => state === 'silent')
        .map(({ service, last_seen_at: seen }) => (
          <Callout tone="bad" key={service} title={`The ${service} is silent`}>
            {seen === null ? (
              'It was never seen. '
            ) : (
              <>
                It was last seen <RelativeTime at={seen} />.{' '}
              </>
            )}
            Until it runs again, {consequences[service] ?? 'its part of the work is not done'}.
          </Callout>
        ))}
    </>
  );
}
