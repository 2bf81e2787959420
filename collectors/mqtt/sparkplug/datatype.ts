/** The data types by their number (Sparkplug 3.0, 6.4.16). */
export const TYPE_NAMES = [
  'Unknown',
  'Int8',
  'Int16',
  'Int32',
  'Int64',
  'UInt8',
  'UInt16',
  'UInt32',
  'UInt64',
  'Float',
  'Double',
  'Boolean',
  'String',
  'DateTime',
  'Text',
  'UUID',
  'DataSet',
  'Bytes',
  'File',
  'Template',
  'PropertySet',
  'PropertySetList',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'Int64Array',
  'UInt8Array',
  'UInt16Array',
  'UInt32Array',
  'UInt64Array',
  'FloatArray',
  'DoubleArray',
  'BooleanArray',
  'StringArray',
  'DateTimeArray',
] as const;
export type TypeName = (typeof TYPE_NAMES)[number];

/** A number that is not known counts as Unknown. */
export const typeName = (datatype: number | undefined): TypeName => TYPE_NAMES[datatype ?? 0] ?? 'Unknown';

export const typeNumber = (name: TypeName): number => TYPE_NAMES.indexOf(name);

/** Width in bits of the integer types, and whether they have a sign. */
const INTEGERS: Partial<Record<TypeName, { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }>> = {
  Int8: { bits: 8, signed: true },
  Int16: { bits: 16, signed: true },
  Int32: { bits: 32, signed: true },
  Int64: { bits: 64, signed: true },
  UInt8: { bits: 8, signed: false },
  UInt16: { bits: 16, signed: false },
  UInt32: { bits: 32, signed: false },
  UInt64: { bits: 64, signed: false },
  DateTime: { bits: 64, signed: false },
};
export const integerOf = (type: TypeName) => INTEGERS[type];

export function integerRange(type: TypeName): readonly [bigint, bigint] | undefined {
  const integer = INTEGERS[type];
  if (integer === undefined) return undefined;
  const { bits, signed } = integer;
  return signed
    ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]
    : [0n, (1n << BigInt(bits)) - 1n];
}

const ARRAY = /^(\w+)Array$/;
/** What an array type holds; undefined for all others. */
export function elementOf(type: TypeName): TypeName | undefined {
  const [, element] = ARRAY.exec(type) ?? [];
  return TYPE_NAMES.find((name) => name === element);
}
