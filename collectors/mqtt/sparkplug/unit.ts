import { typeName } from './datatype.ts';
import type { TypeName } from './datatype.ts';
import type { Long } from './reader.ts';
import type { Metric, Payload, PropertySet } from './schema.ts';
import { readValue } from './value.ts';
import type { Value } from './value.ts';

/** A metric as a birth describes it. */
export interface Definition {
  readonly name: string;
  readonly type: TypeName;
  /** As text, because it may take 64 bits. */
  readonly alias: string | undefined;
  readonly properties: ReadonlyMap<string, Value>;
}

/** One value that a node or device told. */
export interface Told {
  readonly name: string;
  readonly type: TypeName;
  /** Undefined: neither metric nor message had a time. */
  readonly at: number | undefined;
  /** Null: the metric is null. Undefined: it has no value that its type can have. */
  readonly value: Value | null | undefined;
  readonly historical: boolean;
  /** Those that came with it. */
  readonly properties: ReadonlyMap<string, Value>;
}

/** What is known of a node or a device, from its last birth. */
export interface Unit {
  online: boolean;
  /** When its own birth has to follow the one of its node; Infinity: it is not waited for. */
  dueBy: number;
  readonly definitions: Map<string, Definition>;
  readonly aliases: Map<string, string>;
  /** The newest ones. */
  readonly values: Map<string, Value | null>;
}

export const newUnit = (): Unit => ({
  online: false,
  dueBy: Infinity,
  definitions: new Map(),
  aliases: new Map(),
  values: new Map(),
});

/** Its aliases are void: the next birth may give them to other metrics. */
export function died(unit: Unit): void {
  unit.online = false;
  unit.dueBy = Infinity;
  unit.aliases.clear();
}

/** Forgets what was before, and returns the values of the birth and the metrics that use an alias twice. */
export function born(unit: Unit, { metrics, timestamp }: Payload) {
  unit.online = true;
  unit.dueBy = Infinity;
  unit.definitions.clear();
  unit.aliases.clear();
  unit.values.clear();
  const twice: string[] = [];
  const values = metrics
    .flatMap((metric) => leaves(metric, metric.name ?? '', { at: timestamp, definitions: unit.definitions }))
    .filter(({ name }) => name !== '');
  for (const { name, type, properties, alias } of values) {
    unit.definitions.set(name, { name, type, alias, properties });
    if (alias === undefined) continue;
    if (unit.aliases.has(alias)) twice.push(name);
    unit.aliases.set(alias, name);
  }
  remember(unit, values);
  return { values, twice };
}

/** The values of a data message, and how many of its metrics no birth has announced. */
export function told(unit: Unit, { metrics, timestamp }: Payload) {
  const { definitions } = unit;
  let unknown = 0;
  const values: Told[] = [];
  for (const metric of metrics) {
    const name = nameOf(unit, metric);
    const found = name === undefined ? [] : leaves(metric, name, { at: timestamp, definitions });
    const announced = found.every((leaf) => definitions.has(leaf.name));
    if (name === undefined || !announced) unknown++;
    // Without a type a value could be read in more than one way.
    values.push(...found.filter((leaf) => leaf.type !== 'Unknown' || definitions.has(leaf.name)));
  }
  remember(unit, values);
  return { values, unknown };
}

/** Of what was announced: others may be ever new ones. */
function remember({ definitions, values }: Unit, all: readonly Told[]): void {
  for (const { name, value, historical } of all) {
    if (value !== undefined && !historical && definitions.has(name)) values.set(name, value);
  }
}

const nameOf = (unit: Unit, { name, alias }: Metric): string | undefined =>
  name !== undefined && name !== ''
    ? name
    : alias === undefined
      ? undefined
      : unit.aliases.get(String(alias));

interface Above {
  readonly at: Long | undefined;
  readonly historical?: boolean;
  readonly definitions: ReadonlyMap<string, Definition>;
}
type Leaf = Told & { readonly alias: string | undefined };

/** A metric, or the members of a template, named with their path: `Motor 1/Speed`. Template definitions have no values. */
function leaves(metric: Metric, name: string, above: Above): Leaf[] {
  const at = metric.timestamp ?? above.at;
  const historical = metric.isHistorical ?? above.historical ?? false;
  if (metric.value?.in === 'template') {
    const { isDefinition, metrics } = metric.value.value;
    if (isDefinition === true) return [];
    const below = { ...above, at, historical };
    return metrics.flatMap((member) => leaves(member, `${name}/${member.name ?? ''}`, below));
  }
  const type = typeOf(metric, above.definitions.get(name));
  return [
    {
      ...{
        name,
        type,
        historical,
        value: valueOf(metric, type),
        properties: propertiesOf(metric.properties),
      },
      at: at === undefined ? undefined : Number(at),
      alias: metric.alias === undefined ? undefined : String(metric.alias),
    },
  ];
}

const typeOf = ({ datatype }: Metric, known: Definition | undefined): TypeName => {
  const own = typeName(datatype);
  return own === 'Unknown' ? (known?.type ?? own) : own;
};

function valueOf({ isNull, value }: Metric, type: TypeName): Value | null | undefined {
  if (isNull === true) return null;
  return value === undefined ? undefined : readValue(value, type);
}

function propertiesOf(set: PropertySet | undefined): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  set?.keys.forEach((key, i) => {
    const { type, isNull, value } = set.values[i] ?? {};
    const read = value === undefined || isNull === true ? undefined : readValue(value, typeName(type));
    if (read !== undefined) found.set(key, read);
  });
  return found;
}
