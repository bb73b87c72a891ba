import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './button.tsx';
import './dialog.css';

export interface DialogProps {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  size?: 'm' | 'l';
  /** Asks something that must be answered: nothing but its buttons and Escape closes it. */
  alert?: boolean;
  children: ReactNode;
}

/** Over the page; the focus stays in it and returns to where it was. */
export function Dialog({
  isOpen,
  onClose,
  title,
  size = 'm',
  alert = false,
  children,
}: DialogProps): React.JSX.Element {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      isDismissable={!alert}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className="dialog-box" data-size={size}>
        <AriaDialog className="dialog" role={alert ? 'alertdialog' : 'dialog'}>
          <div className="dialog__head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <Button tone="quiet" size="s" icon={X} label="Close" onClick={onClose} />
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
