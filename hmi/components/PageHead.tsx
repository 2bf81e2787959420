import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../locale.ts';

interface Props {
  title: string;
  /** The way back up, always in the same place (rule L1). */
  trail?: readonly { name: string; path: string }[];
  children?: ComponentChildren;
}

export function PageHead({ title, trail = [], children }: Props) {
  useEffect(() => {
    document.title = `${title} – Penstock`;
  }, [title]);
  return (
    <div class="page-head">
      {trail.length === 0 ? null : (
        <nav aria-label={t('shell.trail')}>
          <ol class="trail">
            {trail.map(({ name, path }) => (
              <li key={path}>
                <a href={path}>{name}</a>
              </li>
            ))}
          </ol>
        </nav>
      )}
      <h1>{title}</h1>
      {children === undefined ? null : <div class="page-tools">{children}</div>}
    </div>
  );
}
