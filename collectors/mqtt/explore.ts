import type { BrowseRequest, Place, Places } from '../collector.ts';
import { emptyPlace } from '../empty-place.ts';
import { follow, pathText } from '../path.ts';
import type { Path } from '../path.ts';
import { readPayload } from '../payload.ts';
import { parseTime } from '../time.ts';
import { absurdity, numberIn } from '../value.ts';
import { fieldsIn } from './address.ts';
import type { Mapping } from './address.ts';
import type { Heard, Seen } from './seen.ts';

/** A place: the first levels of topics, and a path into what was last heard there. */
type Spot = readonly [levels: readonly string[], path: Path | null];

/** Where devices put the time of their values. */
const TIME_NAMES = /^(t|ts|at|time|timestamp|date|datetime|time_?stamp|source_?time)$/i;
const MAX_MEMBERS = 1000;

/** What was heard, as a tree: the levels of topics, then what is in their messages. */
export function explorer(heard: Seen, mappings: Readonly<Record<string, Mapping>>) {
  return ({ place, search, limit, after }: BrowseRequest): Places => {
    const spot = place === null ? ([[], null] as Spot) : spotOf(place);
    const all = search === '' ? below(heard, spot, mappings) : matching(heard, spot, search, mappings);
    const from = Number(after ?? 0);
    return {
      places: all.slice(from, from + limit),
      next: from + limit < all.length ? String(from + limit) : null,
    };
  };
}

const idOf = (...spot: Spot): string => JSON.stringify(spot);

/** What cannot have come from `idOf` is the top. */
function spotOf(place: string): Spot {
  try {
    const [levels, path] = JSON.parse(place) as [unknown, unknown];
    if (Array.isArray(levels)) return [levels.map(String), Array.isArray(path) ? (path as Path) : null];
  } catch {
    // a place of another source
  }
  return [['\0'], null];
}

type Mappings = Readonly<Record<string, Mapping>>;

function below(heard: Seen, [levels, path]: Spot, mappings: Mappings): Place[] {
  const here = heard.of(levels.join('/'));
  const members = here === undefined ? [] : membersOf(here, path ?? [], mappings);
  if (path !== null) return members;
  const prefix = levels.length === 0 ? '' : `${levels.join('/')}/`;
  const deeper = heard.topics().filter(({ topic }) => topic.startsWith(prefix));
  const names = new Set(deeper.map(({ topic }) => topic.slice(prefix.length).split('/', 1)[0] ?? ''));
  const levelsBelow = [...names].sort().map((name) => {
    const own = [...levels, name];
    const further = deeper.some(({ topic }) => topic.startsWith(`${prefix}${name}/`));
    return levelPlace(own, heard.of(own.join('/')), further, mappings);
  });
  return [...levelsBelow, ...members];
}

/** Signals only. */
function matching(heard: Seen, [levels, path]: Spot, search: string, mappings: Mappings): Place[] {
  const wanted = search.toLowerCase();
  const topic = levels.join('/');
  const fits = (one: Heard) =>
    levels.length === 0 || one.topic === topic || one.topic.startsWith(`${topic}/`);
  return heard
    .topics()
    .filter(fits)
    .flatMap((one) => signalsOf(one, path ?? [], mappings))
    .filter(({ id }) => id.toLowerCase().includes(wanted));
}

function signalsOf(one: Heard, path: Path, mappings: Mappings): Place[] {
  const found = follow(documentOf(one), path);
  if (typeof found !== 'object' || found === null) return [leaf(one, path, found, mappings)];
  return membersOf(one, path, mappings).flatMap((member) => {
    const at = spotOf(member.id)[1];
    return member.branch && at !== null ? signalsOf(one, at, mappings) : [member];
  });
}

