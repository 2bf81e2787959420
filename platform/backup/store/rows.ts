import type { Db } from '../../database/db.ts';
import type { Table } from './tables.ts';

export type Take = (text: Uint8Array) => Promise<void>;

const NEW_LINE = 10;
const FIRST_ROWS = 64;
const MOST_ROWS = 20_000;
/** The embedded database holds an answer whole, so answers are kept at about this size. */
const PAGE_BYTES = 1 << 19;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const select = ({ name, columns }: Table): string =>
  `select ${columns.map(quoted).join(', ')} from ${quoted(name)}`;

/** All rows of a table in COPY's text form, as the server reads them from its disk. */
export const readWhole = (db: Db, table: Table, take: Take): Promise<void> => db.copyOut(select(table), take);

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
/** A field of COPY's text form, as it was before it was escaped. */
export const unescape = (field: string): string =>
  field.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter);

/** Values of the columns `key` in the last line of `page`. */
function lastKey(page: Uint8Array, columns: readonly string[], key: readonly string[]): string[] {
  const from = page.lastIndexOf(NEW_LINE, page.length - 2) + 1;
  const fields = Buffer.from(page.subarray(from, page.length - 1))
    .toString()
    .split('\t');
  return key.map((name) => unescape(fields[columns.indexOf(name)] ?? ''));
}

function countRows(page: Uint8Array): number {
  let rows = 0;
  for (let at = page.indexOf(NEW_LINE); at !== -1; at = page.indexOf(NEW_LINE, at + 1)) rows += 1;
  return rows;
}

async function readPage(db: Db, sql: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  await db.copyOut(sql, (text) => {
    pieces.push(Buffer.from(text));
    return Promise.resolve();
  });
  return Buffer.concat(pieces);
}

/**
 * The same in short statements, each of which goes on behind the last row of the one before: for a database whose only
 * session others need as well. With `first`, only the rows whose first key column has this value.
 */
export async function readPages(db: Db, table: Table, take: Take, first?: number): Promise<void> {
  const key = first === undefined ? table.key : table.key.slice(1);
  if (key.length === 0) return readWhole(db, table, take);
  const order = key.map(quoted).join(', ');
  const fixed = first === undefined ? [] : [`${quoted(table.key[0] ?? '')} = ${first}`];
  let behind: string[] = [];
  for (let limit = FIRST_ROWS; ;) {
    const where = [...fixed, ...behind];
    const condition = where.length === 0 ? '' : ` where ${where.join(' and ')}`;
    const page = await readPage(db, `${select(table)}${condition} order by ${order} limit ${limit}`);
    if (page.length === 0) return;
    await take(page);
    const rows = countRows(page);
    if (rows < limit) return;
    behind = [`(${order}) > (${lastKey(page, table.columns, key).map(literal).join(', ')})`];
    limit = Math.max(1, Math.min(MOST_ROWS, limit * 2, Math.floor((rows * PAGE_BYTES) / page.length)));
  }
}

/**
 * The same of a table whose key begins with a number that many rows share, number by number. `keys` are these numbers;
 * without them all rows are looked through, which takes long.
 */
export async function readSeries(db: Db, table: Table, take: Take, keys?: readonly number[]): Promise<void> {
  for (const key of keys ?? (await selectFirstKeys(db, table))) await readPages(db, table, take, key);
}

async function selectFirstKeys(db: Db, { name, key }: Table): Promise<number[]> {
  const column = quoted(key[0] ?? '');
  const rows = await db.query<{ key: number }>(
    `select distinct ${column} as key from ${quoted(name)} order by 1`,
  );
  return rows.map((row) => row.key);
}
