import type { BrowseRequest, Place, Places } from '../../collector.ts';
import { emptyPlace } from '../../empty-place.ts';
import type { SparkplugAddress } from './config.ts';
import { isReadOnly } from './command.ts';
import { elementOf } from './datatype.ts';
import type { TypeName } from './datatype.ts';
import type { Host } from './host.ts';
import type { Definition, Unit } from './unit.ts';
import type { Value } from './value.ts';

/** What the births have announced, as places: group, node, device, metric. */
export function browseHost(host: Host, { place, search, limit, after }: BrowseRequest): Places {
  const from = Number(after ?? 0);
  const all = search === '' ? below(host, place) : found(host, place, search.toLowerCase());
  const page = all.slice(from, from + limit);
  return { places: page, next: from + limit < all.length ? String(from + limit) : null };
}

function below(host: Host, place: string | null): Place[] {
  const depth = place === null ? 0 : place.split('/').length;
  const within = host.places().filter((one) => place === null || one.startsWith(`${place}/`));
  const branches = new Set(
    within.map((one) =>
      one
        .split('/')
        .slice(0, depth + 1)
        .join('/'),
    ),
  );
  const unit = place === null ? undefined : host.unit(place);
  return [...[...branches].map((one) => branch(host, one)), ...metrics(place, unit)];
}

/** Signals only: a branch is of no use to who searches for a name. */
const found = (host: Host, place: string | null, text: string): Place[] =>
  host
    .places()
    .filter((one) => place === null || one === place || one.startsWith(`${place}/`))
    .flatMap((one) => metrics(one, host.unit(one)))
    .filter(({ id }) => id.toLowerCase().includes(text));

function branch(host: Host, place: string): Place {
  const unit = host.unit(place);
  return {
    ...emptyPlace,
    ...{ id: place, name: place.split('/').at(-1) ?? place, branch: true },
    description: unit === undefined ? '' : unit.online ? 'online' : 'offline',
  };
}

const metrics = (place: string | null, unit: Unit | undefined): Place[] =>
  place === null || unit === undefined
    ? []
    : [...unit.definitions.values()].map((one) => signal(place, one, unit.values.get(one.name) ?? null));

function signal(place: string, definition: Definition, value: Value | null): Place {
  const { name, type, properties } = definition;
  const address: SparkplugAddress = {
    sparkplug: place,
    metric: name,
    ...(elementOf(type) ? { index: 0 } : {}),
  };
  return {
    ...{ id: `${place}/${name}`, name, branch: false, address, type },
    description: text(first(properties, ['Documentation', 'documentation', 'description', 'tooltip'])),
    kind: kindOf(type),
    unit: text(first(properties, ['engUnit', 'engUnits', 'Engineering Units', 'unit', 'units'])),
    range: rangeOf(properties),
    value: shown(value),
    writable: !isReadOnly(definition),
  };
}

const first = (properties: Definition['properties'], keys: readonly string[]): Value | undefined =>
  keys.map((key) => properties.get(key)).find((value) => value !== undefined);

const text = (value: Value | undefined): string => (typeof value === 'string' ? value.slice(0, 200) : '');

function rangeOf(properties: Definition['properties']): readonly [number, number] | null {
  const low = first(properties, ['engLow', 'EngLow', 'min', 'low']);
  const high = first(properties, ['engHigh', 'EngHigh', 'max', 'high']);
  return typeof low === 'number' && typeof high === 'number' && low < high ? [low, high] : null;
}

const TEXTS: readonly TypeName[] = ['String', 'Text', 'UUID'];
const NOTHING: readonly TypeName[] = [
  'Bytes',
  'File',
  'DataSet',
  'PropertySet',
  'PropertySetList',
  'Template',
];

function kindOf(type: TypeName): 'number' | 'text' | null {
  const one = elementOf(type) ?? type;
  if (TEXTS.includes(one)) return 'text';
  return NOTHING.includes(one) ? null : 'number';
}

function shown(value: Value | null): number | string | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' ? value.slice(0, 200) : null;
}
