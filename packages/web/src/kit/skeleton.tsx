import './skeleton.css';

export interface SkeletonProps {
  lines?: number;
  /** For screen readers. */
  label?: string;
  padded?: boolean;
}

/** Stands where something is about to appear. */
export function Skeleton({ lines = 3, label = 'Loading', padded = false }: SkeletonProps): React.JSX.Element {
  return (
    <output className="skeleton" data-padded={padded}>
      <span className="hidden-visually">{label}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span className="skeleton__line" key={line} aria-hidden />
      ))}
    </output>
  );
}
