import { t } from '../locale.ts';
import { Health } from './Health.tsx';
import { PageHead } from './PageHead.tsx';

export function HealthPage() {
  return (
    <>
      <PageHead title={t('health.title')} />
      <Health />
    </>
  );
}
