/** The decoded segments of a path, or undefined where it is malformed or tries to climb. `/a/b` has two. */
export function segmentsOf(path: string): readonly string[] | undefined {
  const segments: string[] = [];
  for (const sent of path.slice(1).split('/')) {
    const segment = decode(sent);
    if (segment === undefined || isClimbing(segment)) return undefined;
    segments.push(segment);
  }
  return path.startsWith('/') ? segments : undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const isClimbing = (segment: string) => /(^|[\\/])\.{1,2}($|[\\/])|[\0-\x1f]/.test(segment);

/** The fields of a query as sent, or the name of the one that is malformed or given twice. */
export function fieldsOf(query: string): { fields: Record<string, string> } | { wrong: string } {
  const fields = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const mark = pair.indexOf('=');
    const name = decode((mark < 0 ? pair : pair.slice(0, mark)).replaceAll('+', ' '));
    const value = decode(mark < 0 ? '' : pair.slice(mark + 1).replaceAll('+', ' '));
    if (name === undefined || value === undefined || fields.has(name)) return { wrong: name ?? pair };
    fields.set(name, value);
  }
  return { fields: Object.fromEntries(fields) };
}

/** What a path leads to, by method, and what its `{name}` segments stand for. */
export type Found<Value> = ReadonlyMap<
  string,
  { readonly value: Value; readonly params: Readonly<Record<string, string>> }
>;

interface Place<Value> {
  readonly fixed: Map<string, Place<Value>>;
  open: Place<Value> | undefined;
  readonly methods: Map<string, { readonly names: readonly string[]; readonly value: Value }>;
}
const emptyPlace = <Value>(): Place<Value> => ({ fixed: new Map(), open: undefined, methods: new Map() });

/** A map from `GET /tags/{id}` to values. A fixed segment wins over an open one; an open one is never empty. */
export function pathMap<Value>() {
  const root = emptyPlace<Value>();

  return {
    add(method: string, path: string, value: Value): void {
      let place = root;
      const names: string[] = [];
      for (const segment of path.slice(1).split('/')) {
        const name = /^\{(\w+)\}$/.exec(segment)?.[1];
        if (name === undefined) place = childOf(place, segment);
        else {
          names.push(name);
          place = place.open ??= emptyPlace<Value>();
        }
      }
      if (place.methods.has(method)) throw new Error(`The route ${method} ${path} is declared twice.`);
      place.methods.set(method, { names, value });
    },
    find: (segments: readonly string[]): Found<Value> | undefined => find(root, segments, []),
  };
}

function childOf<Value>(place: Place<Value>, segment: string): Place<Value> {
  const child = place.fixed.get(segment) ?? emptyPlace<Value>();
  place.fixed.set(segment, child);
  return child;
}

function find<Value>(
  place: Place<Value>,
  [first, ...rest]: readonly string[],
  open: readonly string[],
): Found<Value> | undefined {
  if (first === undefined) return place.methods.size === 0 ? undefined : foundAt(place, open);
  const fixed = place.fixed.get(first);
  const found = fixed === undefined ? undefined : find(fixed, rest, open);
  if (found !== undefined || place.open === undefined || first === '') return found;
  return find(place.open, rest, [...open, first]);
}

const foundAt = <Value>({ methods }: Place<Value>, open: readonly string[]): Found<Value> =>
  new Map(
    [...methods].map(([method, { names, value }]) => [
      method,
      { value, params: Object.fromEntries(names.map((name, at) => [name, open[at] ?? ''])) },
    ]),
  );
