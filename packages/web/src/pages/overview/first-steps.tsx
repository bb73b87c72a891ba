import { Check } from 'lucide-react';
import { useDestinations } from '../../data/destinations.ts';
import type { Protection } from '../../data/protection.ts';
import { useSomebodyIsTold } from '../../data/set-up.ts';
import { Callout, Card, LinkButton } from '../../kit/index.ts';

interface Step {
  label: string;
  text: string;
  to: string;
  action: string;
  done: boolean;
}

/** What an installation lacks until it protects anything: shown until a backup is planned, and then only who is told. */
export function FirstSteps({ protection }: { protection: Protection }): React.JSX.Element | null {
  const destinations = useDestinations().data;
  const isTold = useSomebodyIsTold().data;
  if (destinations === undefined || isTold === undefined) return null;
  const { databases } = protection;
  const first = databases[0]?.database.id;
  const planned = databases.some(({ next_slot_at: next }) => next !== null);
  if (planned && databases.length > 0) {
    return isTold ? null : (
      <Callout
        tone="info"
        title="Nobody is told when something goes wrong"
        actions={
          <LinkButton size="s" to="/notifications">
            Add a notification channel
          </LinkButton>
        }
      >
        A channel sends it by e-mail, webhook, Slack, Discord, Teams or ntfy.
      </Callout>
    );
  }
  const isElsewhere = destinations.some(({ type }) => type !== 'local');
  const steps: Step[] = [
    {
      label: 'A destination',
      text:
        isElsewhere || destinations.length === 0
          ? 'Where backups are kept: a bucket, best in another place than the databases.'
          : 'A folder of this machine is there already; add one elsewhere, such as a bucket.',
      to: '/destinations/new',
      action: 'Add destination',
      done: isElsewhere,
    },
    {
      label: 'A database',
      text: 'Its address and a user that may read it. The connection is tested before anything is stored.',
      to: '/databases/new',
      action: 'Add database',
      done: databases.length > 0,
    },
    {
      label: 'A schedule',
      text: 'When backups are made, how long they are kept, and how they are proven.',
      to: first === undefined ? '/databases/new' : `/databases/${first}?tab=schedules`,
      action: 'Add schedule',
      done: planned,
    },
    {
      label: 'A notification',
      text: 'Who is told when a backup fails or a database is not protected any more.',
      to: '/notifications',
      action: 'Add channel',
      done: isTold,
    },
  ];
  const next = steps.find(({ done }) => !done);
  return (
    <Card title="Four steps to a protected database">
      <ol className="first-steps">
        {steps.map(({ label, text, to, action, done }, index) => (
          <li className="first-steps__step" key={label} data-done={done}>
            <span className="first-steps__mark" aria-hidden>
              {done ? <Check size={16} /> : index + 1}
            </span>
            <div>
              <h3>
                {label}
                {done && <span className="hidden-visually"> (done)</span>}
              </h3>
              <p className="soft">{text}</p>
            </div>
            <LinkButton to={to} tone={label === next?.label ? 'primary' : 'normal'}>
              {action}
            </LinkButton>
          </li>
        ))}
      </ol>
    </Card>
  );
}
