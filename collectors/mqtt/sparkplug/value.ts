import { packArray, unpackArray } from './arrays.ts';
import { TYPE_NAMES, elementOf, integerOf } from './datatype.ts';
import type { TypeName } from './datatype.ts';
import { readInteger, writeInteger } from './integer.ts';
import type { Long } from './reader.ts';
import type { WireValue } from './schema.ts';

/** One value. 64-bit integers are numbers as long as that is exact; DateTime is milliseconds since the epoch. */
export type Scalar = Long | string | boolean | Uint8Array;
export type Value = Scalar | readonly Scalar[];

interface Kind {
  /** Undefined: it is none of that type. */
  read(wire: WireValue): Value | undefined;
  /** Throws a RangeError that says why it is none of that type. */
  write(value: Value): WireValue;
}

/** What a value of the message means under its data type. DataSets, Templates and properties are no values here. */
export const readValue = (wire: WireValue, type: TypeName): Value | undefined => kinds[type]?.read(wire);

/** A value as the message must hold it. Throws a RangeError that says why it is none of that type. */
export function writeValue(value: Value, type: TypeName): WireValue {
  const kind = kinds[type];
  if (kind === undefined || type === 'Unknown') throw new RangeError(`a ${type} cannot be written`);
  return kind.write(value);
}

const floating = (field: 'float' | 'double'): Kind => ({
  read: (wire) => (wire.in === 'float' || wire.in === 'double' ? wire.value : undefined),
  write(value) {
    const near = field === 'float' ? Math.fround(Number(value)) : Number(value);
    if (typeof value !== 'number' || !Number.isFinite(near)) throw new RangeError(`it is no ${field}`);
    return { in: field, value };
  },
});

const boolean: Kind = {
  read(wire) {
    if (wire.in === 'boolean') return wire.value;
    if (wire.in !== 'int' && wire.in !== 'long') return undefined;
    return wire.value === 0 || wire.value === 1 ? wire.value === 1 : undefined;
  },
  write(value) {
    if (value === true || value === 1) return { in: 'boolean', value: true };
    if (value === false || value === 0) return { in: 'boolean', value: false };
    throw new RangeError('it is neither 0 nor 1');
  },
};

const text: Kind = {
  read: (wire) => (wire.in === 'string' ? wire.value : undefined),
  write(value) {
    if (typeof value === 'string') return { in: 'string', value };
    throw new RangeError('it is no text');
  },
};

const bytes: Kind = {
  read: (wire) => (wire.in === 'bytes' ? wire.value : undefined),
  write(value) {
    if (value instanceof Uint8Array) return { in: 'bytes', value };
    throw new RangeError('it is not bytes');
  },
};

/** Without a type a sign cannot be known: only what means the same under all types is taken. */
const unknown: Kind = {
  read(wire) {
    if (wire.in === 'int') return wire.value < 2 ** 31 ? wire.value : undefined;
    if (wire.in === 'long') return BigInt(wire.value) < 1n << 63n ? wire.value : undefined;
    const plain =
      wire.in === 'float' || wire.in === 'double' || wire.in === 'boolean' || wire.in === 'string';
    return plain ? wire.value : undefined;
  },
  write() {
    throw new RangeError('its type is not known');
  },
};

const integer = (type: TypeName): Kind => ({
  read: (wire) => readInteger(wire, type),
  write: (value) => writeInteger(value, type),
});

const array = (element: TypeName): Kind => ({
  read: (wire) => (wire.in === 'bytes' ? unpackArray(wire.value, element) : undefined),
  write(value) {
    if (!Array.isArray(value)) throw new RangeError('it is no list');
    return { in: 'bytes', value: packArray(value as readonly Scalar[], element) };
  },
});

const SIMPLE: Partial<Record<TypeName, Kind>> = {
  Unknown: unknown,
  Float: floating('float'),
  Double: floating('double'),
  Boolean: boolean,
  String: text,
  Text: text,
  UUID: text,
  Bytes: bytes,
  File: bytes,
};

function kindOf(type: TypeName): Kind | undefined {
  const element = elementOf(type);
  if (element !== undefined) return array(element);
  return integerOf(type) === undefined ? SIMPLE[type] : integer(type);
}

const kinds: Partial<Record<TypeName, Kind>> = Object.fromEntries(
  TYPE_NAMES.flatMap((type) => {
    const kind = kindOf(type);
    return kind === undefined ? [] : [[type, kind]];
  }),
);
