import { useState } from 'preact/hooks';
import type { Page } from '../../platform/api/page.ts';
import type { FleetTrainingView } from '../../sync/central/api/fleet.ts';
import { call } from '../api.ts';
import { now } from '../clock.ts';
import { Condition, type Kind } from '../components/Condition.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Pager } from '../components/Pager.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { dateTime, duration, figure, integer } from '../format.ts';
import { t, translated } from '../locale.ts';
import { useResource } from '../resource.ts';

const LIMIT = 50;

export const trainingKinds: Record<FleetTrainingView['state'], Kind> = {
  queued: 'busy',
  running: 'busy',
  succeeded: 'calm',
  failed: 'fault',
};

/** What the sites have ordered, and where it stands. */
export function Trainings() {
  const [offset, setOffset] = useState(0);
  const path = `/api/v1/trainings?limit=${LIMIT}&offset=${offset}`;
  const trainings = useResource(path, (signal) => call<Page<FleetTrainingView>>(path, { signal }), {
    room: 'trainings',
  });
  return (
    <>
      <PageHead title={t('trainings.title')} />
      <Loaded of={trainings}>
        {({ items, total }) =>
          total === 0 ? (
            <Empty>{t('trainings.noneOrdered')}</Empty>
          ) : (
            <>
              <Table caption={t('trainings.title')} columns={columns()} rows={items} id={({ id }) => id} />
              <Pager offset={offset} limit={LIMIT} total={total} onGo={setOffset} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

export const kindName = (kind: string): string => translated(`model.kind.${kind}`) ?? kind;

export const metricsText = (metrics: Record<string, number>): string =>
  Object.entries(metrics)
    .map(([name, amount]) => `${name} ${figure(amount)}`)
    .join(', ');

export function took({ startedAt, endedAt }: FleetTrainingView): string {
  if (startedAt === null) return t('value.notYet');
  return duration((endedAt === null ? now.value : Date.parse(endedAt)) - Date.parse(startedAt));
}

const columns = (): Column<FleetTrainingView>[] => [
  {
    key: 'state',
    head: t('trainings.state'),
    cell: ({ state }) => <Condition kind={trainingKinds[state]}>{t(`training.state.${state}`)}</Condition>,
  },
  {
    key: 'what',
    head: t('trainings.tag'),
    cell: ({ id, tagName, siteName }) => (
      <a class="in-row" href={`/trainings/${encodeURIComponent(id)}`}>
        <strong>{tagName}</strong> <span>{siteName}</span>
      </a>
    ),
  },
  { key: 'kind', head: t('trainings.kind'), cell: ({ kind }) => kindName(kind) },
  { key: 'executor', head: t('trainings.executor'), cell: ({ executor }) => executor },
  { key: 'ordered', head: t('trainings.ordered'), tight: true, cell: ({ orderedAt }) => dateTime(orderedAt) },
  { key: 'took', head: t('trainings.took'), align: 'right', cell: took },
  {
    key: 'attempts',
    head: t('trainings.attempts'),
    align: 'right',
    cell: ({ attempts }) => integer(attempts),
  },
  { key: 'metrics', head: t('trainings.metrics'), cell: ({ metrics }) => metricsText(metrics) },
];
