import type { SourceView } from '../../gateway/api/plant.ts';
import { all } from '../api.ts';
import { now } from '../clock.ts';
import { Condition, type Kind } from '../components/Condition.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { dateTime, decimal, duration, integer } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { faultName } from './fault.ts';

const REFRESH_MS = 5000;

export const sourceKinds: Record<SourceView['state'], Kind> = {
  connected: 'calm',
  connecting: 'busy',
  stale: 'attention',
  disabled: 'idle',
};

/** Where the readings come from, and whether they come. */
export function Sources() {
  const sources = useResource('sources', (signal) => all<SourceView>('/api/v1/sources', signal), {
    room: 'sources',
    everyMs: REFRESH_MS,
  });
  return (
    <>
      <PageHead title={t('sources.title')}>
        <a class="button" href="/certificates">
          {t('certificates.title')}
        </a>
        <a class="button" href="/sources/new">
          {t('source.new')}
        </a>
      </PageHead>
      <Loaded of={sources}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty>{t('sources.empty')}</Empty>
          ) : (
            <Table caption={t('sources.title')} columns={columns()} rows={rows} id={({ id }) => id} />
          )
        }
      </Loaded>
    </>
  );
}

const ago = (at: string | null): string =>
  at === null ? t('value.never') : t('value.ago', { age: duration(now.value - Date.parse(at)) });

const columns = (): Column<SourceView>[] => [
  {
    key: 'state',
    head: t('sources.state'),
    cell: (source) => (
      <span class="stack">
        <Condition kind={sourceKinds[source.state]}>{t(`source.state.${source.state}`)}</Condition>
        <small>{t('sources.since', { at: dateTime(source.since) })}</small>
      </span>
    ),
  },
  {
    key: 'name',
    head: t('sources.name'),
    cell: (source) => (
      <span class="stack">
        <a class="in-row" href={`/sources/${encodeURIComponent(source.name)}`}>
          <strong>{source.name}</strong>
        </a>
        <small>
          {source.protocol} · {source.endpoint}
        </small>
      </span>
    ),
  },
  {
    key: 'contact',
    head: t('sources.lastContact'),
    tight: true,
    cell: ({ lastContact }) => ago(lastContact),
  },
  {
    key: 'rate',
    head: t('sources.rate'),
    align: 'right',
    cell: (source) => (
      <span class="stack">
        <span>{t('sources.perSecond', { rate: decimal(source.readingsPerSecond, 1) })}</span>
        <small>{t('sources.collected', { count: source.collected })}</small>
      </span>
    ),
  },
  { key: 'tags', head: t('sources.tags'), align: 'right', cell: ({ tags }) => integer(tags) },
  { key: 'faults', head: t('sources.faults'), cell: (source) => <Faults source={source} /> },
];

function Faults({ source }: { source: SourceView }) {
  const faults = Object.entries(source.faults).filter(([, count]) => count > 0);
  const reconnects = source.reconnects > 0 ? [t('sources.reconnects', { count: source.reconnects })] : [];
  return (
    <span class="stack">
      {source.lastError === null ? null : <span class="wrap">{source.lastError}</span>}
      <small>
        {[...reconnects, ...faults.map(([kind, count]) => `${faultName(kind)}: ${integer(count)}`)].join(
          ', ',
        )}
      </small>
    </span>
  );
}
