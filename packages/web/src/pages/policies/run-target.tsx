import type { Policy } from '../../data/policies.ts';
import { Button, Checkbox, Form, FormActions, NumberField, RadioGroup, Stack, TextField } from '../../kit/index.ts';
import { bringsGlobals, chosenOf, type RunSource, type RunWish } from './run-wish.ts';

export interface RunTargetProps {
  policy: Policy;
  sources: readonly RunSource[];
  hasDamaged: boolean;
  wish: RunWish;
  onChange: (wish: RunWish) => void;
  onNext: () => void;
}

/** Where the databases go, and which of them. */
export function RunTarget({ policy, sources, hasDamaged, wish, onChange, onNext }: RunTargetProps): React.JSX.Element {
  const change = (changes: Partial<RunWish>): void => onChange({ ...wish, ...changes });
  const chosen = chosenOf(sources, wish);
  const isReady = chosen.length > 0 && (wish.place === 'in_place' || wish.suffix.trim() !== '');
  return (
    <Form label="Target of the restores" onSubmit={() => isReady && onNext()}>
      <RadioGroup
        label="Where to"
        look="cards"
        value={wish.place}
        onChange={(place) => change({ place })}
        options={[
          {
            value: 'beside',
            label: 'Beside them, under new names',
            hint: 'Nothing in use is changed. Look at them, compare, copy what is needed.',
          },
          {
            value: 'in_place',
            label: 'In place of those in use',
            hint: 'Each is built beside and swapped in when it is whole. What is there now is kept for a while.',
          },
        ]}
      />
      {wish.place === 'beside' ? (
        <TextField
          label="Behind each name"
          code
          value={wish.suffix}
          onChange={(suffix) => change({ suffix })}
          hint={`Such as ${chosen[0]?.database ?? 'shop'}${wish.suffix.trim()}. The policy covers them from then on where its patterns match.`}
        />
      ) : (
        <NumberField
          label="Keep the former contents for"
          unit="hours"
          min={0}
          max={8760}
          placeholder="24"
          hint="0: not at all. They take the space of the whole databases."
          value={wish.keepHours}
          onChange={(keepHours) => change({ keepHours })}
        />
      )}
      <Which sources={sources} wish={wish} onChange={change} />
      {hasDamaged && (
        <Checkbox
          label="Try damaged backups all the same"
          hint="What does not match its digests is never put in place."
          checked={wish.allowDamaged}
          onChange={(allowDamaged) => change({ allowDamaged })}
        />
      )}
      {policy.globals && (
        <Checkbox
          label="First the roles and tablespaces of the server"
          hint="Those that are missing are made; nothing is taken away."
          checked={bringsGlobals(wish)}
          onChange={(globals) => change({ globals })}
        />
      )}
      <FormActions>
        <Button type="submit" tone="primary" disabled={!isReady}>
          Look first
        </Button>
      </FormActions>
    </Form>
  );
}

function Which({
  sources,
  wish,
  onChange,
}: Pick<RunTargetProps, 'sources' | 'wish'> & { onChange: (changes: Partial<RunWish>) => void }): React.JSX.Element {
  const toggle = (database: string, wanted: boolean): void =>
    onChange({ without: wanted ? wish.without.filter((one) => one !== database) : [...wish.without, database] });
  return (
    <fieldset className="radios">
      <legend className="radios__legend">Databases</legend>
      <Stack gap="s">
        {sources.map(({ database, lacks }) => (
          <Checkbox
            key={database}
            label={database}
            {...(lacks !== null && { hint: lacks })}
            disabled={lacks !== null}
            checked={lacks === null && !wish.without.includes(database)}
            onChange={(wanted) => toggle(database, wanted)}
          />
        ))}
      </Stack>
    </fieldset>
  );
}
