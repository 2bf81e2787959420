import { t } from '../locale.ts';
import { PageHead } from './PageHead.tsx';

export function NotFound() {
  return (
    <>
      <PageHead title={t('notFound.title')} />
      <p class="state">
        {t('notFound.text')}{' '}
        <a class="button" href="/">
          {t('notFound.home')}
        </a>
      </p>
    </>
  );
}
