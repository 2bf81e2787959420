import { t } from '../locale.ts';

interface Props {
  offset: number;
  limit: number;
  total: number;
  onGo: (offset: number) => void;
}

export function Pager({ offset, limit, total, onGo }: Props) {
  if (total <= limit) return null;
  const last = Math.min(offset + limit, total);
  return (
    <nav class="pager" aria-label={t('pager.label')}>
      <button type="button" aria-disabled={offset === 0} onClick={() => onGo(Math.max(0, offset - limit))}>
        {t('pager.back')}
      </button>
      <span>{t('pager.range', { first: offset + 1, last, total })}</span>
      <button
        type="button"
        aria-disabled={last >= total}
        onClick={() => last < total && onGo(offset + limit)}
      >
        {t('pager.on')}
      </button>
    </nav>
  );
}
