import { useBackupFiles, type Backup } from '../../data/backups.ts';
import { useDatabases, type Database } from '../../data/databases.ts';
import {
  Button,
  Callout,
  Checkbox,
  Form,
  FormActions,
  FormRow,
  NumberField,
  RadioGroup,
  SelectField,
  TextField,
} from '../../kit/index.ts';
import { bringsGlobals, takesParts, type WishFields } from './restore-wish.ts';

export interface RestoreTargetStepProps {
  database: Database;
  backup: Backup;
  wish: WishFields;
  onChange: (wish: WishFields) => void;
  onNext: () => void;
}

/** Where the content goes, and which part of it. */
export function RestoreTargetStep(props: RestoreTargetStepProps): React.JSX.Element {
  const { database, backup, wish, onChange, onNext } = props;
  const change = (changes: Partial<WishFields>): void => onChange({ ...wish, ...changes });
  const isReady = wish.place === 'in_place' || (wish.place === 'beside' ? wish.name.trim() : wish.other) !== '';
  const isPath = database.type === 'sqlite' || database.type === 'files';
  return (
    <Form label="Target of the restore" onSubmit={() => isReady && onNext()}>
      <RadioGroup
        label="Where to"
        look="cards"
        value={wish.place}
        onChange={(place) => change({ place })}
        options={[
          {
            value: 'beside',
            label: 'Beside it, under a new name',
            hint: 'Nothing in use is changed. Look at it, compare, copy what is needed.',
          },
          {
            value: 'in_place',
            label: `In place of ${database.database}`,
            hint: 'Built beside and swapped in when it is whole. What is there now is kept for a while, for an undo.',
          },
          {
            value: 'other',
            label: 'In place of another registered database',
            hint: 'Such as a staging copy. Its content is replaced.',
          },
        ]}
      />
      {wish.place === 'beside' && (
        <TextField
          label={isPath ? 'New path' : 'New name'}
          code
          value={wish.name}
          onChange={(name) => change({ name })}
          hint={
            isPath
              ? 'On the same machine; nothing may be there yet.'
              : 'On the same server; there must be none of that name yet.'
          }
        />
      )}
      {wish.place === 'other' && <Other {...props} />}
      {wish.place === 'beside' && takesParts(database) && <Part wish={wish} onChange={change} />}
      <Globals {...props} />
      {backup.verification.damage && (
        <>
          <Callout tone="bad" title="This backup is damaged">
            {backup.verification.damage.detail}
          </Callout>
          <Checkbox
            label="Try it all the same"
            hint="What does not match its digests is never put in place."
            checked={wish.allowDamaged}
            onChange={(allowDamaged) => change({ allowDamaged })}
          />
        </>
      )}
      <details>
        <summary>Owners and former content</summary>
        <FormRow>
          <SelectField
            label="Owners and privileges"
            value={wish.ownership}
            onChange={(ownership) => change({ ownership })}
            options={[
              { value: 'usual', label: 'Kept in place, left out in a new database' },
              { value: 'keep', label: 'Kept: the roles must exist' },
              { value: 'skip', label: 'Left out: everything belongs to the user of Holdfast' },
            ]}
          />
          {wish.place !== 'beside' && (
            <NumberField
              label="Keep the former content for"
              unit="hours"
              min={0}
              max={8760}
              placeholder="24"
              hint="0: not at all. It takes the space of the whole database."
              value={wish.keepHours}
              onChange={(keepHours) => change({ keepHours })}
            />
          )}
        </FormRow>
      </details>
      <FormActions>
        <Button type="submit" tone="primary" disabled={!isReady}>
          Look first
        </Button>
      </FormActions>
    </Form>
  );
}

function Other({ database, wish, onChange }: RestoreTargetStepProps): React.JSX.Element {
  const { data: databases = [] } = useDatabases();
  const fit = databases.filter(({ id, type }) => id !== database.id && type === database.type);
  return (
    <SelectField
      label="Database"
      value={wish.other}
      onChange={(other) => onChange({ ...wish, other })}
      hint={fit.length === 0 ? 'There is no other registered database of this kind.' : undefined}
      options={[{ value: '', label: 'Choose one' }, ...fit.map(({ id, name }) => ({ value: id, label: name }))]}
    />
  );
}

/** Schemas and tables; everything where none is named. */
function Part({
  wish,
  onChange,
}: {
  wish: WishFields;
  onChange: (changes: Partial<WishFields>) => void;
}): React.JSX.Element {
  return (
    <details>
      <summary>Only some schemas or tables</summary>
      <FormRow>
        <TextField
          label="Schemas"
          optional
          code
          rows={3}
          value={wish.schemas}
          onChange={(schemas) => onChange({ schemas })}
          hint="One a line."
        />
        <TextField
          label="Tables"
          optional
          code
          rows={3}
          value={wish.tables}
          onChange={(tables) => onChange({ tables })}
          hint="One a line, as SQL has them: public.orders"
        />
      </FormRow>
    </details>
  );
}

/** Roles and tablespaces are the server's: asked where the backup has them. */
function Globals({ database, backup, wish, onChange }: RestoreTargetStepProps): React.JSX.Element | null {
  const { data: files = [] } = useBackupFiles(database.id, backup.id);
  if (!files.some(({ role }) => role === 'globals')) return null;
  return (
    <Checkbox
      label="Also roles and tablespaces of the server"
      hint="Those that are there get the backup's rights, logins and memberships, and keep them if this is undone."
      checked={bringsGlobals(wish)}
      onChange={(globals) => onChange({ ...wish, globals })}
    />
  );
}
