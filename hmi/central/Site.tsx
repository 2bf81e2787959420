import { useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import type { Page } from '../../platform/api/page.ts';
import type { SiteTagView, SiteView } from '../../sync/central/api/fleet.ts';
import { call } from '../api.ts';
import { now } from '../clock.ts';
import { Condition } from '../components/Condition.tsx';
import { Facts } from '../components/Facts.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Pager } from '../components/Pager.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { dateTime, duration, figure, integer } from '../format.ts';
import { t } from '../locale.ts';
import { statusOf } from '../quality.ts';
import { useResource } from '../resource.ts';
import { siteKinds } from './Sites.tsx';

const LIMIT = 100;
const REFRESH_MS = 5000;

/** One site as the centre has it: what has arrived, and the newest of each tag. */
export function Site() {
  const id = useRoute().params['id'] ?? '';
  const [offset, setOffset] = useState(0);
  const path = `/api/v1/sites/${encodeURIComponent(id)}`;
  const refresh = { room: 'sites', everyMs: REFRESH_MS } as const;
  const site = useResource(path, (signal) => call<SiteView>(path, { signal }), refresh);
  const listPath = `${path}/tags?limit=${LIMIT}&offset=${offset}`;
  const tags = useResource(listPath, (signal) => call<Page<SiteTagView>>(listPath, { signal }), refresh);
  return (
    <>
      <PageHead title={site.value?.name ?? t('sites.one')} trail={[{ name: t('sites.title'), path: '/' }]} />
      <Loaded of={site}>{(view) => <About site={view} />}</Loaded>
      <Loaded of={tags}>
        {({ items, total }) =>
          total === 0 ? (
            <Empty>{t('site.noTags')}</Empty>
          ) : (
            <>
              <Table caption={t('site.tags')} columns={columns()} rows={items} id={({ tag }) => tag} />
              <Pager offset={offset} limit={LIMIT} total={total} onGo={setOffset} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

function About({ site }: { site: SiteView }) {
  const facts: [string, string][] = [
    [t('sites.lastContact'), site.lastContact === null ? t('value.never') : dateTime(site.lastContact)],
    [t('sites.completeTo'), site.completeTo === null ? t('value.notYet') : dateTime(site.completeTo)],
    [t('sites.readings'), integer(site.readings)],
    [t('sites.openAlarms'), integer(site.openAlarms)],
  ];
  return (
    <section class="panel">
      <p>
        <Condition kind={siteKinds[site.state]}>{t(`site.state.${site.state}`)}</Condition>
      </p>
      <Facts of={facts} />
    </section>
  );
}

const columns = (): Column<SiteTagView>[] => [
  { key: 'name', head: t('site.tag'), cell: ({ name }) => <strong>{name}</strong> },
  {
    key: 'value',
    head: t('site.value'),
    align: 'right',
    tight: true,
    cell: ({ value, unit }) =>
      value === null ? t('value.none') : `${typeof value === 'number' ? figure(value) : value} ${unit}`,
  },
  {
    key: 'age',
    head: t('site.age'),
    align: 'right',
    tight: true,
    cell: ({ at }) => (at === null ? t('value.never') : duration(now.value - Date.parse(at))),
  },
  {
    key: 'quality',
    head: t('trend.quality'),
    cell: ({ quality }) => (quality === null ? t('look.missing') : t(`look.${statusOf(quality)}`)),
  },
];
