import { ShieldCheck } from 'lucide-react';
import { useVerifyAudit, type AuditVerification } from '../../data/audit.ts';
import { Button, Callout, CodeBlock, countOf, ErrorNotice, Inline, Soft, Stack } from '../../kit/index.ts';

/** Computes the chain anew, on demand. */
export function Verification(): React.JSX.Element {
  const verify = useVerifyAudit();
  return (
    <Stack>
      <Inline>
        <Button icon={ShieldCheck} busy={verify.isPending} onClick={() => verify.mutate()}>
          Verify chain
        </Button>
        <Soft>Computes every hash anew and finds what was changed, moved or removed.</Soft>
      </Inline>
      {verify.data && <Result result={verify.data} />}
      {verify.error && <ErrorNotice error={verify.error} />}
    </Stack>
  );
}

function Result({
  result: { ok, entries, head, broken_at: broken },
}: {
  result: AuditVerification;
}): React.JSX.Element {
  const count = countOf(entries, 'entry', 'entries');
  if (!ok) {
    return (
      <Callout tone="bad" title={`The chain is broken at entry ${broken?.position ?? '?'}`} announce>
        {broken?.problem} The {count} before it are as they were written.
      </Callout>
    );
  }
  return (
    <Callout tone="good" title={`The chain is whole: ${count} verified`} announce>
      {head !== null && (
        <Stack gap="s">
          <p>Keep this hash of the last entry elsewhere: it proves later that nothing was cut off.</p>
          <CodeBlock label="Hash" text={head} />
        </Stack>
      )}
    </Callout>
  );
}
