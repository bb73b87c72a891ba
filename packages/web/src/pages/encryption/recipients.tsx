import { Code } from '../../kit/index.ts';

/** The public keys of which each one's private key opens a backup. */
export function Recipients({ of: recipients }: { of: readonly string[] }): React.JSX.Element {
  return (
    <ul>
      {recipients.map((key) => (
        <li key={key}>
          <Code>{key}</Code>
        </li>
      ))}
    </ul>
  );
}
