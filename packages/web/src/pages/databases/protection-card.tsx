import type { DatabaseProtection } from '../../data/protection.ts';
import { Callout, Duration, Inline, KeyValues, lookOf, RelativeTime, Soft, Stack, type Tone } from '../../kit/index.ts';

const tones: Record<DatabaseProtection['state'], Tone> = {
  protected: 'good',
  at_risk: 'warn',
  unprotected: 'bad',
  unknown: 'neutral',
};

const sources = { set: 'as set', schedule: 'from its schedules', default: 'by default' };

/** Whether a database is protected, why not and what to do, and the figures behind that. */
export function ProtectionCard({
  protection,
}: {
  protection: Pick<
    DatabaseProtection,
    'state' | 'reasons' | 'objectives' | 'newest_good' | 'next_slot_at' | 'measured_restore_seconds' | 'since'
  >;
}): React.JSX.Element {
  const { state, reasons, objectives, newest_good: newest, next_slot_at: next } = protection;
  const measured = protection.measured_restore_seconds;
  return (
    <Stack>
      {reasons.map(({ code, message, action }) => (
        <Callout key={`${code} ${message}`} tone={tones[state]} title={message}>
          {action}
        </Callout>
      ))}
      <KeyValues
        items={[
          [
            'Newest good backup',
            newest ? (
              <Inline key="newest">
                <RelativeTime at={newest.made_at} />
                <Soft small>
                  {lookOf(newest.level).word}, may be <Duration seconds={objectives.rpo_seconds} /> old (
                  {sources[objectives.source]})
                </Soft>
              </Inline>
            ) : (
              'None'
            ),
          ],
          ['Next run', next === null ? 'None planned' : <RelativeTime key="next" at={next} />],
          [
            'A restore took',
            measured === null ? (
              'Not measured yet'
            ) : (
              <span key="rto">
                <Duration seconds={measured} />
                {objectives.rto_seconds !== null && (
                  <Soft small>
                    {' '}
                    of <Duration seconds={objectives.rto_seconds} /> allowed
                  </Soft>
                )}
              </span>
            ),
          ],
        ]}
      />
    </Stack>
  );
}
