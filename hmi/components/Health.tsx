import type { HealthReport } from '../../platform/api/health.ts';
import { call } from '../api.ts';
import { dateTime } from '../format.ts';
import { t, translated } from '../locale.ts';
import { useResource } from '../resource.ts';
import { Condition, type Kind } from './Condition.tsx';
import { Loaded } from './States.tsx';

const REFRESH_MS = 5000;

const kinds: Record<HealthReport['status'], Kind> = { ok: 'calm', degraded: 'attention', failing: 'fault' };

/** Every check with its sentence: what is wrong and what to do. */
export function Health() {
  const health = useResource('health', (signal) => call<HealthReport>('/health', { signal, also: [503] }), {
    everyMs: REFRESH_MS,
  });
  return (
    <section class="panel" aria-labelledby="health">
      <h2 id="health">{t('health.title')}</h2>
      <Loaded of={health}>
        {(report) => (
          <>
            <p>
              <Condition kind={kinds[report.status]}>{t(`health.${report.status}`)}</Condition>{' '}
              <small>{t('health.since', { version: report.version, at: dateTime(report.startedAt) })}</small>
            </p>
            <dl class="checks">
              {Object.entries(report.checks).map(([name, check]) => (
                <div key={name}>
                  <dt>
                    <Condition kind={kinds[check.status]}>{translated(`check.${name}`) ?? name}</Condition>
                  </dt>
                  <dd>
                    {check.message}
                    <Details of={check.details ?? {}} />
                  </dd>
                </div>
              ))}
            </dl>
          </>
        )}
      </Loaded>
    </section>
  );
}

function Details({ of }: { of: Record<string, string | number | boolean | null> }) {
  const pairs = Object.entries(of);
  if (pairs.length === 0) return null;
  return (
    <small class="details">
      {pairs.map(([name, detail]) => `${name}: ${detail === null ? '–' : String(detail)}`).join(' · ')}
    </small>
  );
}
