import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { encodeBatch } from '../../history/batch.ts';
import { GOOD } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import { historyMigrations } from '../../history/store/migrations.ts';
import { accessMigrations } from '../../platform/access/store/migrations.ts';
import type { Db } from '../../platform/database/db.ts';
import { centralMigrations } from '../../sync/central/store/migrations.ts';
import { insertSite, updateKey } from '../../sync/central/store/sites.ts';
import type { Arrival } from '../../sync/central/store/ledger.ts';
import { syncEdgeMigrations } from '../../sync/edge/store/migrations.ts';
import { takeSegment } from '../../sync/edge/store/sending.ts';
import type { Waiting } from '../../sync/edge/store/sending.ts';
import type { Segment, SiteEvent, TagEntry, TrainingOrdered } from '../../sync/wire.ts';
import { aDatabase } from './database.ts';

export const anEdgeDatabase = () => aDatabase({ migrations: [historyMigrations, syncEdgeMigrations] });
export const aCentralDatabase = () =>
  aDatabase({ migrations: [accessMigrations, historyMigrations, centralMigrations] });

/** 2026-01-01, so that all readings of a test share a chunk or two. */
export const START = Date.UTC(2026, 0, 1);

/** Readings of one tag, a second apart. */
export const readingsOf = (tag: number, n: number, from = START): Reading[] =>
  Array.from({ length: n }, (_, i) => ({
    tag: tag as TagId,
    at: from + i * 1000,
    value: i,
    quality: GOOD,
    cleaned: i,
  }));

export const aTag = (id: number, changes: Partial<TagEntry> = {}): TagEntry => ({
  id,
  name: `TAG-${id}`,
  description: 'A tag',
  unit: 'bar',
  kind: 'number',
  decimals: 2,
  area: 'Plant',
  ...changes,
});

export const anAlarm = (
  changes: Partial<Extract<SiteEvent, { type: 'alarm' }>> = {},
): Extract<SiteEvent, { type: 'alarm' }> => ({
  type: 'alarm',
  id: randomUUID(),
  rule: 1,
  tag: 1,
  kind: 'high',
  priority: 1,
  event: 'raised',
  state: 'active',
  at: START,
  value: 9,
  limit: 8,
  by: null,
  comment: null,
  ...changes,
});

export const anOrder = (changes: Partial<TrainingOrdered> = {}): TrainingOrdered => ({
  type: 'training-ordered',
  id: randomUUID(),
  tag: 1,
  kind: 'seasonal-naive',
  settings: { stepMs: 60_000, season: 24, horizon: 12 },
  from: null,
  to: START,
  orderedAt: START,
  orderedBy: 'Ada',
  ...changes,
});

/** A site that has enrolled, with a key nobody has. */
export async function aSite(db: Db, name = `site ${randomUUID()}`): Promise<string> {
  const id = await insertSite(db, name);
  if (id === null) throw new Error(`There is a site '${name}' already.`);
  await updateKey(db, id, 'nobody');
  return id;
}

interface Numbered {
  readonly site: string;
  readonly epoch: string;
  readonly seq: number;
}

/** A segment of readings, as it comes over the wire. */
export function aReadingsSegment({ site, epoch, seq }: Numbered, readings: readonly Reading[]): Arrival {
  const payload = Buffer.from(encodeBatch(readings));
  const times = readings.map(({ at }) => at);
  const facts = {
    n: readings.length,
    tMin: Math.min(...times),
    tMax: Math.max(...times),
    crc: crc32(payload),
  };
  return { site, payload, segment: { stream: 'readings', kind: 'readings-1', epoch, seq, ...facts } };
}

/** A segment of events, as it comes over the wire. */
export function anEventsSegment({ site, epoch, seq }: Numbered, events: readonly SiteEvent[]): Arrival {
  const payload = Buffer.from(JSON.stringify(events));
  const facts = { n: events.length, tMin: START, tMax: START, crc: crc32(payload) };
  return { site, payload, segment: { stream: 'events', kind: 'events-1', epoch, seq, ...facts } };
}

/** Segments as they wait, none of them merged or frozen. */
export const waitingIn = (
  db: Db,
  stream: Segment['stream'],
): Promise<(Omit<Segment, 'stream'> & { payload: Buffer | null })[]> =>
  db.query(
    `select epoch, seq, coalesce(through, seq) as through, kind, n, crc, payload, extract(epoch from t_min)::float8 as "tMin",
       extract(epoch from t_max)::float8 as "tMax" from sync_outbox
     where stream = $1 and (held_until is null or held_until < now()) order by seq`,
    [stream],
  );

/** All that may be sent now, segment by segment, as a lane takes them. */
export async function takeAll(db: Db, stream: Segment['stream'], mostBytes = 1_000_000): Promise<Waiting[]> {
  const all: Waiting[] = [];
  for (;;) {
    const underWay = all.map(({ seq }) => seq);
    const next = await takeSegment(db, { stream, part: null, underWay, mostBytes });
    if (next === null) return all;
    all.push(next);
  }
}

/** How many readings a database holds, all of them counted once each. */
export async function countReadings(db: Db): Promise<number> {
  const [row] = await db.query<{ n: number }>(`select count(*) as n from readings`);
  return row?.n ?? 0;
}
