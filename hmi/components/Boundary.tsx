import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import { t } from '../locale.ts';

/** A page that fails leaves the frame, the banner and the other pages as they are. */
export function Boundary({ children }: { children: ComponentChildren }) {
  const [error, reset] = useErrorBoundary() as [unknown, () => void];
  if (error === undefined) return <>{children}</>;
  return (
    <div class="state failure" role="alert">
      <p>
        <strong>{t('problem.page')}</strong> {error instanceof Error ? error.message : ''}
      </p>
      <button type="button" onClick={reset}>
        {t('action.retry')}
      </button>
    </div>
  );
}
