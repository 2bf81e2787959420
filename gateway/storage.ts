import { selectChunks, selectCompression, growthPerDay } from '../history/store/chunks.ts';
import { selectKept } from '../history/store/kept.ts';
import type { Kept } from '../history/store/kept.ts';
import type { ClassRetention, Retention } from '../history/store/retention.ts';
import type { UpToDate } from '../platform/database/up-to-date.ts';
import { spaceOf } from '../platform/disk.ts';
import type { DiskGuard } from '../platform/disk.ts';
import { selectOutbox } from '../sync/edge/store/backlog.ts';
import type { StorageView } from './api/storage.ts';
import type { UnknownClass } from './retention.ts';
import { selectDataFolder, selectDatabaseBytes, selectTableSizes } from './store/size.ts';
import { spoolLevel } from './store/spool-level.ts';
import type { Writer } from './store/writer.ts';

export interface StorageOptions {
  readonly db: UpToDate;
  readonly writer: Pick<Writer, 'figures'>;
  readonly disk: Pick<DiskGuard, 'view'>;
  readonly retention: () => Retention & {
    readonly classes: readonly ClassRetention[];
    readonly unknown: readonly UnknownClass[];
  };
  /** What may wait for the centre; null where there is none. */
  readonly outboxBytes: number | null;
}

const DAY_MS = 86_400_000;
const HYPERTABLES = ['readings', 'readings_1m', 'readings_10m', 'readings_1h'];

/** The storage page's figures. */
export async function storageView(options: StorageOptions): Promise<StorageView> {
  const { db, writer, disk, outboxBytes } = options;
  const { readingsPerSecond, spooledBatches, spooledBytes, spoolMaxBytes, spoolFill, full, gaps } =
    writer.figures();
  const keep = options.retention();
  const kept = db.available ? await selectKept(db) : null;
  return {
    readingsPerSecond,
    database: db.available ? await databaseOf(options, keep, Date.now()) : null,
    retention: retentionOf(keep, kept),
    spool: {
      batches: spooledBatches,
      bytes: spooledBytes,
      maxBytes: spoolMaxBytes,
      fill: spoolFill,
      level: full ? 'full' : spoolLevel(spoolFill),
    },
    disk: disk.view(),
    outbox: db.available && outboxBytes !== null ? await outboxOf(options, outboxBytes) : null,
    quarantined: gaps,
  };
}

async function databaseOf(
  { db, disk }: StorageOptions,
  keep: Retention,
  now: number,
): Promise<StorageView['database']> {
  const chunks = await Promise.all(HYPERTABLES.map((table) => selectChunks(db, table)));
  const growth = chunks.reduce((sum, each) => sum + growthPerDay(each, now), 0);
  const { engine = 'embedded', compression = false } = db.edition ?? {};
  const freeBytes = await freeFor(db, disk);
  const first = chunks[0]?.[0]?.start.getTime() ?? now;
  const tables = await selectTableSizes(db);
  return {
    engine,
    bytes: await selectDatabaseBytes(db),
    growthPerDay: growth,
    freeBytes,
    daysLeft: daysLeft({ growth, freeBytes, untilSteady: keep.readingsDays - (now - first) / DAY_MS }),
    compression: compression ? await selectCompression(db, 'readings') : null,
    tables: tables.map(({ from, to, ...table }) => ({ ...table, from: iso(from), to: iso(to) })),
  };
}

interface Outlook {
  readonly growth: number;
  readonly freeBytes: number | null;
  /** Days until readings begin to be dropped at the rate at which they come. */
  readonly untilSteady: number;
}

/** Days until the disk is full; null where that is not known, or not before retention stops the growth. */
export function daysLeft({ growth, freeBytes, untilSteady }: Outlook): number | null {
  if (freeBytes === null || growth <= 0) return null;
  const days = freeBytes / growth;
  return days > Math.max(0, untilSteady) ? null : days;
}

/** The room where the database's files are: a server's, if they are on this machine and it says where. */
async function freeFor(db: UpToDate, disk: StorageOptions['disk']): Promise<number | null> {
  if (db.edition?.engine === 'embedded') return disk.view()?.freeBytes ?? null;
  const folder = await selectDataFolder(db);
  if (folder === null) return null;
  return spaceOf(folder).then(
    ({ freeBytes }) => freeBytes,
    () => null,
  );
}

async function outboxOf({ db }: StorageOptions, maxBytes: number): Promise<StorageView['outbox']> {
  const { oldest, ...figures } = await selectOutbox(db);
  return { ...figures, maxBytes, oldest: iso(oldest) };
}

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
const border = (at: number | undefined): string | null =>
  at === undefined || !Number.isFinite(at) ? null : new Date(at).toISOString();

function retentionOf(
  {
    readingsDays,
    minutesDays,
    hoursDays,
    totalBytes,
    classes,
    unknown,
  }: ReturnType<StorageOptions['retention']>,
  kept: Kept | null,
): StorageView['retention'] {
  return {
    ...{ readingsDays, minutesDays, hoursDays, maxBytes: totalBytes ?? null },
    readingsFrom: border(kept?.readingsFrom),
    minutesFrom: border(kept?.minutesFrom),
    hoursFrom: border(kept?.hoursFrom),
    classes: classes.map(({ name, tags, readingsBytes, ...days }) => ({
      ...{ name, tags: tags.length, maxBytes: readingsBytes ?? null },
      readingsDays: days.readingsDays,
      minutesDays: days.minutesDays,
      hoursDays: days.hoursDays,
    })),
    unknown: [...unknown],
  };
}
