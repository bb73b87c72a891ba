import type { Delivery } from '../../data/notifications.ts';
import { CodeBlock, RelativeTime, Stack } from '../../kit/index.ts';

/** Whether there is more to say of a message than that it waits or was delivered. */
export const hasDetails = ({ status, error, answer }: Delivery): boolean =>
  status !== 'done' && (error !== null || answer !== null);

/** Why a message did not get through, and what the other side said. */
export function DeliveryDetails({ delivery }: { delivery: Delivery }): React.JSX.Element {
  const { error, answer, next_attempt_at: next } = delivery;
  return (
    <Stack gap="s">
      <p>
        {error}
        {next !== null && (
          <>
            {' '}
            Tried again <RelativeTime at={next} />.
          </>
        )}
      </p>
      {answer && answer.text.trim() !== '' && <CodeBlock label="Answer" text={answer.text} />}
    </Stack>
  );
}
