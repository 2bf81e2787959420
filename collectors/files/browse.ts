import type { BrowseRequest, Place, Places } from '../collector.ts';
import type { Column } from '../csv-format.ts';
import { text, valueIn } from '../record.ts';
import { doneFolder, failedFolder } from './config.ts';
import type { FilesConfig } from './config.ts';
import { filesIn } from './folder.ts';
import type { FoundFile } from './folder.ts';
import { openFile } from './rows.ts';
import type { FileRow, Head } from './rows.ts';

/** Enough to see what a file is like. */
const BEGINNING_BYTES = 262_144;
const ROWS_READ = 2000;

export interface Sample {
  readonly file: FoundFile;
  readonly head: Head;
  readonly rows: readonly FileRow[];
}

/** The beginning of the newest file there is, read or unread. Undefined: there is none, or it is empty. */
export async function sampleOf(config: FilesConfig, signal: AbortSignal): Promise<Sample | undefined> {
  const anyState = { match: config.match, ready: 'still' as const };
  const there = await Promise.all(
    [config.folder, doneFolder(config), failedFolder(config)].map((one) =>
      filesIn(anyState, one).catch(() => []),
    ),
  );
  const file = there.flat().sort((a, b) => b.changedAt - a.changedAt)[0];
  if (file === undefined) return undefined;
  const open = await openFile(file.path, config, signal, BEGINNING_BYTES);
  if (open === undefined) return undefined;
  const rows: FileRow[] = [];
  try {
    for await (const row of open.rows) {
      if (rows.push(row) >= ROWS_READ) break;
    }
  } catch (err) {
    if (rows.length === 0) throw err; // where the beginning ends a row may be cut
  }
  return { file, head: open.head, rows };
}

/** The columns of the newest file, or the names in its tag column, as addresses. */
export async function browse(
  config: FilesConfig,
  request: BrowseRequest,
  signal: AbortSignal,
): Promise<Places> {
  const sample = await sampleOf(config, signal);
  if (sample === undefined)
    throw new Error(`No file in ${config.folder} to look at. Put one there that matches ${config.match}.`);
  const search = request.search.toLowerCase();
  const all = placesOf(config, sample).filter(({ name }) => name.toLowerCase().includes(search));
  const from = request.after === null ? 0 : Number(request.after);
  const places = all.slice(from, from + request.limit);
  const next = from + places.length;
  return { places, next: next < all.length ? String(next) : null };
}

function placesOf(config: FilesConfig, { head, rows, file }: Sample): Place[] {
  const description = `in ${file.name}`;
  if (config.long !== undefined) {
    const [tag, value] = [head.field(config.long.tag), head.field(config.long.value)];
    const newest = new Map(rows.map(({ record }) => [text(tag?.(record)), value?.(record)]));
    newest.delete('');
    return [...newest].map(([name, found]) => place(name, { tag: name }, found, { config, description }));
  }
  const last = rows.findLast(({ wrong }) => wrong === undefined)?.record;
  const times = [config.timeColumn].flat();
  return columnsOf(head, last)
    .filter((column) => !times.includes(column))
    .map((column) => place(String(column), { column }, head.field(column)?.(last), { config, description }));
}

function columnsOf(head: Head, record: unknown): readonly Column[] {
  if (head.columns !== undefined) return head.columns.filter((name) => name !== '');
  if (Array.isArray(record)) return record.map((_, i) => i + 1);
  return typeof record === 'object' && record !== null ? Object.keys(record) : [];
}

function place(
  name: string,
  address: unknown,
  found: unknown,
  { config, description }: { config: FilesConfig; description: string },
): Place {
  const number = valueIn(found, 'number', config.csv.decimal);
  const kind = number === undefined && typeof found === 'string' ? 'text' : 'number';
  return {
    id: name,
    name,
    description,
    branch: false,
    address,
    kind,
    type: config.format === 'csv' ? 'column' : 'JSON',
    unit: /[[(]([^\])]{1,12})[\])]\s*$/.exec(name)?.[1] ?? '',
    range: null,
    value: number ?? valueIn(found, 'text') ?? null,
    writable: false,
  };
}
