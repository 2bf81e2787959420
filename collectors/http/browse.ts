import type { BrowseRequest, Place, Places } from '../collector.ts';
import { emptyPlace } from '../empty-place.ts';
import { pathText } from '../path.ts';
import type { Path } from '../path.ts';
import { text, valueIn } from '../record.ts';
import type { HttpConfig, HttpRequest } from './config.ts';
import { readDocument } from './document.ts';
import type { Document } from './document.ts';
import type { Documents } from './documents.ts';

/** Enough for any screen; documents can be of any size. */
const MOST = 5000;

/** The requests, and below each what its last document holds, as addresses. */
export async function browse(config: HttpConfig, kept: Documents, request: BrowseRequest): Promise<Places> {
  const all =
    request.place === null && request.search === ''
      ? requestsOf(config)
      : await below(config, kept, request.place);
  const search = request.search.toLowerCase();
  const found = all.filter(({ name }) => name.toLowerCase().includes(search));
  const from = request.after === null ? 0 : Number(request.after);
  const places = found.slice(from, from + request.limit);
  const next = from + places.length;
  return { places, next: next < found.length ? String(next) : null };
}

const requestsOf = ({ requests }: HttpConfig): Place[] =>
  Object.entries(requests).map(([name, { path, format }]) => ({
    ...emptyPlace,
    id: name,
    name,
    description: path,
    branch: true,
    type: format,
  }));

async function below({ requests }: HttpConfig, kept: Documents, place: string | null): Promise<Place[]> {
  const places: Place[] = [];
  for (const [name, request] of Object.entries(requests)) {
    if (place !== null && place !== name) continue;
    const body = await kept.newest(name);
    if (body === undefined) {
      if (place !== null)
        throw new Error(`There is no answer to ${name} yet: look again when it has been polled.`);
      continue;
    }
    places.push(...placesIn(name, request, await readDocument(body, request)));
  }
  return places;
}

/** Each single value of the records; where a text tells the records of a list apart, each of theirs. */
function placesIn(request: string, { timeAt }: HttpRequest, document: Document): Place[] {
  const { records } = document;
  const key = timeAt === undefined && records.length > 1 ? keyOf(document) : undefined;
  if (key === undefined)
    return valuesOf(document, records.at(-1), timeAt).map(([value, found]) =>
      placeOf(value, { request, value }, found),
    );
  const places: Place[] = [];
  for (const record of records.slice(0, MOST)) {
    const is = key.of(record);
    const where = { [key.name]: is };
    for (const [value, found] of valuesOf(document, record, key.name))
      if (places.length < MOST) places.push(placeOf(`${is} ${value}`, { request, value, where }, found));
  }
  return places;
}

/** Without what is known already: a time, or a name. */
const valuesOf = (document: Document, record: unknown, but: string | number | undefined) =>
  leaves(record, document).filter(([place]) => place !== but && place !== `$.${but ?? ''}`);

function placeOf(name: string, address: object, found: unknown): Place {
  const number = valueIn(found, 'number');
  const kind = number === undefined ? 'text' : 'number';
  return {
    ...emptyPlace,
    id: JSON.stringify(address),
    name,
    address,
    kind,
    type: found === null ? 'null' : typeof found,
    value: number ?? valueIn(found, 'text') ?? null,
  };
}

/** A text in every record that is another one each time. */
function keyOf(document: Document) {
  const { records, columns } = document;
  for (const name of columns ?? Object.keys(records[0] ?? {})) {
    const at = document.field(name);
    const texts = records.map((record) => at?.(record));
    const apart = texts.every(
      (text) => typeof text === 'string' && text !== '' && Number.isNaN(Number(text)),
    );
    if (apart && new Set(texts).size === texts.length)
      return { name, of: (record: unknown) => text(at?.(record)) };
  }
  return undefined;
}

function leaves(record: unknown, { columns }: Document): (readonly [string, unknown])[] {
  if (columns !== undefined)
    return columns.map((name, i) => [name, (record as readonly unknown[] | undefined)?.[i]] as const);
  const found: (readonly [string, unknown])[] = [];
  const walk = (value: unknown, path: Path) => {
    if (found.length >= MOST) return;
    if (Array.isArray(value)) value.forEach((item, i) => walk(item, [...path, i]));
    else if (typeof value === 'object' && value !== null)
      for (const [name, member] of Object.entries(value)) walk(member, [...path, name]);
    else found.push([pathText(path), value]);
  };
  walk(record, []);
  return found;
}
