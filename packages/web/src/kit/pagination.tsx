import { ChevronLeft, ChevronRight } from 'lucide-react';
import { Button } from './button.tsx';
import './pagination.css';

export interface PaginationProps {
  /** What is paged, for screen readers: `Backups`. */
  label: string;
  /** Where one is, in words: `Page 2 of 7`, `21–40 of 133`. */
  text: string;
  /** Null where there is none. */
  onPrevious: (() => void) | null;
  onNext: (() => void) | null;
}

/** For pages by number as well as by cursor. */
export function Pagination({ label, text, onPrevious, onNext }: PaginationProps): React.JSX.Element {
  return (
    <nav className="pagination" aria-label={`Pages of ${label.toLowerCase()}`}>
      <span aria-live="polite">{text}</span>
      <span className="pagination__buttons">
        <Button size="s" icon={ChevronLeft} disabled={onPrevious === null} onClick={() => onPrevious?.()}>
          Previous
        </Button>
        <Button size="s" disabled={onNext === null} onClick={() => onNext?.()}>
          Next
          <ChevronRight size={16} aria-hidden />
        </Button>
      </span>
    </nav>
  );
}
