import type { ComponentChildren } from 'preact';

/** Calm: as it should be. Idle: not in use. Attention and fault: abnormal; the shape says it without colour. */
export type Kind = 'calm' | 'busy' | 'idle' | 'attention' | 'fault';

const shapes: Record<Kind, string> = {
  calm: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11',
  busy: 'M8 2.5a5.5 5.5 0 1 1 0 11zM8 2.5a5.5 5.5 0 1 0 0 11',
  idle: 'M3 8h10',
  attention: 'M8 2L14.5 13.5H1.5zM8 6.5v3.2M8 11v1.2',
  fault: 'M2.5 2.5h11v11h-11zM5 5l6 6M11 5l-6 6',
};

/** A state as shape and word (rule L5). */
export function Condition({ kind, children }: { kind: Kind; children: ComponentChildren }) {
  return (
    <span class="condition" data-kind={kind}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d={shapes[kind]} />
      </svg>
      {children}
    </span>
  );
}
