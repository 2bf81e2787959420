import type { Database } from '../../platform/database/db.ts';
import { Gathering } from '../aggregate.ts';
import type { Aggregate, Stretch } from '../aggregate.ts';
import type { TagId } from '../reading.ts';
import { selectCarried } from './carried.ts';
import { cover, rowsIn } from './cover.ts';
import { selectDirtyHours } from './dirty-hours.ts';
import { estimateReadings } from './estimate.ts';
import { MINUTE_MS, selectKept } from './kept.ts';
import type { Kept } from './kept.ts';
import { selectPages } from './pages.ts';
import { selectStretches } from './stretches.ts';
import type { TagPieces } from './stretches.ts';

export interface AggregatesQuery {
  readonly tags: readonly TagId[];
  /** Where buckets begin, and where the last one ends; milliseconds since the epoch. */
  readonly borders: readonly number[];
  /** Time-weighted averages and totals are asked for. */
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
/** So many roll-ups are read at once. */
const MOST_ROWS = 50_000;
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

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where the roll-ups answer; the readings do before and after. */
interface Plan extends Range {
  readonly rolled: Range;
}

function planFor({ borders, held }: AggregatesQuery, kept: Kept): Plan {
  const [from, to] = [borders[0] ?? 0, borders.at(-1) ?? 0];
  const begin = held ? Math.max(from, kept.heldFrom) : from;
  const end = Math.floor(Math.min(to, kept.rolledTo) / MINUTE_MS) * MINUTE_MS;
  const isWhole = borders.every((border) => border % MINUTE_MS === 0);
  return { from, to, rolled: isWhole && begin < end ? { from: begin, to: end } : { from, to: from } };
}

/** The borders of buckets inside of a range, and its ends. */
const bordersIn = (borders: readonly number[], { from, to }: Range): number[] => [
  from,
  ...borders.filter((border) => border > from && border < to),
  to,
];

const isoOf = (at: number) => new Date(at).toISOString();

/** Refuses what cannot be answered, or not soon. */
async function check(
  db: Database,
  { tags, borders, held }: AggregatesQuery,
  kept: Kept,
  { from, to, rolled }: Plan,
): Promise<void> {
  const unrolled = cover(bordersIn(borders, rolled), [], kept).filter(({ level }) => level === null);
  const parts = [{ from, to: rolled.from }, ...unrolled, { from: rolled.to, to }].filter(
    (part) => part.from < part.to,
  );
  const remedy =
    held && from < kept.heldFrom
      ? `, without time-weighted averages and totals, or from ${isoOf(kept.heldFrom)} on`
      : '';
  if (parts.some((part) => part.from < kept.readingsFrom))
    throw new NotAnswerable(
      'from',
      `Readings from before ${isoOf(kept.readingsFrom)} are no longer kept. Ask from there on, or for whole minutes, hours or days for as long as those are kept${remedy}.`,
    );
  let readings = 0;
  for (const part of parts) readings += await estimateReadings(db, { tags, ...part }, kept);
  if (readings > MOST_READINGS)
    throw new NotAnswerable(
      'from',
      `This would go through about ${readings} readings; at most ${MOST_READINGS} are. Ask for a shorter range, for fewer tags, or for whole minutes, hours or days${remedy}.`,
    );
}

type Gatherings = ReadonlyMap<TagId, Gathering>;

async function addReadings(
  db: Database,
  gatherings: Gatherings,
  { from, to }: Range,
  signal: AbortSignal,
): Promise<void> {
  if (from >= to) return;
  const tags = [...gatherings.keys()];
  for await (const page of selectPages(db, { tags, from, to }, signal)) gatherings.get(page.tag)?.add(page);
}

/** Tags that are read together. */
function groupsOf(all: readonly TagPieces[]): TagPieces[][] {
  const groups: TagPieces[][] = [];
  let rows = Infinity;
  for (const each of all) {
    const own = rowsIn(each.pieces);
    if (rows + own > MOST_ROWS) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)?.push(each);
    rows += own;
  }
  return groups;
}

/** What the roll-ups say of a tag, and in hours in which readings came late those. */
async function addPieces(
  db: Database,
  gathering: Gathering,
  { tag, pieces, stretches }: TagPieces & { readonly stretches: readonly Stretch[] },
  signal: AbortSignal,
): Promise<void> {
  const left = stretches.values();
  let next = left.next();
  for (const { level, ...range } of pieces) {
    if (level === null) await addReadings(db, new Map([[tag, gathering]]), range, signal);
    for (; next.value !== undefined && next.value.from < range.to; next = left.next())
      gathering.addStretch(next.value);
  }
}

async function addRolledUp(
  db: Database,
  gatherings: Gatherings,
  asked: readonly TagPieces[],
  signal: AbortSignal,
): Promise<void> {
  for (const group of groupsOf(asked)) {
    const found = await db.cancellable(signal, QUERY_MS, (own) => selectStretches(own, group));
    for (const each of group) {
      const gathering = gatherings.get(each.tag);
      const stretches = found.get(each.tag) ?? [];
      if (gathering !== undefined) await addPieces(db, gathering, { ...each, stretches }, signal);
    }
  }
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
  const { tags, borders, held, now } = query;
  const kept = await selectKept(db, tags);
  const plan = planFor(query, kept);
  await check(db, query, kept, plan);
  const { from, to, rolled } = plan;
  const carried = held
    ? await db.cancellable(signal, QUERY_MS, (own) => selectCarried(own, tags, from, kept))
    : new Map<TagId, never>();
  const gatherings = new Map(
    tags.map((tag) => [tag, new Gathering(borders, carried.get(tag) ?? { held: null, counted: null }, now)]),
  );
  await addReadings(db, gatherings, { from, to: rolled.from }, signal);
  if (rolled.from < rolled.to) {
    const dirty = await selectDirtyHours(db, tags, rolled.from, rolled.to);
    const within = bordersIn(borders, rolled);
    const clean = cover(within, [], kept);
    const piecesOf = (hours: readonly number[] | undefined) =>
      hours === undefined ? clean : cover(within, hours, kept);
    const asked = [...gatherings.keys()].map((tag) => ({ tag, pieces: piecesOf(dirty.get(tag)) }));
    await addRolledUp(db, gatherings, asked, signal);
  }
  await addReadings(db, gatherings, { from: rolled.to, to }, signal);
  return tags.map((tag) => ({ tag, buckets: gatherings.get(tag)?.end() ?? [] }));
}
