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
  /** Whether there may be texts: without, a page that has some is read once more. */
  readonly texts: boolean;
}

/** So many take some ten milliseconds to read, and less to write out. */
const PAGE_ROWS = 20_000;
/** Texts may be long: a page with texts holds about so many bytes of them, or one reading. */
const PAGE_TEXT_BYTES = 2_000_000;
const PAGE_MS = 30_000;

const page = (begin: '>=' | '>', texts: string): string => `
  select count(*)::int as count, ${timeColumn('time')} as times, ${doubleColumn('value')} as values,
    ${int2Column('quality')} as qualities, ${doubleColumn('cleaned')} as cleaned,
    sum(octet_length(text))::float8 as "textBytes", ${texts} as texts, max(time)::text as last
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
  /** Null where no reading of the page is a text. */
  readonly textBytes: number | null;
  readonly texts: (string | null)[] | null;
  readonly last: string | null;
}

const NO_ROW: Row = {
  ...{ count: 0, times: null, values: null, qualities: null, cleaned: null },
  ...{ textBytes: null, texts: null, last: null },
};

/** A page, and the question for the next one: null after the last one. */
interface Read {
  readonly page: ReadingPage;
  readonly next: PageQuery | null;
}

const pageOf = (tag: TagId, { count, times, values, texts, qualities, cleaned }: Row): ReadingPage => ({
  ...{ tag, count, texts, micros: microsOf(times), values: doublesOf(values) },
  ...{ qualities: int2sOf(qualities), cleaned: doublesOf(cleaned) },
});

/** As many rows as hold no more texts than a page may, if they are like those that were seen. */
const fitting = ({ count, textBytes }: Row): number =>
  Math.max(1, Math.floor((count * PAGE_TEXT_BYTES) / Math.max(1, textBytes ?? 0)));

async function selectPage(db: Db, query: PageQuery, most: number): Promise<Read> {
  const { tag, begin, to, limit } = query;
  const sql = page(begin.after ? '>' : '>=', query.texts ? 'array_agg(text)' : 'null::text[]');
  const [row = NO_ROW] = await db.query<Row>(sql, [tag, begin.at, instant(to), limit]);
  const hasTexts = row.textBytes !== null;
  const withTexts = { ...query, limit: Math.min(most, fitting(row)), texts: true };
  if (hasTexts && !query.texts) return selectPage(db, withTexts, most);
  const further = hasTexts ? withTexts : { ...query, limit: most, texts: false };
  return {
    page: pageOf(tag, hasTexts ? row : { ...row, texts: null }),
    next:
      row.last === null || row.count < limit ? null : { ...further, begin: { at: row.last, after: true } },
  };
}

export interface PagesQuery {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
  /** At most so many readings a page. */
  readonly pageRows?: number | undefined;
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
  const read = (query: PageQuery): Promise<Read> => {
    const coming = db.cancellable(both, PAGE_MS, (own) => selectPage(own, query, pageRows));
    coming.catch(() => undefined); // It is awaited later, or not at all.
    return coming;
  };
  const readFirst = (tag: TagId | undefined) =>
    tag === undefined
      ? undefined
      : read({ tag, begin: { at: instant(from), after: false }, to, limit: pageRows, texts: false });
  try {
    let i = 0;
    let coming = readFirst(tags[i]);
    while (coming !== undefined) {
      signal.throwIfAborted();
      const { page, next } = await coming;
      coming = next === null ? readFirst(tags[++i]) : read(next);
      if (page.count > 0) yield page;
    }
  } finally {
    stop.abort();
  }
}
