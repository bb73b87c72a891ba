import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useSaveDestination } from '../../data/destinations.ts';
import { Button, Card, Form, FormActions, LinkButton, Page, PageHeader } from '../../kit/index.ts';
import { EncryptionNotice } from '../encryption/encryption-notice.tsx';
import { fieldErrors } from '../plan/field-errors.ts';
import { DestinationFields } from './destination-fields.tsx';
import { bodyOf, newForm } from './form.ts';

export default function NewDestinationPage(): React.JSX.Element {
  const navigate = useNavigate();
  const [form, setForm] = useState(newForm);
  const save = useSaveDestination(null);
  const submit = async (): Promise<void> => {
    const { id } = await save.mutateAsync({ body: bodyOf(form) });
    // Tested there, so that what is wrong with the place is known before a backup needs it.
    await navigate(`/destinations/${id}?try=1`);
  };
  return (
    <Page>
      <PageHeader
        title="Add destination"
        crumbs={[{ label: 'Destinations', to: '/destinations' }]}
        lead="Where backups are kept. Several databases can share one."
      />
      <Card>
        <Form label="Destination" error={save.error} onSubmit={() => void submit().catch(() => undefined)}>
          <DestinationFields value={form} onChange={setForm} errors={fieldErrors(save.error)} isNew />
          <EncryptionNotice />
          <FormActions>
            <Button type="submit" tone="primary" busy={save.isPending}>
              Add and test
            </Button>
            <LinkButton to="/destinations">Cancel</LinkButton>
          </FormActions>
        </Form>
      </Card>
    </Page>
  );
}
