import type { Database } from '../../platform/database/db.ts';
import { gather, merge, nothing } from '../aggregate.ts';
import type { Aggregate } from '../aggregate.ts';
import type { TagId } from '../reading.ts';
import { selectBefore } from './at.ts';
import { estimateReadings } from './estimate.ts';
import { DAY_MS, HOUR_MS, selectKept } from './kept.ts';
import type { Kept } from './kept.ts';
import { levels } from './levels.ts';
import type { RollUpTable } from './levels.ts';
import { selectPages } from './pages.ts';
import { selectDirtyHours, selectRolledUp } from './rolled-up.ts';
import type { DirtyHour } from './rolled-up.ts';

export interface AggregatesQuery {
  readonly tags: readonly TagId[];
  /** Where buckets begin, and where the last one ends; milliseconds since the epoch. */
  readonly borders: readonly number[];
  /** Time-weighted averages and totals, which only the readings themselves can tell. */
  readonly held: boolean;
  /** Values hold at most up to here. */
  readonly now: number;
}

export interface Aggregates {
  readonly tag: TagId;
  readonly buckets: readonly Aggregate[];
}

/** More readings than this would take too long. */
const MOST_READINGS = 10_000_000;
const QUERY_MS = 30_000;

/** A question that would take too long, or is about readings that were dropped. Its message says what to ask instead. */
export class NotAnswerable extends Error {
  override name = 'NotAnswerable';
  readonly field: 'from' | 'every';
  constructor(field: 'from' | 'every', message: string) {
    super(message);
    this.field = field;
  }
}

interface Plan {
  readonly table: RollUpTable | null;
  /** The roll-ups answer up to here, but for the hours that are to be made anew; the readings answer the rest. */
  readonly rolledTo: number;
  readonly dirty: readonly DirtyHour[];
}

/** The coarsest roll-ups whose buckets fit into those asked for. Whole days cannot leave out an hour of theirs. */
function levelFor(borders: readonly number[], kept: Kept, isDirty: boolean) {
  const [from = 0] = borders;
  return levels.findLast(
    ({ widthMs, keptFrom }) =>
      borders.every((border) => border % widthMs === 0) &&
      from >= keptFrom(kept) &&
      !(isDirty && widthMs === DAY_MS),
  );
}

const ends = (borders: readonly number[]): [number, number] => [borders[0] ?? 0, borders.at(-1) ?? 0];

async function planFor(db: Database, { tags, borders, held }: AggregatesQuery, kept: Kept): Promise<Plan> {
  const [from, to] = ends(borders);
  const none = { table: null, rolledTo: from, dirty: [] };
  if (held) return none;
  const dirty = await selectDirtyHours(db, tags, from, Math.min(to, kept.rolledTo));
  const level = levelFor(borders, kept, dirty.length > 0);
  if (level === undefined) return none;
  const rolledTo = Math.min(Math.max(from, Math.floor(kept.rolledTo / level.widthMs) * level.widthMs), to);
  return { table: level.table, rolledTo, dirty: dirty.filter(({ hour }) => hour >= kept.readingsFrom) };
}

const isoOf = (at: number) => new Date(at).toISOString();

/** Refuses what cannot be answered, or not soon. */
async function check(
  db: Database,
  { tags, borders }: AggregatesQuery,
  kept: Kept,
  plan: Plan,
): Promise<void> {
  const [, to] = ends(borders);
  if (plan.rolledTo < Math.min(to, kept.readingsFrom))
    throw new NotAnswerable(
      'from',
      `Readings from before ${isoOf(kept.readingsFrom)} are no longer kept. Ask from there on, or for whole minutes, hours or days without time-weighted averages and totals.`,
    );
  const readings = await estimateReadings(db, { tags, from: plan.rolledTo, to }, kept);
  if (readings > MOST_READINGS)
    throw new NotAnswerable(
      'from',
      `This would go through about ${readings} readings; at most ${MOST_READINGS} are. Ask for a shorter range, for fewer tags, or for whole minutes, hours or days without time-weighted averages and totals.`,
    );
}

/** The parts of buckets that the readings answer, of all tags: from `from` on, values holding where that is asked for. */
async function fromReadings(
  db: Database,
  { tags, borders, held, now }: AggregatesQuery,
  from: number,
  signal: AbortSignal,
): Promise<Map<TagId, readonly Aggregate[]>> {
  const [, to] = ends(borders);
  if (from >= to) return new Map();
  const carried = held
    ? await db.cancellable(signal, QUERY_MS, (own) => selectBefore(own, tags, from))
    : new Map<TagId, never>();
  const until = held ? now : from;
  const gatherings = new Map(
    tags.map((tag) => [tag, gather(borders, carried.get(tag) ?? { held: null, counted: null }, until)]),
  );
  for await (const page of selectPages(db, { tags, from, to }, signal)) gatherings.get(page.tag)?.add(page);
  return new Map([...gatherings].map(([tag, each]) => [tag, each.end()]));
}

/** The hours in which readings came late, read anew. */
async function fromDirtyHours(
  db: Database,
  { borders }: AggregatesQuery,
  { dirty, rolledTo }: Plan,
  signal: AbortSignal,
): Promise<Map<TagId, readonly Aggregate[]>> {
  const [from] = ends(borders);
  const gatherings = new Map<TagId, ReturnType<typeof gather>>();
  for (const { tag, hour } of dirty) {
    const its = gatherings.get(tag) ?? gather(borders, { held: null, counted: null });
    gatherings.set(tag, its);
    const range = { from: Math.max(from, hour), to: Math.min(rolledTo, hour + HOUR_MS) };
    for await (const page of selectPages(db, { tags: [tag], ...range }, signal)) its.add(page);
  }
  return new Map([...gatherings].map(([tag, each]) => [tag, each.end()]));
}

/**
 * Count, least and greatest, first and last, average, time-weighted average and total of some tags in buckets of any
 * width: from the coarsest roll-ups that fit into them, and from the readings where those say more. Late readings count
 * from when they are stored. Rejects with `NotAnswerable`, or with the reason of `signal`.
 */
export async function selectAggregates(
  db: Database,
  query: AggregatesQuery,
  signal: AbortSignal,
): Promise<Aggregates[]> {
  const { tags, borders } = query;
  const kept = await selectKept(db, query.tags);
  const plan = await planFor(db, query, kept);
  await check(db, query, kept, plan);
  const { table } = plan;
  const rolled =
    table === null
      ? new Map<TagId, Map<number, Aggregate>>()
      : await db.cancellable(signal, QUERY_MS, (own) =>
          selectRolledUp(own, { tags, borders, ...plan, table }),
        );
  const late = table === null ? new Map<TagId, never>() : await fromDirtyHours(db, query, plan, signal);
  const read = await fromReadings(db, query, plan.rolledTo, signal);
  const part = (parts: Map<TagId, readonly Aggregate[]>, tag: TagId, i: number) =>
    parts.get(tag)?.[i] ?? nothing();
  return tags.map((tag) => ({
    tag,
    buckets: Array.from({ length: borders.length - 1 }, (_, i) =>
      merge(merge(rolled.get(tag)?.get(i) ?? nothing(), part(late, tag, i)), part(read, tag, i)),
    ),
  }));
}
