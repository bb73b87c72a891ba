import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Button } from './button.tsx';
import { toast } from './toast.tsx';

/** Copies `text`. @param label what is copied: `Copy checksum` */
export function CopyButton({ text, label }: { text: string; label: string }): React.JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      toast.bad('This browser does not let the page copy: select the text and copy it by hand.');
    }
  };
  return (
    <Button
      size="s"
      tone="quiet"
      icon={copied ? Check : Copy}
      label={copied ? 'Copied' : label}
      onClick={() => void copy()}
    />
  );
}
