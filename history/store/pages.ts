import * as timers from 'node:timers/promises';
import type { Database, Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import {
  doubleColumn,
  doublesIn,
  doublesOf,
  int2Column,
  int2sIn,
  int2sOf,
  microsOf,
  orderOf,
  timeColumn,
} from './columns.ts';

/** Readings of one tag in the order of time, as columns: there may be millions of them. */
export interface ReadingPage {
  readonly tag: TagId;
  readonly count: number;
  /** Microseconds since the epoch. */
  readonly micros: Float64Array;
  /** NaN where there is no number. */
  readonly values: Float64Array;
  /** Null where no reading of the page is a text. */
  readonly texts: readonly (string | null)[] | null;
  readonly qualities: Int16Array;
  /** NaN where there is none. */
  readonly cleaned: Float64Array;
}

/** Where reading goes on. */
interface Place {
  /** By their numbers; the first ones of them are read at once. */
  readonly tags: readonly TagId[];
  /** Up to this time, as the database writes it, the first tag was read. */
  readonly after: string | null;
  /** How many tags fill a page, as the last one showed. */
  readonly tagsAtOnce: number;
  /** At most so many readings are asked for. */
  readonly limit: number;
  /** Whether there may be texts: without, a page that has some is read once more. */
  readonly texts: boolean;
}

/** So many take some ten milliseconds to read, and less to write out. */
const PAGE_ROWS = 60_000;
const PAGE_TAGS = 1_000;
/** What a caller works on at one go. */
const PIECE_ROWS = 10_000;
/** Texts may be long: a page with texts holds about so many bytes of them, or one reading. */
const PAGE_TEXT_BYTES = 2_000_000;
const PAGE_MS = 30_000;

/**
 * One tag in the order of time; several as they lie in the table, which mostly is in the order of time as well: sorting
 * them there takes longer than all the rest.
 */
const page = ({ after, texts }: Place, alone: boolean): string => `
  select tag_id as tag, count(*)::int as count, ${timeColumn('time')} as times, ${doubleColumn('value')} as values,
    ${int2Column('quality')} as qualities, ${doubleColumn('cleaned')} as cleaned,
    sum(octet_length(text))::float8 as "textBytes", ${texts ? 'array_agg(text)' : 'null::text[]'} as texts,
    max(time)::text as last
  from (
    select tag_id, time, value, text, quality, cleaned from readings
    where tag_id = any($1::int[]) and time ${after === null ? '>=' : '>'} $2 and time < $3
    ${alone ? 'order by time' : ''} limit $4
  ) as page
  group by tag_id order by tag_id`;

interface Row {
  readonly tag: TagId;
  readonly count: number;
  readonly times: Buffer | null;
  readonly values: Buffer | null;
  readonly qualities: Buffer | null;
  readonly cleaned: Buffer | null;
  /** Null where no reading is a text. */
  readonly textBytes: number | null;
  readonly texts: (string | null)[] | null;
  readonly last: string;
}

/** In the order of time. */
function ordered(page: ReadingPage): ReadingPage {
  const { micros, values, texts, qualities, cleaned } = page;
  const order = orderOf(micros);
  if (order === null) return page;
  return {
    ...{ ...page, micros: doublesIn(order, micros), values: doublesIn(order, values) },
    ...{ cleaned: doublesIn(order, cleaned), qualities: int2sIn(order, qualities) },
    texts: texts === null ? null : Array.from(order, (place) => texts[place] ?? null),
  };
}

const pageOf = ({ tag, count, times, values, textBytes, texts, qualities, cleaned }: Row): ReadingPage =>
  ordered({
    ...{ tag, count, texts: textBytes === null ? null : texts },
    ...{ micros: microsOf(times), values: doublesOf(values) },
    ...{ qualities: int2sOf(qualities), cleaned: doublesOf(cleaned) },
  });

function* piecesOf(page: ReadingPage): Generator<ReadingPage> {
  const { tag, count, texts } = page;
  for (let from = 0; from < count; from += PIECE_ROWS) {
    const to = Math.min(count, from + PIECE_ROWS);
    yield {
      ...{ tag, count: to - from, texts: texts?.slice(from, to) ?? null },
      ...{ micros: page.micros.subarray(from, to), values: page.values.subarray(from, to) },
      ...{ qualities: page.qualities.subarray(from, to), cleaned: page.cleaned.subarray(from, to) },
    };
  }
}

/** Pages of some tags, and where the next ones begin: null after the last one. */
interface Read {
  readonly pages: readonly ReadingPage[];
  readonly next: Place | null;
}

const sum = (rows: readonly Row[], of: (row: Row) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);

export interface PagesQuery {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
  /** At most so many readings are read at once. */
  readonly pageRows?: number | undefined;
}

type Range = Omit<PagesQuery, 'tags' | 'pageRows'> & { readonly pageRows: number };

/** How much the next query may ask for, if what it finds is like this. */
function sizeOf(rows: readonly Row[], tags: number, pageRows: number): Omit<Place, 'tags' | 'after'> {
  const [count, bytes] = [sum(rows, (row) => row.count), sum(rows, (row) => row.textBytes ?? 0)];
  const texts = rows.some(({ textBytes }) => textBytes !== null);
  const fitting = Math.max(1, Math.floor((count * PAGE_TEXT_BYTES) / Math.max(1, bytes)));
  const limit = texts ? Math.min(pageRows, fitting) : pageRows;
  // A bit less, so that the next tags may have some more than these.
  return { texts, limit, tagsAtOnce: Math.max(1, Math.floor((0.9 * limit * tags) / Math.max(1, count))) };
}

/** The tags of the next query: one that was not read to its end is read alone. */
const tagsAt = ({ tags, after, tagsAtOnce }: Place): readonly TagId[] =>
  tags.slice(0, after === null ? Math.min(tagsAtOnce, PAGE_TAGS) : 1);

async function read(db: Db, range: Range, place: Place): Promise<Read> {
  const tags = tagsAt(place);
  const from = place.after ?? instant(range.from);
  const sql = page(place, tags.length === 1);
  const rows = await db.query<Row>(sql, [tags, from, instant(range.to), place.limit]);
  const isWhole = sum(rows, ({ count }) => count) < place.limit;
  if (!isWhole && tags.length > 1) return read(db, range, { ...place, tagsAtOnce: tags.length >> 1 });
  const size = sizeOf(rows, tags.length, range.pageRows);
  if (size.texts && !place.texts) return read(db, range, { ...place, ...size });
  const rest = isWhole
    ? { tags: place.tags.slice(tags.length), after: null }
    : { tags: place.tags, after: rows.at(-1)?.last ?? null };
  return { pages: rows.map(pageOf), next: rest.tags.length === 0 ? null : { ...size, ...rest } };
}

/**
 * All readings of some tags, one tag after the other by their numbers, by short queries: what one of them says is in
 * memory, while the next one is under way. Tags with few readings are read together: they lie side by side in the
 * database. Rejects when `signal` aborts.
 */
export async function* selectPages(
  db: Database,
  { tags, from, to, pageRows = PAGE_ROWS }: PagesQuery,
  signal: AbortSignal,
): AsyncGenerator<ReadingPage, void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const begin = (place: Place): Promise<Read> => {
    const coming = db.cancellable(both, PAGE_MS, (own) => read(own, { from, to, pageRows }, place));
    coming.catch(() => undefined); // It is awaited later, or not at all.
    return coming;
  };
  const inOrder = [...new Set(tags)].sort((a, b) => a - b);
  const first = { tags: inOrder, after: null, tagsAtOnce: 1, limit: pageRows, texts: false };
  try {
    let coming = inOrder.length === 0 ? undefined : begin(first);
    while (coming !== undefined) {
      signal.throwIfAborted();
      const { pages, next }: Read = await coming;
      coming = next === null ? undefined : begin(next);
      for (const piece of pages.flatMap((each) => [...piecesOf(each)])) {
        signal.throwIfAborted();
        yield piece;
        // Others have their turn before the next one.
        await timers.setImmediate();
      }
    }
    signal.throwIfAborted();
  } finally {
    stop.abort();
  }
}
