import { ApiError } from '@holdfast/client';
import { RotateCw } from 'lucide-react';
import { Button } from './button.tsx';
import { Callout } from './callout.tsx';

const wanting = / field is required\b/;

/** Whether all that is wrong is that fields of a form were left empty: nothing to count, or to ask for help with. */
const isIncomplete = (error: unknown): boolean => {
  const said = error instanceof ApiError && error.status === 422 ? Object.values(error.fields).flat() : [];
  return said.length > 0 && said.every((text) => wanting.test(text));
};

/** What an error says, for people. */
export function messageOf(error: unknown): string {
  if (isIncomplete(error)) return 'Something is still missing: see the fields that are marked.';
  if (error instanceof ApiError) return error.message;
  if (error instanceof TypeError) return 'The server could not be reached. Check the connection and try again.';
  return error instanceof Error ? error.message : 'Something went wrong on this page. Load it again.';
}

export interface ErrorNoticeProps {
  error: unknown;
  title?: string;
  onRetry?: () => void;
}

/** Something was refused or did not come: what, and what to do. */
export function ErrorNotice({ error, title, onRetry }: ErrorNoticeProps): React.JSX.Element {
  const id = error instanceof ApiError && !isIncomplete(error) ? error.requestId : null;
  return (
    <Callout
      tone="bad"
      announce
      {...(title !== undefined && { title })}
      {...(onRetry && {
        actions: (
          <Button size="s" icon={RotateCw} onClick={onRetry}>
            Try again
          </Button>
        ),
      })}
    >
      {messageOf(error)}
      {id !== null && (
        <div className="soft small">
          Request <code>{id}</code>
        </div>
      )}
    </Callout>
  );
}
