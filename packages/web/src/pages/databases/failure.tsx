import { Callout, Code, Soft, Stack } from '../../kit/index.ts';
import { failureHelp, type FailureCode } from './failure-help.ts';

interface PublicError {
  code: FailureCode;
  message: string;
}

const again = {
  yes: 'Holdfast tries again by itself, a limited number of times.',
  no: 'Holdfast does not try again by itself: another attempt would meet the same.',
  once: 'Holdfast tries once more by itself.',
};

/** The title says the meaning of the code: what is left of a message that begins with it. */
const withoutMeaning = (message: string, meaning: string): string =>
  message.startsWith(meaning) ? message.slice(meaning.length).replace(/^[.:]?\s*/, '') : message;

/** Why work failed: what was met, what helps, and whether it is tried again. @param settled whether all attempts are over */
export function Failure({ error, settled }: { error: PublicError; settled: boolean }): React.JSX.Element {
  const { meaning, helps, again: retry } = failureHelp[error.code];
  const detail = withoutMeaning(error.message, meaning);
  if (error.code === 'cancelled') return <Callout tone="neutral" title="Cancelled on request" />;
  return (
    <Callout tone={settled ? 'bad' : 'warn'} title={meaning}>
      <Stack gap="s">
        {detail !== '' && <p>{detail}</p>}
        {!detail.toLowerCase().includes(helps.toLowerCase()) && (
          <p>
            <strong>What helps:</strong> {helps}.
          </p>
        )}
        <Soft small>
          {settled ? `${again[retry].replace('tries', 'tried')} ` : `${again[retry]} `}
          Documented as <Code>{error.code}</Code> in docs/errors.md.
        </Soft>
      </Stack>
    </Callout>
  );
}
