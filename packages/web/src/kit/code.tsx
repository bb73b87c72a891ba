import './code.css';
import { CopyButton } from './copy-button.tsx';
import { ScrollRegion } from './scroll-region.tsx';

/** A word that machines read. */
export function Code({ children }: { children: string }): React.JSX.Element {
  return <code className="code">{children}</code>;
}

/** Lines that machines read or wrote. @param label what they are, for screen readers and the button that copies them */
export function CodeBlock({ label, text }: { label: string; text: string }): React.JSX.Element {
  return (
    <div className="code-block">
      <ScrollRegion label={label} className="code-block__text">
        <pre>{text}</pre>
      </ScrollRegion>
      <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
    </div>
  );
}
