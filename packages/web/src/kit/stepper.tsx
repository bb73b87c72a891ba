import { Check } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';
import './stepper.css';

interface Step {
  id: string;
  label: string;
}

export interface StepperProps {
  label: string;
  steps: readonly Step[];
  current: string;
  /** Lets one go back to a step that is done. */
  onStep?: (id: string) => void;
}

/** Where one is in a task of several steps. */
export function Stepper({ label, steps, current, onStep }: StepperProps): React.JSX.Element {
  const at = steps.findIndex(({ id }) => id === current);
  return (
    <nav aria-label={label}>
      <ol className="stepper">
        {steps.map(({ id, label: text }, index) => {
          const state = index < at ? 'done' : index === at ? 'current' : 'ahead';
          const content = (
            <>
              <span className="stepper__mark" aria-hidden>
                {state === 'done' ? <Check size={14} /> : index + 1}
              </span>
              <span>
                {text}
                {state === 'done' && <span className="hidden-visually"> (done)</span>}
              </span>
            </>
          );
          return (
            <li key={id} aria-current={state === 'current' ? 'step' : undefined}>
              {state === 'done' && onStep ? (
                <button type="button" className="stepper__step" data-state={state} onClick={() => onStep(id)}>
                  {content}
                </button>
              ) : (
                <span className="stepper__step" data-state={state}>
                  {content}
                </span>
              )}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

/** What a step holds. After a change of step the focus goes to what is marked wrong in it, or to its heading. */
export function StepContent({ step, children }: { step: string; children: ReactNode }): React.JSX.Element {
  const content = useRef<HTMLDivElement>(null);
  const before = useRef(step);
  useEffect(() => {
    if (before.current === step) return;
    before.current = step;
    window.scrollTo(0, 0);
    const { current: box } = content;
    const heading = box?.querySelector<HTMLElement>('h2') ?? box;
    heading?.setAttribute('tabindex', '-1');
    (box?.querySelector<HTMLElement>('[aria-invalid="true"]') ?? heading)?.focus();
  }, [step]);
  return (
    <div className="step-content" ref={content}>
      {children}
    </div>
  );
}
