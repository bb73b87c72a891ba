import type { PolicyTest } from '../../data/policies.ts';
import { Bytes, Callout, Code, countOf, Inline, KeyValues, Soft } from '../../kit/index.ts';

/** What a run would do now. */
export function PolicyTestResult({ test }: { test: PolicyTest }): React.JSX.Element {
  if (test.error) {
    return (
      <Callout tone="bad" title="A run would fail" announce>
        {test.error.message}
      </Callout>
    );
  }
  return (
    <Callout
      tone={test.suspicious === null ? 'good' : 'warn'}
      title={`A run would now back up ${countOf(test.covered.length, 'database')}`}
      announce
    >
      {test.suspicious !== null && <p>{test.suspicious}</p>}
      <KeyValues
        items={[
          ['Covered', <Covered key="covered" of={test.covered} />],
          [
            'Passed over',
            test.passed_over.length > 0
              ? test.passed_over.map(({ database, reason }) => `${database}: ${reason}`).join(' ')
              : undefined,
          ],
          ['Left out', test.left_out.length > 0 ? test.left_out.join(', ') : undefined],
          ['Gone', test.vanished.length > 0 ? test.vanished.join(', ') : undefined],
        ]}
      />
    </Callout>
  );
}

const Covered = ({ of: covered }: { of: PolicyTest['covered'] }): React.JSX.Element => (
  <Inline>
    {covered.map(({ database, size_bytes: size, is_new: isNew }) => (
      <span key={database}>
        <Code>{database}</Code>{' '}
        <Soft small>
          <Bytes value={size} />
          {isNew && ', new'}
        </Soft>
      </span>
    ))}
    {covered.length === 0 && <Soft>nothing</Soft>}
  </Inline>
);
