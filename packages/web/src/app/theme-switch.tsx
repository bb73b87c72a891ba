import { Monitor, Moon, Sun, type LucideIcon } from 'lucide-react';
import { chooseTheme, themes, useTheme, type Theme } from './theme.ts';

const looks: Record<Theme, { icon: LucideIcon; label: string }> = {
  system: { icon: Monitor, label: 'As the system' },
  light: { icon: Sun, label: 'Light' },
  dark: { icon: Moon, label: 'Dark' },
};

export function ThemeSwitch(): React.JSX.Element {
  const chosen = useTheme();
  return (
    <fieldset className="theme-switch">
      <legend className="hidden-visually">Theme</legend>
      {themes.map((theme) => {
        const { icon: Icon, label } = looks[theme];
        return (
          <label key={theme} title={label}>
            <input type="radio" name="theme" checked={theme === chosen} onChange={() => chooseTheme(theme)} />
            <Icon size={16} aria-hidden />
            <span className="hidden-visually">{label}</span>
          </label>
        );
      })}
    </fieldset>
  );
}
