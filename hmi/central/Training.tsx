import { useRoute } from 'preact-iso';
import type { FleetTrainingView } from '../../sync/central/api/fleet.ts';
import { call } from '../api.ts';
import { Condition } from '../components/Condition.tsx';
import { Facts } from '../components/Facts.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { dateTime, integer } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { kindName, metricsText, took, trainingKinds } from './Trainings.tsx';

const REFRESH_MS = 3000;

/** One training with its log. */
export function Training() {
  const id = useRoute().params['id'] ?? '';
  const path = `/api/v1/trainings/${encodeURIComponent(id)}`;
  const training = useResource(path, (signal) => call<FleetTrainingView>(path, { signal }), {
    room: 'trainings',
  });
  const isOver = training.value !== undefined && training.value.endedAt !== null;
  const log = useResource(`${path}/log`, (signal) => call<string>(`${path}/log`, { signal }), {
    room: 'trainings',
    ...(isOver ? {} : { everyMs: REFRESH_MS }),
  });
  return (
    <>
      <PageHead
        title={
          training.value === undefined
            ? t('trainings.one')
            : `${training.value.siteName}: ${training.value.tagName}`
        }
        trail={[{ name: t('trainings.title'), path: '/trainings' }]}
      />
      <Loaded of={training}>{(view) => <About training={view} />}</Loaded>
      <section class="panel" aria-labelledby="log">
        <h2 id="log">{t('trainings.log')}</h2>
        <Loaded of={log}>
          {(text) =>
            text === '' ? (
              <Empty>{t('trainings.noLog')}</Empty>
            ) : (
              <pre tabIndex={0} role="group" aria-labelledby="log">
                {text}
              </pre>
            )
          }
        </Loaded>
      </section>
    </>
  );
}

function About({ training }: { training: FleetTrainingView }) {
  const facts: [string, string][] = [
    [t('trainings.kind'), kindName(training.kind)],
    [t('trainings.executor'), training.executor],
    [t('trainings.ordered'), dateTime(training.orderedAt)],
    [t('trainings.took'), took(training)],
    [t('trainings.attempts'), integer(training.attempts)],
    [t('trainings.metrics'), metricsText(training.metrics) || t('value.none')],
  ];
  return (
    <section class="panel">
      <p>
        <Condition kind={trainingKinds[training.state]}>{t(`training.state.${training.state}`)}</Condition>{' '}
        {training.error}
      </p>
      <Facts of={facts} />
    </section>
  );
}
