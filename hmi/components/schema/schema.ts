import { t } from '../../locale.ts';

/** What a form needs of JSON Schema (draft 2020-12). */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly (string | number)[];
  readonly const?: string | number | boolean;
  readonly default?: unknown;
  readonly description?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  /** Nobody may read it over a shoulder, and it never stands in a configuration. */
  readonly writeOnly?: boolean;
}

export type Path = readonly (string | number)[];
/** What a field is drawn as. */
export type Shape =
  'group' | 'list' | 'map' | 'variants' | 'choice' | 'switch' | 'number' | 'text' | 'pair' | 'json';

export interface FieldProps {
  name: string;
  schema: Schema;
  value: unknown;
  path: Path;
  required: boolean;
  /** Undefined: the key is to go. */
  change: (path: Path, next: unknown) => void;
}

const plain = {
  boolean: 'switch',
  integer: 'number',
  number: 'number',
  string: 'text',
  object: 'group',
  array: 'list',
} as const;

const isPlainName = (type: Schema['type']): type is keyof typeof plain =>
  typeof type === 'string' && isPlain(type);
const isPlain = (type: string): type is keyof typeof plain => type in plain;

export function shapeOf(schema: Schema): Shape {
  if (optionsOf(schema) !== undefined) return 'choice';
  if (variantsOf(schema).length > 0) return 'variants';
  if (schema.type === 'array') return listShape(schema);
  if (schema.type === 'object' && schema.properties === undefined)
    return typeof schema.additionalProperties === 'object' ? 'map' : 'json';
  return typeof schema.type === 'string' && isPlain(schema.type) ? plain[schema.type] : 'json';
}

function listShape({ items, prefixItems }: Schema): Shape {
  if (prefixItems === undefined) return items === undefined ? 'json' : 'list';
  const isPair =
    prefixItems.length === 2 && prefixItems.every(({ type }) => type === 'number' || type === 'integer');
  return isPair ? 'pair' : 'json';
}

/** The values to choose from: an enumeration, or variants that are all constants. */
export function optionsOf(schema: Schema): readonly (string | number)[] | undefined {
  if (schema.enum !== undefined) return schema.enum;
  const variants = schema.anyOf ?? schema.oneOf;
  const constants = variants?.map((variant) => variant.const);
  return constants?.every((one) => typeof one === 'string' || typeof one === 'number') === true
    ? constants
    : undefined;
}

export const variantsOf = (schema: Schema): readonly Schema[] => schema.anyOf ?? schema.oneOf ?? [];

/** What a variant is called: the constant that tells it from the others, its keys, or its type. */
export function variantName(variant: Schema): string {
  const constants = Object.values(variant.properties ?? {}).flatMap((one) => one.const ?? []);
  if (constants.length > 0) return constants.join(' ');
  const keys = variant.required ?? Object.keys(variant.properties ?? {});
  return keys.length > 0 ? keys.map(labelOf).join(', ') : plainName(variant);
}

function plainName({ const: only, type }: Schema): string {
  if (typeof only === 'boolean') return t(only ? 'tags.on' : 'tags.off');
  return String(only ?? (isPlainName(type) ? t(`schema.type.${type}`) : ''));
}

/** The variant that a value belongs to: the first whose constants it has and whose required keys are there. */
export function variantIndex(schema: Schema, value: unknown): number {
  const found = variantsOf(schema).findIndex((variant) => fits(variant, value));
  return Math.max(found, 0);
}

function fits(variant: Schema, value: unknown): boolean {
  if (variant.const !== undefined) return variant.const === value;
  if (variant.type === 'object') return isRecord(value) && hasItsKeys(variant, value);
  return variant.type === (Array.isArray(value) ? 'array' : typeof value);
}

const hasItsKeys = ({ properties = {}, required = [] }: Schema, value: Record<string, unknown>): boolean =>
  required.every((key) => key in value) &&
  Object.entries(properties).every(([key, one]) => one.const === undefined || one.const === value[key]);

/** What a new value starts as: only what must be there, so that defaults stay defaults. */
export function initial(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  const [first] = variantsOf(schema);
  if (first !== undefined) return initial(first);
  if (schema.type === 'array') return schema.prefixItems?.map(initial) ?? [];
  if (schema.type !== 'object') return undefined;
  const required = Object.entries(schema.properties ?? {}).filter(([key]) => schema.required?.includes(key));
  return Object.fromEntries(
    required.flatMap(([key, one]) => {
      const start = one.default === undefined ? initial(one) : undefined;
      return start === undefined ? [] : [[key, start] as const];
    }),
  );
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy with another value at `path`; undefined takes the key, or the item, away. */
export function setAt(tree: unknown, path: Path, next: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return next;
  if (typeof step === 'number') {
    const list = Array.isArray(tree) ? [...(tree as unknown[])] : [];
    const item = setAt(list[step], rest, next);
    if (item === undefined) list.splice(step, 1);
    else list[step] = item;
    return list;
  }
  const { [step]: before, ...others } = isRecord(tree) ? tree : {};
  const item = setAt(before, rest, next);
  if (item === undefined) return others;
  // Keys keep their places: the form does not jump.
  return isRecord(tree) && step in tree ? { ...tree, [step]: item } : { ...others, [step]: item };
}

const units: Readonly<Record<string, string>> = {
  ...{ Ms: 'ms', S: 's', PerS: '1/s', Bytes: 'bytes', Kilobytes: 'kB', Megabytes: 'MB', Days: 'days' },
};
const ABBREVIATIONS = /\b(url|tls|ca|id|qos|crl|http|json|csv)\b/gi;

/** `pollMs` reads "Poll (ms)", `caFile` "CA file". */
export function labelOf(key: string): string {
  const [, stem = key, unit = ''] = /^(.+?)(Ms|PerS|S|Bytes|Kilobytes|Megabytes|Days)$/.exec(key) ?? [];
  const words = stem
    .replace(/([a-z\d])([A-Z])/g, (_, low: string, high: string) => `${low} ${high.toLowerCase()}`)
    .replace(ABBREVIATIONS, (word) => word.toUpperCase());
  const label = words.charAt(0).toUpperCase() + words.slice(1);
  return unit === '' ? label : `${label} (${units[unit] ?? unit})`;
}

/** The schema of a part of a value. */
export function partOf(schema: Schema | undefined, value: unknown, key: string): Schema | undefined {
  if (schema === undefined) return undefined;
  const variant = variantsOf(schema)[variantIndex(schema, value)];
  if (variant !== undefined) return partOf(variant, value, key);
  const { properties = {}, additionalProperties, items } = schema;
  const others = typeof additionalProperties === 'object' ? additionalProperties : items;
  return properties[key] ?? others;
}

/** A reference to a kept secret. */
export const secretName = (value: unknown): string | undefined =>
  isRecord(value) && typeof value['secret'] === 'string' ? value['secret'] : undefined;
