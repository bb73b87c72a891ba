import type { Alert } from '../../data/alerts.ts';

/** The page of what an alert is about; null where there is none. */
export function subjectPage({ type, id }: Alert['subject']): string | null {
  switch (type) {
    case 'database':
      return `/databases/${id}`;
    case 'destination':
      return `/destinations/${id}`;
    case 'policy':
      return `/policies/${id}`;
    case 'channel':
      return `/notifications/${id}`;
    case 'schedule':
    case 'backup':
    case 'service':
      return null;
  }
}

/** `backup_failed` as words: `Backup failed`. */
export function kindInWords(kind: string): string {
  const words = kind.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
