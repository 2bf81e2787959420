import type { TestResult } from '../../gateway/api/sources.ts';
import { Condition } from '../components/Condition.tsx';
import { brief } from '../format.ts';
import { t } from '../locale.ts';

/** What a dry run tried, and what is to be done about the step that failed. */
export function TestSteps({ result: { ok, tookMs, steps } }: { result: TestResult }) {
  return (
    <section class="test-steps" role="status" aria-label={t('source.test')}>
      <p>
        <Condition kind={ok ? 'calm' : 'fault'}>
          {ok ? t('source.testPassed') : t('source.testFailed')}
        </Condition>{' '}
        <small>{t('source.testTook', { took: brief(tookMs) })}</small>
      </p>
      <ol>
        {steps.map((step, i) => (
          <li key={i}>
            <Condition kind={step.ok ? 'calm' : 'fault'}>{step.what}</Condition>
            <p class="wrap">{step.detail}</p>
            {step.remedy === undefined || step.detail.includes(step.remedy) ? null : (
              <p class="strong">{step.remedy}</p>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
