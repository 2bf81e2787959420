import type { LedgerView } from '../../gateway/api/sources.ts';
import type { StorageView } from '../../gateway/api/storage.ts';
import { Condition } from '../components/Condition.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { bytes, dateTime, fullDay, integer } from '../format.ts';
import { t } from '../locale.ts';

interface Kept {
  name: string;
  tags: number | null;
  readingsDays: number;
  minutesDays: number;
  hoursDays: number;
  maxBytes: number | null;
}

const inDays = (count: number): string => t('storage.days', { count });

const keptColumns = (): Column<Kept>[] => [
  { key: 'name', head: t('storage.class'), cell: ({ name }) => name },
  {
    key: 'tags',
    head: t('sources.tags'),
    align: 'right',
    cell: ({ tags }) => (tags === null ? '' : integer(tags)),
  },
  {
    key: 'raw',
    head: t('system.readings'),
    align: 'right',
    cell: ({ readingsDays }) => inDays(readingsDays),
  },
  {
    key: 'minutes',
    head: t('storage.minutes'),
    align: 'right',
    cell: ({ minutesDays }) => inDays(minutesDays),
  },
  { key: 'hours', head: t('storage.hours'), align: 'right', cell: ({ hoursDays }) => inDays(hoursDays) },
  {
    key: 'budget',
    head: t('storage.budget'),
    align: 'right',
    cell: ({ maxBytes }) => (maxBytes === null ? t('value.none') : bytes(maxBytes)),
  },
];

/** For how long what is kept, by class of tags. */
export function Retention({ retention }: { retention: StorageView['retention'] }) {
  const { classes, readingsFrom, unknown, ...all } = retention;
  const rest: Kept = { ...all, name: t('storage.everything'), tags: null };
  return (
    <section class="panel wide">
      <h2>{t('storage.retention')}</h2>
      <p class="note">
        {readingsFrom === null
          ? t('storage.nothingDropped')
          : t('storage.keptFrom', { at: dateTime(readingsFrom) })}
      </p>
      {unknown.length === 0 ? null : (
        <p>
          <Condition kind="attention">
            {t('storage.unknownClasses', {
              names: unknown.map(({ name, tags }) => `${name} (${integer(tags)})`).join(', '),
            })}
          </Condition>
        </p>
      )}
      <Table
        caption={t('storage.retention')}
        columns={keptColumns()}
        rows={[rest, ...classes]}
        id={({ name }) => name}
      />
    </section>
  );
}

type TableView = NonNullable<StorageView['database']>['tables'][number];
const SHOWN = 8;

const tableColumns = (): Column<TableView>[] => [
  { key: 'name', head: t('storage.table'), cell: ({ name }) => <code>{name}</code> },
  { key: 'bytes', head: t('system.size'), align: 'right', cell: (table) => bytes(table.bytes) },
  {
    key: 'chunks',
    head: t('storage.chunks'),
    align: 'right',
    cell: ({ chunks, compressed }) =>
      chunks === null ? '' : t('storage.chunksCompressed', { count: chunks, compressed: compressed ?? 0 }),
  },
  {
    key: 'span',
    head: t('storage.span'),
    tight: true,
    cell: ({ from, to }) => (from === null || to === null ? '' : `${fullDay(from)} – ${fullDay(to)}`),
  },
];

/** The largest tables. */
export function Tables({ tables }: { tables: readonly TableView[] }) {
  if (tables.length === 0) return null;
  return (
    <section class="panel wide">
      <h2>{t('storage.tables')}</h2>
      <Table
        caption={t('storage.tables')}
        columns={tableColumns()}
        rows={tables.slice(0, SHOWN)}
        id={({ name }) => name}
      />
    </section>
  );
}

const places = [
  'collected',
  'stored',
  'thinned',
  'duplicate',
  'quarantined',
  'spooled',
  'pending',
  'lost',
] as const;

const ledgerColumns = (): Column<LedgerView>[] => [
  {
    key: 'source',
    head: t('storage.source'),
    cell: ({ source }) => (
      <a class="in-row" href={`/sources/${encodeURIComponent(source)}`}>
        {source}
      </a>
    ),
  },
  ...places.map((place): Column<LedgerView> => ({
    key: place,
    head: t(`ledger.${place}`),
    align: 'right',
    cell: (row) => integer(row[place]),
  })),
];

/** Where every reading is, by source. */
export function Ledger({ ledger }: { ledger: readonly LedgerView[] }) {
  if (ledger.length === 0) return null;
  return (
    <section class="panel wide">
      <h2>{t('ledger.title')}</h2>
      <p class="note">{t('ledger.note')}</p>
      <Table
        caption={t('ledger.title')}
        columns={ledgerColumns()}
        rows={ledger}
        id={({ source }) => source}
      />
    </section>
  );
}
