import { useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import type { PlacesView, PlaceView } from '../../gateway/api/sources.ts';
import { call } from '../api.ts';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { NewTags } from './NewTags.tsx';
import { value } from './value.ts';

const LIVE_MS = 3000;

interface Step {
  readonly id: string | null;
  readonly name: string;
}
export type Picked = ReadonlyMap<string, PlaceView>;

function pathOf(source: string, asked: Readonly<Record<string, string | null>>): string {
  const given = Object.entries(asked).flatMap(([key, text]) => (text === null ? [] : [[key, text]]));
  const query = new URLSearchParams([...given, ['limit', '200']]);
  return `/api/v1/sources/${encodeURIComponent(source)}/browse?${query.toString()}`;
}

/** What a device offers: the address space of a server, the topics of a broker, the registers of a unit. */
export function Browse() {
  const name = useRoute().params['name'] ?? '';
  const [steps, setSteps] = useState<readonly Step[]>([{ id: null, name }]);
  const [search, setSearch] = useState('');
  const [after, setAfter] = useState<string | null>(null);
  const [picked, setPicked] = useState<Picked>(new Map());
  const here = steps.at(-1)?.id ?? null;
  const path = pathOf(name, { place: here, search, after });
  // The top is on record each time it is asked for: it is not asked for by the clock. Nor do rows move while one picks.
  const refresh = here === null || picked.size > 0 ? {} : { everyMs: LIVE_MS };
  const places = useResource(path, (signal) => call<PlacesView>(path, { signal }), refresh);

  const go = (next: readonly Step[]) => {
    setSteps(next);
    setAfter(null);
    setSearch('');
  };
  const toggle = (place: PlaceView) => {
    const next = new Map(picked);
    if (!next.delete(place.id)) next.set(place.id, place);
    setPicked(next);
  };
  const trail = [
    { name: t('sources.title'), path: '/sources' },
    { name, path: `/sources/${encodeURIComponent(name)}` },
  ];
  return (
    <>
      <PageHead title={t('browse.title')} trail={trail} />
      <nav class="toolbar" aria-label={t('browse.place')}>
        {steps.map((step, i) => (
          <button
            key={step.id ?? ''}
            type="button"
            aria-current={i === steps.length - 1}
            onClick={() => go(steps.slice(0, i + 1))}
          >
            {step.name}
          </button>
        ))}
        <Search
          key={here ?? ''}
          find={(text) => {
            setSearch(text);
            setAfter(null);
          }}
        />
      </nav>
      <Loaded of={places}>
        {({ places: found, next }) => (
          <>
            {found.length === 0 ? (
              <Empty>{search === '' ? t('browse.empty') : t('browse.nothing', { search })}</Empty>
            ) : (
              <Table
                caption={t('browse.title')}
                columns={columns(picked, toggle, (place) =>
                  go([...steps, { id: place.id, name: place.name }]),
                )}
                rows={found}
                id={({ id }) => id}
              />
            )}
            <Leaf after={after} next={next} go={setAfter} />
          </>
        )}
      </Loaded>
      {picked.size === 0 ? null : (
        <NewTags
          source={name}
          places={[...picked.values()]}
          done={() => {
            setPicked(new Map());
            places.reload();
          }}
        />
      )}
    </>
  );
}

function Leaf({
  after,
  next,
  go,
}: {
  after: string | null;
  next: string | null;
  go: (to: string | null) => void;
}) {
  if (after === null && next === null) return null;
  return (
    <div class="pager">
      <button type="button" aria-disabled={after === null} onClick={() => go(null)}>
        {t('browse.first')}
      </button>
      <button type="button" aria-disabled={next === null} onClick={() => next !== null && go(next)}>
        {t('browse.next')}
      </button>
    </div>
  );
}

function Search({ find }: { find: (text: string) => void }) {
  const [text, setText] = useState('');
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        find(text.trim());
      }}
    >
      <input
        type="search"
        aria-label={t('browse.search')}
        placeholder={t('browse.search')}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit">{t('browse.find')}</button>
    </form>
  );
}

const columns = (
  picked: Picked,
  toggle: (place: PlaceView) => void,
  enter: (place: PlaceView) => void,
): Column<PlaceView>[] => [
  {
    key: 'pick',
    head: <span class="unseen">{t('alarms.select')}</span>,
    cell: (place) =>
      place.kind === null ? null : (
        <label class="pick">
          <input
            type="checkbox"
            aria-label={t('alarms.selectOne', { name: place.name })}
            checked={picked.has(place.id)}
            onChange={() => toggle(place)}
          />
        </label>
      ),
  },
  {
    key: 'name',
    head: t('browse.name'),
    cell: (place) => (
      <span class="stack">
        {place.branch ? (
          <button type="button" class="link" onClick={() => enter(place)}>
            {place.name} ›
          </button>
        ) : (
          <strong>{place.name}</strong>
        )}
        {place.description === '' ? null : <small class="wrap">{place.description}</small>}
      </span>
    ),
  },
  { key: 'type', head: t('browse.type'), cell: ({ type }) => type },
  {
    key: 'value',
    head: t('browse.value'),
    align: 'right',
    cell: (place) => (place.kind === null ? '' : value(place.value, null, place.unit)),
  },
  {
    key: 'range',
    head: t('tag.range'),
    align: 'right',
    cell: ({ range }) =>
      range === null ? '' : `${value(range[0], null, '')} … ${value(range[1], null, '')}`,
  },
  {
    key: 'writable',
    head: t('browse.access'),
    tight: true,
    cell: (place) =>
      place.kind === null ? '' : place.writable ? t('browse.writable') : t('browse.readable'),
  },
  { key: 'tags', head: t('sources.tags'), cell: ({ tags }) => tags.join(', ') },
];
