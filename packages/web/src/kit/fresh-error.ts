import { useState } from 'react';
import type { FieldProps } from './field.tsx';

/**
 * An error of a refusal is about what was sent, so it goes as soon as something else is written. One that the page finds by
 * itself is a plain text, and follows what is written.
 * @returns the error as long as it holds, and what to call when something is written
 */
export function useFreshError(error: FieldProps['error']): readonly [FieldProps['error'], () => void] {
  const [answered, setAnswered] = useState<FieldProps['error']>();
  const isAnswered = typeof error === 'object' && answered === error;
  return [isAnswered ? undefined : error, () => setAnswered(error)];
}
