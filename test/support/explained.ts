import type { Db } from '../../platform/database/db.ts';

/** What the database did to answer. */
export interface Work {
  statements: number;
  /** Rows that scans of tables and indexes went through. */
  rows: number;
  /** Pages written to temporary files. */
  spilledPages: number;
  /** How the chunks of tables were read: `Index Only Scan readings_1m`. */
  readonly scans: Set<string>;
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Temp Written Blocks'?: number;
  readonly Plans?: readonly Node[];
}

const OF_TABLE = new Set(['Seq Scan', 'Index Scan', 'Index Only Scan', 'Bitmap Heap Scan']);

function add(work: Work, node: Node, chunks: ReadonlyMap<string, string>): void {
  const { 'Node Type': type, 'Relation Name': relation = '' } = node;
  if (OF_TABLE.has(type)) {
    work.rows += (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    work.scans.add(`${type} ${chunks.get(relation) ?? relation}`);
  }
  for (const below of node.Plans ?? []) add(work, below, chunks);
}

/** Runs each query twice: once to see what it does. */
export async function explained<T>(db: Db, ask: (db: Db) => Promise<T>): Promise<{ answer: T; work: Work }> {
  const rows = await db.query<{ chunk: string; table: string }>(
    'select chunk_name::text as chunk, hypertable_name::text as table from timescaledb_information.chunks',
  );
  const chunks = new Map(rows.map(({ chunk, table }) => [chunk, table]));
  const work: Work = { statements: 0, rows: 0, spilledPages: 0, scans: new Set() };
  const watched: Db = {
    ...db,
    async query(sql, values) {
      const text = typeof sql === 'string' ? sql : sql.text;
      const [plan] = await db.query<{ 'QUERY PLAN': readonly { Plan: Node }[] }>(
        `explain (analyze, buffers, timing off, format json) ${text}`,
        values,
      );
      const root = plan?.['QUERY PLAN'][0]?.Plan;
      if (root === undefined) throw new Error(`The database did not explain: ${text}`);
      work.statements += 1;
      work.spilledPages += root['Temp Written Blocks'] ?? 0;
      add(work, root, chunks);
      return db.query(sql, values);
    },
  };
  return { answer: await ask(watched), work };
}
