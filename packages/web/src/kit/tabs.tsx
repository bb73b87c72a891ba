import type { ReactNode } from 'react';
import { Tab, TabList, TabPanel, TabPanels, Tabs as AriaTabs } from 'react-aria-components';
import { useSearchParams } from 'react-router';
import './tabs.css';

interface TabItem {
  id: string;
  label: ReactNode;
  content: ReactNode;
}

export interface TabsProps {
  label: string;
  tabs: readonly TabItem[];
}

/** Only the chosen one's content is there; which is chosen is in the address (`?tab=`), so that it can be linked. */
export function Tabs({ label, tabs }: TabsProps): React.JSX.Element {
  const [search, setSearch] = useSearchParams();
  const asked = search.get('tab');
  const chosen = tabs.find(({ id }) => id === asked) ?? tabs[0];
  return (
    <AriaTabs
      className="tabs"
      {...(chosen && { selectedKey: chosen.id })}
      onSelectionChange={(id) => {
        if (id !== chosen?.id) setSearch({ tab: String(id) }, { replace: true, preventScrollReset: true });
      }}
    >
      <TabList className="tabs__list" aria-label={label}>
        {tabs.map((tab) => (
          <Tab className="tabs__tab" id={tab.id} key={tab.id}>
            {tab.label}
          </Tab>
        ))}
      </TabList>
      <TabPanels>
        {tabs.map(({ id, content }) => (
          <TabPanel className="tabs__panel" id={id} key={id}>
            {content}
          </TabPanel>
        ))}
      </TabPanels>
    </AriaTabs>
  );
}
