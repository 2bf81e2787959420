import type { Database, Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { doubleColumn, doublesOf, int2Column, int2sOf, microsOf, timeColumn } from './columns.ts';

/** Readings of one tag in the order of time, as columns: a million of them go through in a second. */
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

interface PageQuery {
  readonly tag: TagId;
  /** From this instant on, or after it; as the database writes it. */
  readonly begin: { readonly at: string; readonly after: boolean };
  /** Milliseconds. */
  readonly to: number;
  readonly limit: number;
}

/** So many take some milliseconds to read, and some to write out. */
const PAGE_ROWS = 10_000;
/** Texts may be long: the first page of a tag shows how long they are, the next ones hold about so many characters. */
const FIRST_ROWS = 1_000;
const PAGE_CHARACTERS = 2_000_000;
const PAGE_MS = 30_000;

const page = (begin: '>=' | '>'): string => `
  select count(*)::int as count, ${timeColumn('time')} as times, ${doubleColumn('value')} as values,
    ${int2Column('quality')} as qualities, ${doubleColumn('cleaned')} as cleaned,
    case when count(text) > 0 then array_agg(text) end as texts, max(time)::text as last
  from (
    select time, value, text, quality, cleaned from readings
    where tag_id = $1 and time ${begin} $2 and time < $3 order by time limit $4
  ) as page`;

interface Row {
  readonly count: number;
  readonly times: Buffer | null;
  readonly values: Buffer | null;
  readonly qualities: Buffer | null;
  readonly cleaned: Buffer | null;
  readonly texts: (string | null)[] | null;
  readonly last: string | null;
}

const NO_ROW: Row = {
  ...{ count: 0, times: null, values: null, qualities: null, cleaned: null, texts: null, last: null },
};

/** A page, and where the next one begins: null after the last one. */
interface Read {
  readonly page: ReadingPage;
  readonly next: PageQuery['begin'] | null;
}

async function selectPage(db: Db, { tag, begin, to, limit }: PageQuery): Promise<Read> {
  const sql = page(begin.after ? '>' : '>=');
  const [row = NO_ROW] = await db.query<Row>(sql, [tag, begin.at, instant(to), limit]);
  const { count, times, values, qualities, cleaned, texts, last } = row;
  return {
    page: {
      ...{ tag, count, texts, micros: microsOf(times), values: doublesOf(values) },
      ...{ qualities: int2sOf(qualities), cleaned: doublesOf(cleaned) },
    },
    next: last === null || count < limit ? null : { at: last, after: true },
  };
}

export interface PagesQuery {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
  /** At most so many readings a page. */
  readonly pageRows?: number | undefined;
}

function rowsAfter({ texts, count }: ReadingPage, most: number): number {
  const characters = texts?.reduce((sum, text) => sum + (text?.length ?? 0), 0) ?? 0;
  return Math.min(most, Math.max(1, Math.floor((PAGE_CHARACTERS * count) / Math.max(1, characters))));
}

/**
 * All readings of some tags, one tag after the other, by short queries: at most two pages are in memory, of which one
 * is being read while the caller works on the other. Rejects when `signal` aborts.
 */
export async function* selectPages(
  db: Database,
  { tags, from, to, pageRows = PAGE_ROWS }: PagesQuery,
  signal: AbortSignal,
): AsyncGenerator<ReadingPage, void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const read = (query: Omit<PageQuery, 'to'>): Promise<Read> => {
    const coming = db.cancellable(both, PAGE_MS, (own) => selectPage(own, { ...query, to }));
    coming.catch(() => undefined); // It is awaited later, or not at all.
    return coming;
  };
  const readFirst = (tag: TagId | undefined) =>
    tag === undefined
      ? undefined
      : read({ tag, begin: { at: instant(from), after: false }, limit: Math.min(FIRST_ROWS, pageRows) });
  try {
    let i = 0;
    let coming = readFirst(tags[i]);
    while (coming !== undefined) {
      signal.throwIfAborted();
      const { page, next } = await coming;
      coming =
        next === null
          ? readFirst(tags[++i])
          : read({ tag: page.tag, begin: next, limit: rowsAfter(page, pageRows) });
      if (page.count > 0) yield page;
    }
  } finally {
    stop.abort();
  }
}
