import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { TagImport } from '../../api/tags.ts';
import type { Plant } from '../../store/plant.ts';
import { classFault } from '../classes.ts';
import type { Classes } from '../classes.ts';
import { toFile } from '../file.ts';
import { PlantModel } from '../model.ts';
import { columns } from './columns.ts';
import type { Entry } from './columns.ts';
import { applyRow, faultOf, readCsv } from './read.ts';
import type { Row, RowFault } from './read.ts';

export interface Proposal {
  readonly report: Omit<TagImport, 'imported'>;
  /** The whole plant with the tags of the table; null where that has a fault. */
  readonly model: PlantModel | null;
}

/** What a table of tags would make of a plant. Columns that it does not have stay as they are. */
export function propose(plant: Plant, text: string, classes: Classes): Proposal {
  const { rows, faults: form } = readCsv(text);
  const file = toFile(plant) as { tags: Entry[] };
  const tags: Record<string, unknown>[] = file.tags.map((tag) => ({ ...tag }));
  const before = new Map(file.tags.map((tag) => [String(tag['name']), tag]));
  const placed = new Map<number, Row>();
  const faults = [...form];
  const seen = new Set<string>();
  for (const row of rows) {
    const known = seen.has(row.name) ? -1 : tags.findIndex(({ name }) => name === row.name);
    const place = known === -1 ? tags.push({}) - 1 : known;
    seen.add(row.name);
    placed.set(place, row);
    faults.push(...applyRow(row, tags[place] ?? {}));
    faults.push(...classFaults(row, tags[place], before.get(row.name), classes));
  }
  const result = PlantModel.safeParse({ ...file, tags });
  // A cell that could not be read is a fault already; that it is missing then is no other one.
  const told = new Set(faults.map(({ row, column }) => `${row} ${column}`));
  const checked = allIssues(result.error?.issues ?? [], file, tags).flatMap((issue) =>
    place(issue, placed, tags),
  );
  faults.push(...checked.filter(({ row, column }) => !told.has(`${row} ${column}`)));
  const sorted = faults.sort((one, other) => one.row - other.row);
  const model = result.success && sorted.length === 0 ? result.data : null;
  return { model, report: { rows: rows.length, ...difference(model, rows, before), faults: sorted } };
}

/** A class that a row names anew must be one. */
function classFaults(row: Row, tag: Entry | undefined, old: Entry | undefined, classes: Classes): RowFault[] {
  const named = tag?.['retention'];
  const message =
    typeof named === 'string' && named !== old?.['retention'] ? classFault(named, classes) : null;
  return message === null ? [] : [inRow(row, 'retention', [], message)];
}

type Issue = z.core.$ZodIssue;
const tagOf = ({ path }: Issue): number => (path[0] === 'tags' ? Number(path[1]) : -1);

/**
 * What is wrong with the form of one tag keeps the schema from looking at what tags say of one another. So it looks a
 * second time, at tags without what was found already.
 */
function allIssues(first: readonly Issue[], file: object, tags: readonly Entry[]): readonly Issue[] {
  if (first.length === 0) return [];
  const found = new Set(first.map((issue) => `${tagOf(issue)} ${String(issue.path[2])}`));
  const mended = tags.map((tag, i) => {
    const wrong = first.filter((issue) => tagOf(issue) === i).map(({ path }) => String(path[2]));
    if (wrong.length === 0) return tag;
    if (wrong.includes('source')) found.add(`${i} address`);
    const rest = Object.fromEntries(Object.entries(tag).filter(([key]) => !wrong.includes(key)));
    return { name: `row ${i}`, area: 'missing', source: 'missing', address: null, ...rest };
  });
  const second = PlantModel.safeParse({ ...file, tags: mended }).error?.issues ?? [];
  return [...first, ...second.filter((issue) => !found.has(`${tagOf(issue)} ${String(issue.path[2])}`))];
}

/** Where in the table a fault of the model is. */
function place(
  issue: z.core.$ZodIssue,
  placed: ReadonlyMap<number, Row>,
  tags: readonly Entry[],
): RowFault[] {
  const [part, at, key = '', ...rest] = issue.path;
  const tag = part === 'tags' ? Number(at) : -1;
  const row = placed.get(tag);
  if (row !== undefined) return [inRow(row, String(key), rest, issue.message)];
  const path = issue.path.slice(tag < 0 ? 0 : 2).join('.');
  return [faultOf(1, '', nameIn(tags[tag]), `${path}: ${issue.message}`)];
}

function inRow(row: Row, key: string, rest: readonly PropertyKey[], message: string): RowFault {
  const found = columns.filter((column) => column.key === key);
  const several = found.length > 1;
  const column = found[several ? Number(rest[0] ?? 0) : 0];
  if (column === undefined) return faultOf(row.row, key, '', message);
  const inside = several || rest.length === 0 ? '' : `${rest.join('.')}: `;
  return faultOf(row.row, column.name, row.cells.get(column) ?? '', inside + message);
}

const nameIn = (tag: Entry | undefined): string => (typeof tag?.['name'] === 'string' ? tag['name'] : '');

/** Whether two cells say the same: the order of JSON's keys says nothing. */
const says = (one: string, other: string): boolean =>
  one === other || isDeepStrictEqual(read(one), read(other));

function read(cell: string): unknown {
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return cell;
  }
}

function difference(model: PlantModel | null, rows: readonly Row[], before: ReadonlyMap<string, Entry>) {
  const added: string[] = [];
  const changed: { name: string; columns: string[] }[] = [];
  let unchanged = 0;
  const after = new Map((model?.tags ?? []).map((tag) => [tag.name, tag as Entry]));
  for (const { name } of rows) {
    const [old, next] = [before.get(name), after.get(name)];
    if (next === undefined) continue;
    if (old === undefined) added.push(name);
    else {
      const different = columns.filter((column) => !says(column.write(old), column.write(next)));
      if (different.length === 0) unchanged++;
      else changed.push({ name, columns: different.map((column) => column.name) });
    }
  }
  return { added, changed, unchanged };
}
