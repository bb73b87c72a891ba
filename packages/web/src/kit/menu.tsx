import { EllipsisVertical, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, Menu as AriaMenu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import './button.css';
import './menu.css';

interface MenuAction {
  id: string;
  label: string;
  icon?: LucideIcon;
  tone?: 'normal' | 'danger';
  disabled?: boolean;
  onAction: () => void;
}

export interface MenuProps {
  /** Of what: `Actions for shop`. */
  label: string;
  /** What is on its button; three dots when absent. */
  trigger?: ReactNode;
  items: readonly MenuAction[];
}

export function Menu({ label, trigger, items }: MenuProps): React.JSX.Element {
  return (
    <MenuTrigger>
      <Button className="button" aria-label={label} data-size="s" data-icon-only={trigger === undefined}>
        {trigger ?? <EllipsisVertical size={16} aria-hidden />}
      </Button>
      <Popover placement="bottom end">
        <AriaMenu className="menu" disabledKeys={items.filter(({ disabled }) => disabled).map(({ id }) => id)}>
          {items.map(({ id, label: text, icon: Icon, tone = 'normal', onAction }) => (
            <MenuItem className="menu__item" key={id} id={id} textValue={text} data-tone={tone} onAction={onAction}>
              {Icon && <Icon size={16} aria-hidden />}
              {text}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
