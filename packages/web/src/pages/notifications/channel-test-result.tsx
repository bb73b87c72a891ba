import type { ChannelTest } from '../../data/notifications.ts';
import { Callout, CodeBlock, ErrorNotice, formatDuration } from '../../kit/index.ts';

/** What the other side said to a test. */
export function ChannelTestResult({
  test: { data, error, isPending },
}: {
  test: { data: ChannelTest | undefined; error: unknown; isPending: boolean };
}): React.JSX.Element | null {
  if (isPending) return <Callout title="Sending">The other side has 15 seconds.</Callout>;
  if (error) return <ErrorNotice error={error} title="The test could not be made" />;
  if (!data) return null;
  const answered = data.status === null ? '' : ` It answered ${data.status}.`;
  return (
    <Callout
      tone={data.delivered ? 'good' : 'bad'}
      title={data.delivered ? `Delivered in ${formatDuration(data.seconds)}` : 'The test was not delivered'}
      announce
    >
      <p>{data.delivered ? `The other side took the message.${answered}` : data.error}</p>
      {data.answer !== null && data.answer.trim() !== '' && <CodeBlock label="Answer" text={data.answer} />}
    </Callout>
  );
}
