import { useRecipients } from '../../data/encryption.ts';
import { Callout, Card, Code, CodeBlock, countOf, Loaded, Page, PageHeader, Stack } from '../../kit/index.ts';
import { Recipients } from './recipients.tsx';

const makeKeys = `# for the service
age-keygen -o service.key
# for a safe, on a machine that is not the service's
age-keygen -o offline.key`;

const settings = `# both public keys
HOLDFAST_BACKUP_RECIPIENTS=age1…,age1…
# the private key in service.key
HOLDFAST_BACKUP_IDENTITIES=AGE-SECRET-KEY-1…`;

/** Whether backups to come are encrypted, and how they come to be. */
export default function EncryptionPage(): React.JSX.Element {
  const recipients = useRecipients();
  return (
    <Page>
      <PageHeader
        title="Encryption of backups"
        lead="On the worker, before a byte leaves for the store, in the format of age."
      />
      <Loaded query={recipients}>{(keys) => <Content keys={keys} />}</Loaded>
    </Page>
  );
}

function Content({ keys }: { keys: readonly string[] }): React.JSX.Element {
  const isOn = keys.length > 0;
  return (
    <>
      {isOn ? (
        <Callout tone="good" title={`Backups to come are encrypted to ${countOf(keys.length, 'public key')}`}>
          The private key of each one of them alone opens a backup.
          {keys.length === 1 && ' Add a second one, whose private key is in a safe: a lost key is a lost backup.'}
        </Callout>
      ) : (
        <Callout tone="neutral" title="Backups to come are not encrypted">
          Whoever reads the place where they are kept can read them. The operator of the service turns encryption on.
        </Callout>
      )}
      {isOn && (
        <Card title="Public keys">
          <Recipients of={keys} />
        </Card>
      )}
      <Card title={isOn ? 'How keys are set' : 'How to turn it on'}>
        <Stack>
          <p>
            Make two pairs of keys. Each command prints its public key; <Code>npm run keys -- new-backup-key</Code>{' '}
            makes a pair where age-keygen is not installed.
          </p>
          <CodeBlock label="Making keys" text={makeKeys} />
          <p>Give workers and API both public keys and the service&rsquo;s private one, and start them anew:</p>
          <CodeBlock label="Settings" text={settings} />
          <p>
            Bring the offline key to two safe places. When all private keys of a backup are lost, nobody can open it.
          </p>
        </Stack>
      </Card>
      <Card title="What it means">
        <ul className="bulleted">
          <li>Backups that are stored already stay as they are; each one says whether it is encrypted, and to whom.</li>
          <li>Without a private key the service goes on to make backups, and cannot restore or prove them.</li>
          <li>
            Names, sizes, times and digests stay readable in <Code>manifest.json</Code>: they are read before there is a
            key.
          </li>
          <li>What the agent of a remote server uploads is not encrypted by Holdfast.</li>
          <li>It keeps content private. A lock of the bucket keeps backups from being deleted.</li>
        </ul>
      </Card>
    </>
  );
}