function levelPlace(
  levels: readonly string[],
  own: Heard | undefined,
  further: boolean,
  mappings: Mappings,
): Place {
  const document = own === undefined ? undefined : documentOf(own);
  const members = typeof document === 'object' && document !== null;
  const name = levels.at(-1) ?? '';
  const id = idOf(levels, null);
  if (own === undefined || members)
    return { ...emptyPlace, id, name, branch: true, description: own === undefined ? '' : rate(own) };
  return { ...leaf(own, [], document, mappings), id, name, branch: further };
}

function membersOf(one: Heard, path: Path, mappings: Mappings): Place[] {
  const found = follow(documentOf(one), path);
  if (typeof found !== 'object' || found === null) return [];
  const names = Array.isArray(found) ? [...found.keys()] : Object.keys(found);
  return names.slice(0, MAX_MEMBERS).map((name) => {
    const deeper = [...path, name];
    const value = follow(found, [name]);
    if (typeof value !== 'object' || value === null) return leaf(one, deeper, value, mappings);
    const id = idOf(one.topic.split('/'), deeper);
    return {
      ...emptyPlace,
      id,
      name: String(name),
      branch: true,
      type: Array.isArray(value) ? 'list' : 'object',
    };
  });
}

const rate = ({ count, perS, at }: Heard): string =>
  `${count} messages, ${perS.toFixed(perS < 10 ? 1 : 0)}/s, last at ${new Date(at).toISOString()}`;

function leaf(one: Heard, path: Path, value: unknown, mappings: Mappings): Place {
  const { kind, type } = typeOf(value);
  return {
    ...emptyPlace,
    ...{ id: idOf(one.topic.split('/'), path), kind, type },
    name: String(path.at(-1) ?? one.topic.split('/').at(-1)),
    description: rate(one),
    address: kind === null ? null : addressFor(one, path, mappings),
    value: typeof value === 'boolean' ? Number(value) : shownValue(value),
  };
}

function typeOf(value: unknown): { kind: Place['kind']; type: string } {
  if (typeof value === 'boolean') return { kind: 'number', type: 'JSON boolean' };
  if (typeof value === 'number') return { kind: 'number', type: 'JSON number' };
  if (typeof value !== 'string') return { kind: null, type: value === null ? 'null' : 'bytes' };
  return numberIn(value) === undefined
    ? { kind: 'text', type: 'text' }
    : { kind: 'number', type: 'number as text' };
}

const shownValue = (value: unknown): number | string | null =>
  typeof value === 'number' ? value : typeof value === 'string' ? value.slice(0, 200) : null;

/** As a tag would have it: by a mapping of the source where the topic has its form. */
function addressFor(one: Heard, path: Path, mappings: Mappings): object {
  const value = pathText(path);
  for (const [name, mapping] of Object.entries(mappings)) {
    const fields = fieldsIn(mapping.topic, one.topic);
    if (fields !== undefined && mapping.value === value) return { mapping: name, fields };
  }
  const time = timeBeside(one, path);
  return {
    topic: one.topic,
    ...(path.length === 0 ? {} : { value }),
    ...(time === undefined ? {} : { time: pathText(time) }),
  };
}

/** A member that is a plausible time, beside the value or above it. */
function timeBeside(one: Heard, path: Path): Path | undefined {
  const document = documentOf(one);
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const around = path.slice(0, depth);
    const place = follow(document, around);
    if (typeof place !== 'object' || place === null || Array.isArray(place)) continue;
    const name = Object.keys(place).find(
      (key) => TIME_NAMES.test(key) && isTime(follow(place, [key]), one.at),
    );
    if (name !== undefined && !(depth === path.length - 1 && path[depth] === name)) return [...around, name];
  }
  return undefined;
}

function isTime(found: unknown, now: number): boolean {
  const at = parseTime(found);
  return at !== undefined && absurdity(at, now) === undefined;
}

/** Undefined: nothing that can be read. */
function documentOf({ payload, whole }: Heard): unknown {
  const content = readPayload(payload);
  if (content.kind === 'document') return content.document;
  return content.kind === 'text' && whole ? content.text : undefined;
}
