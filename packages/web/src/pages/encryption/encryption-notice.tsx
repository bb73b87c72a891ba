import { useRecipients } from '../../data/encryption.ts';
import { Callout, countOf, LinkButton } from '../../kit/index.ts';

/** Whether the backups to come are encrypted, where one decides where they go. @param byAgent a remote server makes them */
export function EncryptionNotice({ byAgent = false }: { byAgent?: boolean }): React.JSX.Element | null {
  const { data: recipients } = useRecipients();
  if (recipients === undefined) return null;
  if (byAgent) {
    return (
      <Callout tone="neutral" title="Holdfast does not encrypt these backups">
        The agent uploads what it made, as it is. Let the bucket encrypt what it keeps.
      </Callout>
    );
  }
  const more = (label: string): React.JSX.Element => (
    <LinkButton to="/encryption" size="s" newTab>
      {label}
    </LinkButton>
  );
  if (recipients.length > 0) {
    return (
      <Callout tone="good" title="Backups are encrypted before they are stored" actions={more('Which keys')}>
        To {countOf(recipients.length, 'public key')}: whoever reads the place cannot read them.
      </Callout>
    );
  }
  return (
    <Callout tone="neutral" title="Backups are not encrypted" actions={more('How to encrypt them')}>
      Whoever reads the place can read them. A key, made once, encrypts all that are made from then on.
    </Callout>
  );
}
