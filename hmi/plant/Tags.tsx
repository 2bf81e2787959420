import { useState } from 'preact/hooks';
import { all } from '../api.ts';
import { PageHead } from '../components/PageHead.tsx';
import { Pager } from '../components/Pager.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { BulkEdit } from './BulkEdit.tsx';
import { forgetTags, type TagView } from './tags.ts';
import { TagImport } from './TagImport.tsx';
import { value } from './value.ts';

const LIMIT = 100;

export const matches = (tag: TagView, search: string): boolean =>
  search
    .toLowerCase()
    .split(/\s+/)
    .every((word) =>
      [tag.name, tag.description, tag.area, tag.source, tag.unit].some((text) =>
        text.toLowerCase().includes(word),
      ),
    );

/** All tags as a table: to find them, to change many at once, to take them out and bring them in. */
export function Tags() {
  const tags = useResource('all tags', (signal) => all<TagView>('/api/v1/tags', signal));
  const [search, setSearch] = useState('');
  const [offset, setOffset] = useState(0);
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set());
  const [isImporting, setImporting] = useState(false);
  const changed = () => {
    forgetTags();
    setPicked(new Set());
    tags.reload();
  };
  return (
    <>
      <PageHead title={t('tags.title')}>
        <a class="button" href="/api/v1/tags.csv" download>
          {t('tags.export')}
        </a>
        <button type="button" aria-pressed={isImporting} onClick={() => setImporting(!isImporting)}>
          {t('tags.import')}
        </button>
      </PageHead>
      {isImporting ? <TagImport done={changed} /> : null}
      <Loaded of={tags}>
        {(known) => {
          const found = known.filter((tag) => matches(tag, search.trim()));
          const chosen = known.filter(({ id }) => picked.has(id));
          const choose: Choose = (ids, isOn) => setPicked(picking(picked, ids, isOn));
          return (
            <>
              <div class="toolbar">
                <input
                  type="search"
                  class="wide-search"
                  aria-label={t('tags.search')}
                  placeholder={t('tags.search')}
                  value={search}
                  onInput={(event) => {
                    setSearch(event.currentTarget.value);
                    setOffset(0);
                  }}
                />
                <span class="note" role="status">
                  {t('tags.found', { count: found.length, total: known.length })}
                </span>
                <PickAll found={found} picked={picked} choose={choose} />
              </div>
              {chosen.length === 0 ? null : <BulkEdit tags={chosen} done={changed} />}
              {found.length === 0 ? (
                <Empty>{t('tags.none')}</Empty>
              ) : (
                <Table
                  caption={t('tags.title')}
                  columns={columns(picked, choose)}
                  rows={found.slice(offset, offset + LIMIT)}
                  id={({ id }) => id}
                />
              )}
              <Pager offset={offset} limit={LIMIT} total={found.length} onGo={setOffset} />
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function PickAll({
  found,
  picked,
  choose,
}: {
  found: readonly TagView[];
  picked: ReadonlySet<number>;
  choose: Choose;
}) {
  const isNone = picked.size === 0;
  const ids = isNone ? found.map(({ id }) => id) : [...picked];
  return (
    <button type="button" onClick={() => choose(ids, isNone)}>
      {isNone ? t('tags.pickAll') : t('tags.pickNone')}
    </button>
  );
}

function picking(before: ReadonlySet<number>, ids: readonly number[], isOn: boolean): ReadonlySet<number> {
  return new Set(isOn ? [...before, ...ids] : [...before].filter((id) => !ids.includes(id)));
}

type Choose = (ids: readonly number[], isOn: boolean) => void;

const span = (range: readonly [number, number] | null, { decimals }: TagView): string =>
  range === null ? '' : `${value(range[0], decimals, '')} … ${value(range[1], decimals, '')}`;

const columns = (picked: ReadonlySet<number>, choose: Choose): Column<TagView>[] => [
  {
    key: 'pick',
    head: <span class="unseen">{t('alarms.select')}</span>,
    cell: ({ id, name }) => (
      <label class="pick">
        <input
          type="checkbox"
          aria-label={t('alarms.selectOne', { name })}
          checked={picked.has(id)}
          onChange={() => choose([id], !picked.has(id))}
        />
      </label>
    ),
  },
  {
    key: 'name',
    head: t('alarms.tag'),
    cell: ({ id, name, description }) => (
      <a class="in-row" href={`/tags/${id}`}>
        <strong>{name}</strong>
        <small>{description}</small>
      </a>
    ),
  },
  { key: 'unit', head: t('tags.unit'), cell: ({ unit }) => unit },
  { key: 'area', head: t('tag.area'), cell: ({ area }) => area },
  {
    key: 'source',
    head: t('tag.source'),
    cell: ({ source }) => (
      <a class="in-row" href={`/sources/${encodeURIComponent(source)}`}>
        {source}
      </a>
    ),
  },
  {
    key: 'range',
    head: t('tag.range'),
    align: 'right',
    tight: true,
    cell: (tag) => span(tag.limits.range, tag),
  },
  {
    key: 'normal',
    head: t('tag.normal'),
    align: 'right',
    tight: true,
    cell: (tag) => span(tag.limits.normal, tag),
  },
  {
    key: 'alarms',
    head: t('alarms.title'),
    align: 'right',
    cell: ({ alarmLimits }) => (alarmLimits.length === 0 ? '' : alarmLimits.length),
  },
];
