import { Link } from 'react-router';
import { useRecipients } from '../../data/encryption.ts';
import { countOf, Inline, Soft } from '../../kit/index.ts';

/** Whether backups to come are encrypted, in a line. */
export function Encryption(): React.JSX.Element {
  const { data: recipients } = useRecipients();
  if (recipients === undefined) return <Soft>–</Soft>;
  const isOn = recipients.length > 0;
  return (
    <Inline>
      {isOn
        ? `Backups to come are encrypted to ${countOf(recipients.length, 'public key')}`
        : 'Backups to come are not encrypted'}
      <Link to="/encryption">{isOn ? 'Which keys' : 'How to encrypt them'}</Link>
    </Inline>
  );
}
