import type { LucideIcon } from 'lucide-react';
import type { MouseEventHandler, ReactNode } from 'react';
import { Link } from 'react-router';
import './button.css';

interface Look {
  tone?: 'normal' | 'primary' | 'danger' | 'quiet';
  size?: 's' | 'm';
  icon?: LucideIcon;
}

export interface ButtonProps extends Look {
  type?: 'button' | 'submit';
  /** Working: it cannot be pressed again, and says so. */
  busy?: boolean;
  disabled?: boolean;
  /** Its name where it shows only an icon, or where its text alone would not tell which of many it is. */
  label?: string;
  onClick?: MouseEventHandler<HTMLButtonElement>;
  children?: ReactNode;
}

const iconSize = 16;

export function Button({
  tone = 'normal',
  size = 'm',
  icon: Icon,
  type = 'button',
  busy = false,
  disabled = false,
  label,
  onClick,
  children,
}: ButtonProps): React.JSX.Element {
  return (
    <button
      type={type === 'submit' ? 'submit' : 'button'}
      className="button"
      data-tone={tone}
      data-size={size}
      data-icon-only={children === undefined}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      aria-label={label}
      title={children === undefined ? label : undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy ? <span className="spinner" aria-hidden /> : Icon && <Icon size={iconSize} aria-hidden />}
      {children}
    </button>
  );
}

export interface LinkButtonProps extends Look {
  /** A page of ours. */
  to?: string;
  /** Anything else: a download, another site. */
  href?: string;
  /** The name of the file, for a download. */
  download?: string | true;
  newTab?: boolean;
  label?: string;
  children?: ReactNode;
}

/** Looks as a button, and goes somewhere. */
export function LinkButton({
  tone = 'normal',
  size = 'm',
  icon: Icon,
  to,
  href,
  download,
  newTab = false,
  label,
  children,
}: LinkButtonProps): React.JSX.Element {
  const common = {
    className: 'button',
    'data-tone': tone,
    'data-size': size,
    'data-icon-only': children === undefined,
    'aria-label': label,
    ...(newTab && { target: '_blank', rel: 'noreferrer' }),
  };
  const content = (
    <>
      {Icon && <Icon size={iconSize} aria-hidden />}
      {children}
    </>
  );
  return to === undefined ? (
    <a {...common} href={href} download={download}>
      {content}
    </a>
  ) : (
    <Link {...common} to={to}>
      {content}
    </Link>
  );
}
