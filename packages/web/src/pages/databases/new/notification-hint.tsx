import { useSomebodyIsTold } from '../../../data/set-up.ts';
import { Callout, LinkButton } from '../../../kit/index.ts';

/** Said where nobody would hear of a backup that fails. */
export function NotificationHint(): React.JSX.Element | null {
  const { data: isTold } = useSomebodyIsTold();
  if (isTold !== false) return null;
  return (
    <Callout
      tone="warn"
      title="Nobody is told when a backup fails"
      actions={
        <LinkButton to="/notifications/new" size="s" newTab>
          Set up a notification
        </LinkButton>
      }
    >
      Alerts are shown on this page alone until there is a channel: mail, chat or a webhook.
    </Callout>
  );
}
